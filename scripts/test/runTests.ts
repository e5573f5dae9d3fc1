import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { summarize, summaryLine, type VitestReport } from './summary.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EVIDENCE_DIR = join(ROOT, '.holdfast/test-evidence')
/** Failed runs whose evidence is kept. */
const KEPT_MAX = 5

function readReport(file: string): VitestReport | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport
  } catch {
    return null
  }
}

/** Runs vitest to its end; answers its status, or null when a signal ended it. */
function runVitest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | null> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, ...args], { cwd: ROOT, stdio: 'inherit', env })
  // Ctrl-C reaches the whole group of the terminal; what is sent to this process alone is passed on.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGINT', pass).on('SIGTERM', pass)
  return new Promise((resolve) => {
    child.once('error', () => resolve(1))
    child.once('close', (code) => resolve(code))
  })
}

function forgetOldEvidence(): void {
  const runs = readdirSync(EVIDENCE_DIR).sort()
  for (const run of runs.slice(0, -KEPT_MAX)) {
    rmSync(join(EVIDENCE_DIR, run), { recursive: true, force: true })
  }
}

/**
 * Runs the tests; `--full` adds the long suites, everything else goes to vitest. What helps to
 * understand a failure is kept under .holdfast/test-evidence/. Answers the exit status.
 */
export async function runTests(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const isFull = args.includes('--full')
  const stamp = new Date().toISOString().replace(/[:.]/g, '-')
  const evidence = join(EVIDENCE_DIR, `${stamp}-${process.pid}`)
  mkdirSync(evidence, { recursive: true })
  const reportFile = join(evidence, 'vitest.json')
  const status = await runVitest(
    [
      ...['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`],
      ...args.filter((arg) => arg !== '--full'),
    ],
    { ...env, HOLDFAST_TEST_EVIDENCE: evidence, ...(isFull && { HOLDFAST_TEST_FULL: '1' }) },
  )
  const summary = summarize(readReport(reportFile), status)
  if (summary.failed > 0) {
    console.log(`\nWhat the failed run left to look at: ${relative(process.cwd(), evidence)}`)
    forgetOldEvidence()
  } else {
    rmSync(evidence, { recursive: true, force: true })
  }
  console.log(summaryLine(summary))
  return summary.failed > 0 ? 1 : 0
}
