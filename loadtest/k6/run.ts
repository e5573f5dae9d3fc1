/** Runs a k6 script as a child process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TimeWindow } from '../systems/orderBooks.ts'
import { ROOT } from '../systems/stage.ts'

export interface K6Run {
  readonly pid: number
  /** When the script measures; told by the script itself once it has begun. */
  readonly window: Promise<TimeWindow>
  /** What the script wrote at its end. Rejects when k6 failed. */
  readonly summary: Promise<unknown>
}

export interface K6RunOptions {
  k6: string
  /** File name in loadtest/k6/. */
  script: string
  /** Handed to the script, with `summaryFile` added. */
  plan: object
  /** Where plan and summary are written. */
  dir: string
  environment: Readonly<Record<string, string>>
  signal: AbortSignal
}

const OUTPUT_TOLD_MAX = 4_000
const WINDOW = /^window (\d+) (\d+)$/m

/** Starts k6. Both promises of the answer must be awaited. */
export function startK6(options: K6RunOptions): K6Run {
  const { k6, script, dir, environment, signal } = options
  const name = script.replace(/\.ts$/, '')
  const planFile = join(dir, `k6-${name}-plan.json`)
  const summaryFile = join(dir, `k6-${name}-summary.json`)
  writeFileSync(planFile, JSON.stringify({ ...options.plan, summaryFile }))
  const child = spawn(
    k6,
    [
      ...[
        'run',
        '--quiet',
        '--no-usage-report',
        '--no-color',
        '--address',
        '',
        '--log-format',
        'raw',
      ],
      ...['-e', `PLAN=${planFile}`, join(ROOT, 'loadtest/k6', script)],
    ],
    { cwd: ROOT, env: { ...environment }, signal, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  const collect = (data: Buffer): void => {
    output += data
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  const ended = endOf(child)
  const window = new Promise<TimeWindow>((resolve, reject) => {
    child.stderr?.on('data', () => {
      const told = WINDOW.exec(output)
      if (told) resolve({ fromMs: Number(told[1]), untilMs: Number(told[2]) })
    })
    ended.then(() => reject(new Error(`k6 ended without a window:\n${output}`)), reject)
  })
  const summary = ended.then((status) => {
    if (status !== 0) {
      throw new Error(`k6 failed with status ${status}:\n${output.slice(-OUTPUT_TOLD_MAX)}`)
    }
    return JSON.parse(readFileSync(summaryFile, 'utf8')) as unknown
  })
  // Whoever waits for the window first is told there; this one must not end the process meanwhile.
  summary.catch(() => undefined)
  return { pid: child.pid ?? 0, window, summary }
}

const endOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
