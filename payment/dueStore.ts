/** Which payments are due, and who takes them up, in SQL: one statement per function. */
import { type Queryable, SQL_NOW_MS } from '../platform/mysql/database.ts'
import type { PaymentState } from './domain/paying.ts'
import { type OrderRow, orderOf, SELECT_ORDERS, type StoredOrder } from './store.ts'

/** Which statement makes a claim, and of which payments. */
export type ClaimKind = 'requested' | 'unanswered' | 'refund'

/** Those of the payments that the claim got. */
export async function readClaimed(
  db: Queryable,
  options: { reservationIds: readonly string[]; claim: string },
): Promise<StoredOrder[]> {
  const rows = await db.query<OrderRow>(
    `${SELECT_ORDERS}
      WHERE reservation_id IN (?) AND claim = ? ORDER BY reservation_id`,
    [options.reservationIds, options.claim],
  )
  return rows.map(orderOf)
}

/**
 * What each kind of claim does, as a conditional update that many processes may try at once:
 * decidePayment's `charge` for requested payments, its `no_answer` for charging ones whose caller
 * did not report in time, and a further attempt for refunds.
 */
const CLAIMS: Record<ClaimKind, { state: PaymentState; set: string; where: string }> = {
  requested: {
    state: 'requested',
    set: `state = 'charging', stop = 0, unanswered = 0,`,
    where: `pay_by > ${SQL_NOW_MS}`,
  },
  unanswered: { state: 'charging', set: 'unanswered = 1,', where: `due_at <= ${SQL_NOW_MS}` },
  refund: { state: 'refunding', set: '', where: `due_at <= ${SQL_NOW_MS}` },
}

/** Claims what it can for one call each; answers how many. */
export async function claimPayments(
  db: Queryable,
  options: {
    kind: ClaimKind
    reservationIds: readonly string[]
    claim: string
    leaseMs: number
  },
): Promise<number> {
  const { state, set, where } = CLAIMS[options.kind]
  const nowMs = await db.nowMs()
  // A date that is far enough already stays as it is: its index entry is the costly part.
  const { affectedRows } = await db.execute(
    `UPDATE payments SET ${set} claim = ?, attempts = attempts + 1,
            due_at = GREATEST(due_at, ?), updated_at = ?
      WHERE reservation_id IN (?) AND state = ? AND ${where}`,
    [options.claim, nowMs + options.leaseMs, nowMs, options.reservationIds, state],
  )
  return affectedRows
}

/** Whether any payment is due, of whatever kind: one look at the end of an index. */
export async function isAnythingDue(db: Queryable): Promise<boolean> {
  const rows = await db.query(`SELECT 1 FROM payments WHERE due_at <= ${SQL_NOW_MS} LIMIT 1`)
  return rows.length > 0
}

/** The payments of a kind that have been due the longest. */
export async function findDue(
  db: Queryable,
  options: { kind: ClaimKind; limit: number },
): Promise<string[]> {
  const isOpen = options.kind === 'requested' ? `AND pay_by > ${SQL_NOW_MS}` : ''
  const rows = await db.query<{ reservation_id: string }>(
    `SELECT reservation_id FROM payments
      WHERE due_at <= ${SQL_NOW_MS} AND state = ? ${isOpen} ORDER BY due_at LIMIT ?`,
    [CLAIMS[options.kind].state, options.limit],
  )
  return rows.map((row) => row.reservation_id)
}

/** Requested payments whose time to pay has passed. */
export async function findOverdue(db: Queryable, limit: number): Promise<string[]> {
  const rows = await db.query<{ reservation_id: string }>(
    `SELECT reservation_id FROM payments
      WHERE due_at <= ${SQL_NOW_MS} AND state = 'requested' AND pay_by <= ${SQL_NOW_MS}
      ORDER BY due_at LIMIT ?`,
    [limit],
  )
  return rows.map((row) => row.reservation_id)
}

export interface OpenPayments {
  state: PaymentState
  count: number
  /** How long the oldest one is due; negative when it is not due yet. */
  oldestDueMs: number
}

/** The payments that are not settled, by state. */
export async function countOpenPayments(db: Queryable): Promise<OpenPayments[]> {
  return db.query<OpenPayments>(
    `SELECT state, COUNT(*) AS count, ${SQL_NOW_MS} - MIN(due_at) AS oldestDueMs
       FROM payments WHERE due_at IS NOT NULL GROUP BY state`,
  )
}
