import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import type { RunningSystem } from './stage.ts'
import { waitUntil } from './waitUntil.ts'

const START_WITHIN_MS = 180_000

/** Where a system is, or would be started. */
export interface SystemPlace {
  /** The folder of package.json. */
  root: string
  /** What `npm start` writes. */
  runFile: string
  /** Arguments for Node that start a system, which then writes `runFile`. */
  start: readonly string[]
}

/** Finds the running system, or starts one of its own, which ends with the demo. */
export class SystemFinder {
  readonly #place: SystemPlace
  #child: ChildProcess | null = null

  constructor(place: SystemPlace) {
    this.#place = place
  }

  async findOrStart(): Promise<RunningSystem> {
    const found = await this.#running()
    if (found) return found
    process.stdout.write('No system is running: starting one for the demo.\n\n')
    const { root: cwd, start } = this.#place
    // A group of its own keeps the terminal's Ctrl-C away: leave() stops it in order.
    const child = spawn(process.execPath, start, { cwd, stdio: 'inherit', detached: true })
    this.#child = child
    let system: RunningSystem | null = null
    const isUp = async (): Promise<boolean> => {
      if (hasEnded(child)) throw new Error('the system could not be started')
      system = await this.#running()
      return system !== null
    }
    await waitUntil(isUp, { withinMs: START_WITHIN_MS, what: 'a running system' })
    return system as unknown as RunningSystem
  }

  /** Stops the system when the demo has started it; leaves another one alone. */
  async leave(): Promise<void> {
    const child = this.#child
    if (!child || hasEnded(child)) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await gone
  }

  /** What `npm start` wrote about a system that answers now, or null. */
  async #running(): Promise<RunningSystem | null> {
    const { runFile } = this.#place
    if (!existsSync(runFile)) return null
    const system = JSON.parse(readFileSync(runFile, 'utf8')) as RunningSystem
    try {
      return (await fetch(`${system.http}/readyz`)).ok ? system : null
    } catch {
      // The file was left by a system that was killed.
      return null
    }
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null
