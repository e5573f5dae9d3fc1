import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { RunningSystem } from './stage.ts'
import { waitUntil } from './waitUntil.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const RUN_FILE = `${ROOT}.holdfast/run.json`
const START_WITHIN_MS = 180_000

export interface Found {
  system: RunningSystem
  /** Stops the system when the demo started it; leaves a running one alone. */
  leave(): Promise<void>
}

/** What `npm start` wrote about a system that answers now, or null. */
async function running(): Promise<RunningSystem | null> {
  if (!existsSync(RUN_FILE)) return null
  const system = JSON.parse(readFileSync(RUN_FILE, 'utf8')) as RunningSystem
  try {
    return (await fetch(`${system.http}/readyz`)).ok ? system : null
  } catch {
    // The file was left by a system that was killed.
    return null
  }
}

/** Finds the running system, or starts one of its own that ends with the demo. */
export async function findOrStart(): Promise<Found> {
  const found = await running()
  if (found) return { system: found, leave: async () => {} }
  process.stdout.write('No system is running: starting one for the demo.\n\n')
  const args = [`${ROOT}scripts/run.mjs`, `${ROOT}scripts/start.ts`, '--no-seed']
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', detached: true })
  const leave = () => end(child)
  try {
    return { system: await started(child), leave }
  } catch (error) {
    await leave()
    throw error
  }
}

async function started(child: ChildProcess): Promise<RunningSystem> {
  let system: RunningSystem | null = null
  const isUp = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error('the system could not be started')
    system = await running()
    return system !== null
  }
  await waitUntil(isUp, { withinMs: START_WITHIN_MS, what: 'a running system' })
  return system as unknown as RunningSystem
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}
