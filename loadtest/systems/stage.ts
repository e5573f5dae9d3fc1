/**
 * Where one system under test lives: servers of its own, fresh, in a folder that is removed when
 * it has stopped. Both architectures get the same servers with the same settings.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  endMarked,
  isRunning,
  markOf,
  openProcessRegistry,
  type ProcessMark,
  type ProcessRegistry,
  readProcessRegistry,
} from '../../platform/infra/processes.ts'
import type { RunningServer } from '../../platform/infra/server.ts'
import { type ServerName, startNamed } from '../../platform/infra/stack.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const STAGES_DIR = join(ROOT, '.holdfast/bench')
const EVIDENCE_DIR = join(ROOT, '.holdfast/bench-evidence')
const OWNER_FILE = 'owner.json'
const PROCESSES_FILE = 'processes.json'
const LEFTOVER_GRACE_MS = 3_000

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
  /** Copies the logs to where they outlive the stage, and answers the folder. */
  keepLogs(): string
  stop(): Promise<void>
}

let stages = 0

function ownerOf(stageDir: string): ProcessMark | null {
  try {
    return JSON.parse(readFileSync(join(stageDir, OWNER_FILE), 'utf8')) as ProcessMark
  } catch {
    return null
  }
}

/**
 * Removes the stages of processes that were killed and could not tidy up. The kernel has told their
 * servers to end already; this ends those that did not listen.
 */
export async function clearLeftStages(): Promise<void> {
  mkdirSync(STAGES_DIR, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(STAGES_DIR)) {
    const dir = join(STAGES_DIR, name)
    const owner = ownerOf(dir)
    if (owner && isRunning(owner)) continue
    const marks = readProcessRegistry(join(dir, PROCESSES_FILE))
    await endMarked(marks, { graceMs: LEFTOVER_GRACE_MS })
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

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
  writeFileSync(join(dir, OWNER_FILE), JSON.stringify(markOf('bench', process.pid)))
  const registry = openProcessRegistry(join(dir, PROCESSES_FILE))
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
  const keepLogs = (): string => {
    const kept = join(EVIDENCE_DIR, basename(dir))
    cpSync(logDir, kept, { recursive: true })
    return kept
  }
  return { dir, logDir, registry, servers, urlOf, keepLogs, stop }
}
