/**
 * Where one system under test lives: servers of its own, fresh, in a folder that is removed when
 * it has stopped. Both architectures get the same servers with the same settings.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openProcessRegistry, type ProcessRegistry } from '../../platform/infra/processes.ts'
import type { RunningServer } from '../../platform/infra/server.ts'
import { type ServerName, startNamed } from '../../platform/infra/stack.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const STAGES_DIR = join(ROOT, '.holdfast/bench')

/** Room for the rows of a run, as a server of its own would have; the same for every system. */
export const BUFFER_POOL_MIB = 512
export const KAFKA_HEAP_MIB = 512

export interface Stage {
  readonly dir: string
  readonly logDir: string
  readonly registry: ProcessRegistry
  readonly servers: Readonly<Partial<Record<ServerName, RunningServer>>>
  /** URL of a server that the stage was asked for. Throws for another one. */
  urlOf(name: ServerName): string
  stop(): Promise<void>
}

let stages = 0

/**
 * Starts the named servers on a new stage.
 * @throws Error when one does not get ready; the others have been stopped then
 */
export async function openStage(
  names: readonly ServerName[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<Stage> {
  stages += 1
  const dir = join(STAGES_DIR, `${process.pid}-${stages}`)
  const logDir = join(dir, 'logs')
  mkdirSync(logDir, { recursive: true, mode: 0o700 })
  const registry = openProcessRegistry(join(dir, 'processes.json'))
  const options = {
    dataDir: join(dir, 'data'),
    logDir,
    registry,
    bufferPoolMib: BUFFER_POOL_MIB,
    kafkaHeapMib: KAFKA_HEAP_MIB,
    ...(signal && { signal }),
  }
  const results = await Promise.allSettled(names.map((name) => startNamed(name, options)))
  const servers: Partial<Record<ServerName, RunningServer>> = {}
  for (const [at, result] of results.entries()) {
    if (result.status === 'fulfilled') servers[names[at] as ServerName] = result.value
  }
  const stop = async (): Promise<void> => {
    await Promise.all(Object.values(servers).map((server) => server.stop()))
    registry.clear()
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) {
    await stop()
    throw failure.reason
  }
  const urlOf = (name: ServerName): string => {
    const server = servers[name]
    if (!server) throw new Error(`the stage has no ${name}`)
    return server.url
  }
  return { dir, logDir, registry, servers, urlOf, stop }
}
