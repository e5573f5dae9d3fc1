/**
 * A limit to how long the positions stay locked by a process that is frozen, or cut off, in the
 * middle of a transaction. The server would keep its locks for as long as the connection lasts,
 * which is hours, and whoever took over its leases would wait on the rows all that time.
 */
import type { Transaction } from '../../platform/mysql/database.ts'

/** Shorter than a lease lasts, so that a successor finds the rows free, or nearly so. */
const SILENCE_S_MAX = 5
const LIMIT = `SET SESSION /*M!100300 idle_transaction_timeout = ${SILENCE_S_MAX} */
  /*!80000 wait_timeout = ${SILENCE_S_MAX} */`

/**
 * Has the server end the connection, and with it the transaction, when no statement comes for
 * SILENCE_S_MAX. Call it before the first lock. The setting stays with the connection: MariaDB
 * then limits silence inside transactions only; MySQL, which cannot tell them apart, also closes
 * a connection that idles in the pool, which makes a new one. Each runs its own comment alone.
 */
export async function limitSilence(tx: Transaction): Promise<void> {
  await tx.execute(LIMIT)
}
