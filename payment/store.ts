/**
 * The payments and their ledger in SQL: one statement per function, named after what it does.
 * Lists of ids are sorted by the caller (byId), so that all transactions lock rows in one order.
 */
import type { CancelReason, Money, Snapshot } from '../contracts/payloads.ts'
import { OperationalError } from '../platform/errors.ts'
import type { Queryable, SqlValue, Transaction } from '../platform/mysql/database.ts'
import { insertAll } from '../platform/mysql/insertAll.ts'
import { isDuplicateKey } from '../platform/mysql/sqlErrors.ts'
import type { Payment, PaymentState } from './domain/paying.ts'
import { paymentIdOf } from './ids.ts'

/** What a call to the provider needs to know of a payment. */
export interface Order {
  reservationId: string
  paymentId: string
  amount: Money
  token: string
  /** Milliseconds since 1970; after it the payment is given up instead of charged. */
  payByMs: number
  snapshot: Snapshot
  traceparent?: string
}

/** The row of a payment while it is locked, as far as deciding needs it. */
export interface LockedPayment extends Payment {
  reservationId: string
  attempts: number
  /** Empty before the first call. */
  claim: string
  amount: Money
}

/** A payment to be stored; a tombstone has neither token nor payBy. */
export interface NewPayment {
  reservationId: string
  state: PaymentState
  order: Pick<Order, 'snapshot' | 'traceparent'> & Partial<Pick<Order, 'token' | 'payByMs'>>
  /** ms from now until the sweep takes it up; null: never. */
  dueInMs: number | null
}

/** One change for several payments that are all in the same state. */
export interface PaymentUpdate {
  reservationIds: readonly string[]
  from: PaymentState
  to: Payment
  /** 'keep' leaves the date alone; null: nothing is due any more. */
  dueInMs: number | 'keep' | null
  reason: CancelReason | null
  /** A new kind of call begins, so its attempts are counted from nought. */
  resetsAttempts: boolean
}

export interface LedgerEntry {
  paymentId: string
  kind: 'capture' | 'refund'
  /** Positive; the ledger stores refunds with a minus. */
  amount: Money
  providerRef: string
  atMs: number
}

export const byId = (ids: Iterable<string>): string[] => [...ids].sort()

interface PaymentRow {
  reservation_id: string
  state: PaymentState
  stop: number
  unanswered: number
  attempts: number
  claim: string
  currency: string
  amount: number
}

/** Locks the payments that exist, in the order of their ids. */
export async function lockPayments(
  tx: Transaction,
  reservationIds: readonly string[],
): Promise<Map<string, LockedPayment>> {
  const rows = await tx.query<PaymentRow>(
    `SELECT reservation_id, state, stop, unanswered, attempts, claim, currency, amount
       FROM payments WHERE reservation_id IN (?) ORDER BY reservation_id FOR UPDATE`,
    [reservationIds],
  )
  return new Map(
    rows.map(({ reservation_id, state, stop, unanswered, attempts, claim, currency, amount }) => [
      reservation_id,
      {
        reservationId: reservation_id,
        state,
        stop: stop === 1,
        unanswered: unanswered === 1,
        attempts,
        claim,
        amount: { currency, value: amount },
      },
    ]),
  )
}

/**
 * @throws OperationalError SQL_CONFLICT (retriable) when somebody stored one of them meanwhile
 */
export async function insertPayments(
  tx: Transaction,
  payments: readonly NewPayment[],
): Promise<void> {
  const nowMs = await tx.nowMs()
  try {
    await insertAll(tx, {
      into: `payments (reservation_id, payment_id, show_id, state, currency, amount, token, pay_by,
        due_at, snapshot, traceparent, created_at, updated_at)`,
      rows: payments.map((payment) => valuesOf(payment, nowMs)),
    })
  } catch (cause) {
    if (!isDuplicateKey(cause)) throw cause
    const detail = 'a payment was stored by two transactions at once'
    throw new OperationalError('SQL_CONFLICT', { retriable: true, detail, cause })
  }
}

function valuesOf({ reservationId, state, order, dueInMs }: NewPayment, nowMs: number): SqlValue[] {
  const { snapshot, token = null, payByMs = null, traceparent = null } = order
  const { showId, amount } = snapshot
  const dueAtMs = dueInMs === null ? null : Math.min(nowMs + dueInMs, payByMs ?? Infinity)
  return [
    reservationId,
    paymentIdOf(reservationId),
    showId,
    state,
    amount.currency,
    amount.value,
    token,
    payByMs,
    dueAtMs,
    JSON.stringify(snapshot),
    traceparent,
    nowMs,
    nowMs,
  ]
}

/** Answers how many were in the expected state and changed. */
export async function updatePayments(tx: Transaction, update: PaymentUpdate): Promise<number> {
  const { reservationIds, from, to, dueInMs, reason, resetsAttempts } = update
  const nowMs = await tx.nowMs()
  const params: unknown[] = [to.state, to.stop, to.unanswered]
  let assignments = 'state = ?, stop = ?, unanswered = ?'
  if (dueInMs !== 'keep') {
    assignments += `, due_at = ${to.state === 'requested' ? 'LEAST(pay_by, ?)' : '?'}`
    params.push(dueInMs === null ? null : nowMs + dueInMs)
  }
  if (reason) {
    assignments += ', reason = ?'
    params.push(reason)
  }
  if (resetsAttempts) assignments += ', attempts = 0'
  const { affectedRows } = await tx.execute(
    `UPDATE payments SET ${assignments}, updated_at = ?
      WHERE reservation_id IN (?) AND state = ?`,
    [...params, nowMs, reservationIds, from],
  )
  return affectedRows
}

export async function insertLedgerEntries(
  tx: Transaction,
  entries: readonly LedgerEntry[],
): Promise<void> {
  const nowMs = await tx.nowMs()
  await insertAll(tx, {
    into: 'ledger (payment_id, kind, currency, amount, provider_ref, moved_at, created_at)',
    rows: entries.map(({ paymentId, kind, amount, providerRef, atMs }) => [
      paymentId,
      kind,
      amount.currency,
      kind === 'refund' ? -amount.value : amount.value,
      providerRef,
      atMs,
      nowMs,
    ]),
  })
}

export interface OrderRow {
  reservation_id: string
  payment_id: string
  token: string | null
  pay_by: number | null
  provider_ref: string | null
  reason: CancelReason | null
  snapshot: string
  traceparent: string | null
}

/** The provider's reference of the charge is in the ledger, beside the money that it moved. */
export const SELECT_ORDERS = `SELECT reservation_id, payments.payment_id, token, pay_by,
    ledger.provider_ref, reason, snapshot, traceparent
  FROM payments LEFT JOIN ledger
    ON ledger.payment_id = payments.payment_id AND ledger.kind = 'capture'`

/** Everything that a message or a call needs; rows in the order of their ids. */
export type StoredOrder = Order & { providerRef: string | null; reason: CancelReason | null }

export function orderOf(row: OrderRow): StoredOrder {
  const snapshot = JSON.parse(row.snapshot) as Snapshot
  return {
    reservationId: row.reservation_id,
    paymentId: row.payment_id,
    amount: snapshot.amount,
    token: row.token ?? '',
    payByMs: row.pay_by ?? 0,
    snapshot,
    providerRef: row.provider_ref,
    reason: row.reason,
    ...(row.traceparent && { traceparent: row.traceparent }),
  }
}

export async function readOrders(
  db: Queryable,
  reservationIds: readonly string[],
): Promise<StoredOrder[]> {
  const rows = await db.query<OrderRow>(
    `${SELECT_ORDERS} WHERE reservation_id IN (?) ORDER BY reservation_id`,
    [reservationIds],
  )
  return rows.map(orderOf)
}
