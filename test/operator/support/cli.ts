/** The operator at a terminal that nobody sits at: the command line as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { System } from '../../support/system.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export interface Ended {
  status: number | null
  stdout: string
  stderr: string
  /** Milliseconds from the start of the process to its end. */
  tookMs: number
}

export interface Typed {
  child: ChildProcess
  /** What it has printed so far. */
  stdout(): string
  stderr(): string
  ended: Promise<Ended>
}

/** Where the system is, as the environment of the command. */
export const environmentOf = (system: System): Record<string, string> => ({
  KAFKA_BROKERS: system.infra.kafkaBrokers,
  MYSQL_URL: system.infra.mysqlUrl,
  MYSQL_DATABASE_PREFIX: system.databasePrefix,
  REDIS_URL: system.infra.redisUrl,
  PAYMENT_PROVIDER_URL: system.sandboxUrl,
  HOLDFAST_OPERATOR: 'night shift',
})

/** Types a command; `nodeArgs` go to Node itself. */
export function type(
  environment: Record<string, string>,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): Typed {
  const startedAt = performance.now()
  const child = spawn(
    process.execPath,
    [...nodeArgs, 'scripts/run.mjs', 'operator/main.ts', ...args],
    {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) =>
      resolve({ status, stdout, stderr, tookMs: performance.now() - startedAt }),
    )
  })
  return { child, stdout: () => stdout, stderr: () => stderr, ended }
}

/** Types a command and waits for its end. */
export const command = (
  environment: Record<string, string>,
  ...args: readonly string[]
): Promise<Ended> => type(environment, args).ended

/** The same with --json; fails when the status is another than 0. */
export async function jsonOf<T>(
  environment: Record<string, string>,
  ...args: readonly string[]
): Promise<T> {
  const { status, stdout, stderr } = await command(environment, ...args, '--json')
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout) as T
}
