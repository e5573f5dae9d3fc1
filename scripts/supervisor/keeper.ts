import { setTimeout as pause } from 'node:timers/promises'
import type { Exit } from '../../platform/infra/child.ts'
import type { RunningServer } from '../../platform/infra/server.ts'
import { secondsSince } from './progress.ts'

export const BACKOFF_MS_MIN = 250
export const BACKOFF_MS_MAX = 10_000
/** Who has run this long is healthy: its next end begins with the shortest pause again. */
const HEALTHY_AFTER_MS = 30_000

export interface KeeperOptions {
  say(line: string): void
  /** Aborted when the whole system stops; nothing is started any more then. */
  signal: AbortSignal
}

const tellExit = ({ code, signal }: Exit): string => signal ?? `status ${code}`

/** Starts the server again whenever it ends unasked, with growing pauses, until `signal` aborts. */
export function keepRunning(server: RunningServer, options: KeeperOptions): void {
  let backoffMs = BACKOFF_MS_MIN
  let runningSince = performance.now()

  const revive = async (exit: Exit): Promise<void> => {
    const { signal, say } = options
    const endedAt = performance.now()
    if (endedAt - runningSince > HEALTHY_AFTER_MS) backoffMs = BACKOFF_MS_MIN
    let reason = `ended (${tellExit(exit)})`
    while (!signal.aborted) {
      say(`${server.name} ${reason}; starting it again in ${backoffMs / 1_000} s`)
      await pause(backoffMs, undefined, { signal })
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX)
      try {
        await server.restart()
        runningSince = performance.now()
        say(`${server.name} is back after ${secondsSince(endedAt)} s`)
        return
      } catch (error) {
        reason = `did not come back: ${(error as Error).message.split('\n')[0]}`
      }
    }
  }

  server.onUnexpectedExit((exit) => {
    revive(exit).catch((error) => {
      // Only the pause rejects, when the system stops.
      if (!options.signal.aborted) throw error
    })
  })
}
