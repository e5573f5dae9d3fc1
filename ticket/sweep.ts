/** Looks again at tickets that wait, in case the word that should have woken them was missed. */
import type { UnitOfWork } from '../platform/inbox/unitOfWork.ts'
import type { Log } from '../platform/log.ts'
import type { Queryable } from '../platform/mysql/database.ts'
import { Repeated } from '../platform/repeated.ts'
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

/** Looks every `intervalMs` at what is due. */
export const waitingSweep = (options: WaitingSweepOptions): Repeated =>
  new Repeated({
    name: 'waiting sweep',
    intervalMs: options.intervalMs,
    work: () => sweepWaiting(options),
    // Nothing is lost: the same rows are due at the next look.
    onFault: (error) =>
      options.log.warn({ err: error }, 'the waiting tickets could not be looked at'),
  })

/** One look; answers how many waiting reservations were due. */
export async function sweepWaiting(
  options: Omit<WaitingSweepOptions, 'intervalMs' | 'log'>,
): Promise<number> {
  const { db, inTransaction } = options
  const due = await findDue(db, SWEEP_BATCH_MAX)
  if (due.length > 0) await inTransaction((unit) => reconsider(due, unit, options))
  return due.length
}
