/** Where k6 comes from: PATH, Go's folder for programs, or a build of the pinned version. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../platform/infra/child.ts'
import { ROOT } from '../systems/stage.ts'

const MODULE = 'go.k6.io/k6/v2'
/** Its go.mod and go.sum pin the version, and every byte of it. */
const TOOL_DIR = join(ROOT, 'loadtest/k6/tool')

function pinnedVersion(): string {
  const version = /go\.k6\.io\/k6\/v2 (v[0-9.]+)/.exec(
    readFileSync(join(TOOL_DIR, 'go.mod'), 'utf8'),
  )
  if (!version) throw new Error('loadtest/k6/tool/go.mod names no version of k6')
  return version[1] as string
}

export interface K6Options {
  environment: Readonly<Record<string, string>>
  say: (line: string) => void
  signal: AbortSignal
}

/**
 * The path of k6, which is built first where there is none.
 * @throws Error with what to type when it cannot be had
 */
export async function findK6(options: K6Options): Promise<string> {
  const version = pinnedVersion()
  const cached = join(ROOT, '.holdfast/cache', `k6-${version}`)
  const found = findProgram('k6') ?? executableIn(cached)
  if (found) return found
  const inGoPath = await goPathBin(options)
  const installed = inGoPath && executableIn(inGoPath)
  if (installed) return installed
  const how =
    `install k6 (https://grafana.com/docs/k6/latest/set-up/install-k6/) so that PATH has it, or ` +
    `Go 1.26 or newer, and type: (cd ${TOOL_DIR} && GOBIN=${cached} go install ${MODULE})`
  if (!findProgram('go')) throw new Error(`there is neither k6 nor Go here; ${how}`)
  options.say(`building k6 ${version} with go install (once; one to five minutes)`)
  mkdirSync(cached, { recursive: true })
  const env = { ...options.environment, GOBIN: cached, GOFLAGS: '-buildvcs=false' }
  const { status, output } = await run('go', ['install', MODULE], {
    ...options,
    env,
    cwd: TOOL_DIR,
  })
  const built = executableIn(cached)
  if (status !== 0 || !built) throw new Error(`k6 could not be built:\n${output}\n${how}`)
  options.say(`k6 ${version} is built`)
  return built
}

function executableIn(folder: string): string | null {
  const file = join(folder, 'k6')
  return existsSync(file) ? file : null
}

async function goPathBin(options: K6Options): Promise<string | null> {
  if (!findProgram('go')) return null
  const { status, output } = await run('go', ['env', 'GOPATH'], {
    ...options,
    env: options.environment,
    cwd: ROOT,
  })
  return status === 0 && output.trim() !== '' ? join(output.trim(), 'bin') : null
}

const PROGRESS_EVERY_MS = 15_000

async function run(
  command: string,
  args: readonly string[],
  options: {
    env: Readonly<Record<string, string>>
    cwd: string
    say: (line: string) => void
    signal: AbortSignal
  },
): Promise<{ status: number | null; output: string }> {
  const { env, cwd, say, signal } = options
  const child = spawn(command, args, {
    cwd,
    env: { ...env },
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (data: Buffer): void => {
    output += data
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const watch = setInterval(
    () => say(`still at it: ${command} ${args.join(' ')}`),
    PROGRESS_EVERY_MS,
  )
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { status, output }
  } finally {
    clearInterval(watch)
  }
}

/** What `k6 version` says: `k6 v2.2.0 (go1.26.8, linux/amd64)`. */
export async function versionOfK6(k6: string, options: K6Options): Promise<string> {
  const { output } = await run(k6, ['version'], { ...options, env: options.environment, cwd: ROOT })
  return output.trim().split('\n')[0] ?? ''
}
