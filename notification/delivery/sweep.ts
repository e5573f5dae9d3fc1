/** Finds notifications that the queue lost, by their rows, and has them looked at again. */
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import type { Queryable } from '../../platform/mysql/database.ts'
import { takeOverdue } from '../store.ts'

export interface DeliverySweepOptions {
  db: Queryable
  queue: { wake(keys: readonly string[]): void; hasRoom(): Promise<boolean> }
  /** What is overdue by this much has been lost. */
  overdueMs: number
  intervalMs: number
  log: Log
}

/**
 * Notifications taken per look. A long backlog makes them overdue without being lost; the limit
 * keeps small what is then added twice, to no effect.
 */
const SWEEP_MAX = 500

export class DeliverySweep implements Component {
  readonly name = 'delivery sweep'
  readonly #options: DeliverySweepOptions
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> = Promise.resolve()
  #isStopped = true

  constructor(options: DeliverySweepOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#isStopped = false
    this.#schedule()
  }

  /** Waits for a look that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#running
  }

  /** One look; answers how many notifications were queued again. */
  async sweep(): Promise<number> {
    const { db, queue, overdueMs, log } = this.#options
    if (!(await queue.hasRoom())) return 0
    const keys = await takeOverdue(db, { overdueMs, limit: SWEEP_MAX })
    if (keys.length === 0) return 0
    log.info({ notifications: keys.length }, 'overdue notifications are queued again')
    queue.wake(keys)
    return keys.length
  }

  #schedule(): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#running = this.sweep().then(
        () => this.#schedule(),
        (error) => {
          // Nothing is lost: what is overdue now is overdue at the next look.
          this.#options.log.warn({ err: error }, 'the overdue notifications could not be looked at')
          this.#schedule()
        },
      )
    }, this.#options.intervalMs)
  }
}
