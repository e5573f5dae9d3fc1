import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Stores } from '../../operator/checker/gather.ts'
import type { BaselineStores } from '../baseline/launch.ts'
import { ROOT } from '../systems/stage.ts'
import type { Audit } from './audit.ts'

export type AuditTask =
  | { architecture: 'asynchronous'; stores: Omit<Stores, 'log'> }
  | { architecture: 'synchronous'; stores: BaselineStores }

/** Facts of half a million orders fit. */
const HEAP_MIB = 12_288

/**
 * Audits a system at rest, in a process of its own.
 * @throws Error with what the process had to say when a store did not answer
 */
export async function auditApart(
  task: AuditTask,
  options: { environment: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<Audit> {
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${HEAP_MIB}`,
      join(ROOT, 'scripts/run.mjs'),
      join(ROOT, 'loadtest/audit/main.ts'),
    ],
    { cwd: ROOT, env: { ...options.environment }, signal: options.signal },
  )
  child.stdin.end(JSON.stringify(task))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [output, errors, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ])
  if (status !== 0)
    throw new Error(`the audit failed with status ${status}: ${errors.slice(-2_000)}`)
  return JSON.parse(output) as Audit
}
