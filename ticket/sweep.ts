/** Looks again at tickets that wait, in case the word that should have woken them was missed. */
import type { UnitOfWork } from '../platform/inbox/unitOfWork.ts'
import type { Component } from '../platform/lifecycle.ts'
import type { Log } from '../platform/log.ts'
import type { Queryable } from '../platform/mysql/database.ts'
import { type HandlerOptions, reconsider } from './handlers.ts'
import { findDue } from './store.ts'

/** Reservations decided in one transaction. */
const SWEEP_BATCH_MAX = 100

export interface WaitingSweepOptions extends HandlerOptions {
  db: Queryable
  /** Runs work in a transaction with an outbox. */
  inTransaction: (work: (unit: UnitOfWork) => Promise<void>) => Promise<void>
  intervalMs: number
  log: Log
}

export class WaitingSweep implements Component {
  readonly name = 'waiting sweep'
  readonly #options: WaitingSweepOptions
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> = Promise.resolve()
  #isStopped = true

  constructor(options: WaitingSweepOptions) {
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

  /** One look; answers how many waiting reservations were due. */
  async sweep(): Promise<number> {
    const { db, inTransaction } = this.#options
    const due = await findDue(db, SWEEP_BATCH_MAX)
    if (due.length > 0) await inTransaction((unit) => reconsider(due, unit, this.#options))
    return due.length
  }

  #schedule(): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#running = this.sweep().then(
        () => this.#schedule(),
        (error) => {
          // Nothing is lost: the same rows are due at the next look.
          this.#options.log.warn({ err: error }, 'the waiting tickets could not be looked at')
          this.#schedule()
        },
      )
    }, this.#options.intervalMs)
  }
}
