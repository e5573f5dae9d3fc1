/** Finds notifications that the queue lost, by their rows, and has them looked at again. */
import type { Log } from '../../platform/log.ts'
import type { Queryable } from '../../platform/mysql/database.ts'
import { Repeated } from '../../platform/repeated.ts'
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

/** Looks every `intervalMs` at what is overdue. */
export const deliverySweep = (options: DeliverySweepOptions): Repeated =>
  new Repeated({
    name: 'delivery sweep',
    intervalMs: options.intervalMs,
    work: () => sweepDeliveries(options),
    // Nothing is lost: what is overdue now is overdue at the next look.
    onFault: (error) =>
      options.log.warn({ err: error }, 'the overdue notifications could not be looked at'),
  })

/** One look; answers how many notifications were queued again. */
async function sweepDeliveries(options: DeliverySweepOptions): Promise<number> {
  const { db, queue, overdueMs, log } = options
  if (!(await queue.hasRoom())) return 0
  const keys = await takeOverdue(db, { overdueMs, limit: SWEEP_MAX })
  if (keys.length === 0) return 0
  log.info({ notifications: keys.length }, 'overdue notifications are queued again')
  queue.wake(keys)
  return keys.length
}
