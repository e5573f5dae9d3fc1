/**
 * `npm run check`: types, lint and format, import rules, tidiness and the lock file, side by side.
 * Prints each step's result and time, and what a failed one has to say; exits with 1 when any
 * fails.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingOptional } from './complete-lock.mjs'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const ROOMS = [
  ...['contracts', 'platform', 'lua', 'reservation', 'payment', 'ticket', 'notification'],
  ...['client', 'web', 'operator', 'loadtest', 'examples', 'scripts', 'test'],
]

const bin = (file) => join(ROOT, 'node_modules', file)

/** Runs a Node program; answers whether it ended well, and everything it printed. */
function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (data) => {
      output += data
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', (error) => resolve({ ok: false, output: String(error) }))
    child.once('close', (code) => resolve({ ok: code === 0, output }))
  })
}

/** `npm ci` refuses a lock file that leaves out the optional packages of other platforms. */
async function checkLock() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const missing = missingOptional(packages).map(({ name }) => `package-lock.json lacks ${name}\n`)
  const advice = 'node scripts/complete-lock.mjs puts them back\n'
  return { ok: missing.length === 0, output: missing.length > 0 ? missing.join('') + advice : '' }
}

const checkTypes = (project, name) => {
  const buildInfo = `.holdfast/cache/${name}.tsbuildinfo`
  const args = ['-p', project, '--incremental', '--tsBuildInfoFile', buildInfo]
  return run([bin('typescript/bin/tsc'), ...args])
}
const STEPS = {
  types: () => checkTypes('.', 'tsc'),
  'types of the page': () => checkTypes('web', 'tsc-web'),
  'lint and format': () =>
    run([bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '--max-diagnostics=50']),
  imports: () =>
    run([
      ...[
        bin('dependency-cruiser/bin/dependency-cruise.mjs'),
        '--config',
        '.dependency-cruiser.cjs',
      ],
      ...ROOMS.filter((room) => existsSync(join(ROOT, room))),
    ]),
  tidiness: () => run(['scripts/run.mjs', 'scripts/tidy.ts']),
  'lock file': checkLock,
}

async function report(name, step) {
  const startedAt = performance.now()
  const { ok, output } = await step()
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  console.log(`${ok ? '  ok ' : ' FAIL'} ${name.padEnd(17)} ${seconds} s`)
  if (!ok) console.log(`\n${output.trimEnd()}\n`)
  return ok
}

const results = await Promise.all(Object.entries(STEPS).map(([name, step]) => report(name, step)))
const failed = results.filter((ok) => !ok).length
console.log(failed === 0 ? 'check: all good' : `check: ${failed} of ${results.length} steps failed`)
process.exitCode = failed === 0 ? 0 : 1
