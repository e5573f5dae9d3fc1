/**
 * Each test run keeps its servers' data in a folder of its own, named after the runner's process.
 * A runner that was killed cannot tidy up, so the next one does it: it ends what the dead run's
 * registries still name and removes the folder. Runs that are alive are left alone.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  endMarked,
  isRunning,
  markOf,
  type ProcessMark,
  readProcessRegistry,
} from '../infra/processes.ts'

const RUNS_DIR = fileURLToPath(new URL('../../.holdfast/test-runs', import.meta.url))
const NEW_RUNS_DIR = `${RUNS_DIR}-new`
const OWNER_FILE = 'owner.json'
const LEFTOVER_GRACE_MS = 3_000

function readOwner(runDir: string): ProcessMark | null {
  try {
    return JSON.parse(readFileSync(join(runDir, OWNER_FILE), 'utf8')) as ProcessMark
  } catch {
    return null
  }
}

/** Where a run keeps the registry files of everything it starts. */
export const registriesOf = (runDir: string): string => join(runDir, 'processes')

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    return []
  }
}

async function removeDeadRun(runDir: string): Promise<void> {
  const leftovers = listFiles(registriesOf(runDir)).flatMap(readProcessRegistry)
  await endMarked(leftovers, { graceMs: LEFTOVER_GRACE_MS })
  try {
    rmSync(runDir, { recursive: true, force: true, maxRetries: 3 })
  } catch {
    // Another run that begins at the same moment is removing it too; the next one sees to the rest.
  }
}

/** Removes what killed runs left behind, then makes the folder of this run and answers its path. */
export async function openRun(): Promise<string> {
  for (const runDir of listFiles(RUNS_DIR)) {
    const owner = readOwner(runDir)
    if (!owner || !isRunning(owner)) await removeDeadRun(runDir)
  }
  const owner = markOf('test run', process.pid)
  if (!owner) throw new Error('/proc does not know this process')
  const runDir = join(RUNS_DIR, `${owner.pid}-${owner.startTime}`)
  // Renamed into place with its owner inside, so that no other run ever takes it for a dead one.
  const fresh = join(NEW_RUNS_DIR, String(owner.pid))
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(registriesOf(fresh), { recursive: true, mode: 0o700 })
  writeFileSync(join(fresh, OWNER_FILE), JSON.stringify(owner))
  mkdirSync(RUNS_DIR, { recursive: true })
  renameSync(fresh, runDir)
  return runDir
}
