/**
 * The payments and the ledger, in SQL. Every change of state is conditional on the state before,
 * and a capture or refund is booked together with it: by a second statement in the idiomatic
 * variant's transaction, by a trigger in the tuned one's single statement (tuned/).
 */
import type { Money } from '../../../contracts/payloads.ts'
import type { Database, Queryable } from '../../../platform/mysql/database.ts'
import { SQL_NOW_MS } from '../../../platform/mysql/database.ts'
import type { Variant } from '../api.ts'
import { isInserted, type Unit, unitOf } from '../unit.ts'

export type PaymentState = 'charging' | 'captured' | 'failed' | 'refunding' | 'refunded' | 'stopped'

export interface Payment {
  readonly paymentId: string
  readonly reservationId: string
  readonly state: PaymentState
  readonly amount: Money
  readonly token: string
  readonly providerRef: string | null
  readonly reason: string | null
}

/** What a payment begins with: `charging`, or `stopped` when it is never to happen. */
export interface NewPayment {
  readonly paymentId: string
  readonly reservationId: string
  readonly showId: string
  readonly state: 'charging' | 'stopped'
  readonly amount: Money
  readonly token: string
}

/** A change of state: from where, to where, and what is written down with it. */
export type Change =
  | { to: 'captured'; providerRef: string }
  | { to: 'failed'; reason: string }
  | { to: 'refunding' }
  | { to: 'refunded'; refundRef: string }

const FROM: Readonly<Record<Change['to'], PaymentState>> = {
  captured: 'charging',
  failed: 'charging',
  refunding: 'captured',
  refunded: 'refunding',
}

export class PaymentBook {
  readonly #db: Database
  readonly #unit: Unit
  readonly #hasTrigger: boolean

  constructor(variant: Variant, db: Database) {
    this.#db = db
    this.#unit = unitOf(variant, db)
    this.#hasTrigger = variant === 'tuned'
  }

  /** Writes a payment unless it is known; `isNew` tells which. */
  async open(payment: NewPayment): Promise<{ payment: Payment; isNew: boolean }> {
    const isNew = await isInserted(this.#unit((sql) => insertPayment(sql, payment)))
    if (isNew) return { payment: asNew(payment), isNew }
    return { payment: await needPayment(this.#db, payment.reservationId), isNew }
  }

  /** Makes a change where the payment is in the state before it; answers how it stands then. */
  async change(payment: Payment, change: Change): Promise<Payment> {
    const isDone = await this.#unit(async (sql) => {
      if (!(await updatePayment(sql, payment, change))) return false
      if (!this.#hasTrigger) await bookMoney(sql, payment, change)
      return true
    })
    return isDone ? changed(payment, change) : needPayment(this.#db, payment.reservationId)
  }
}

const asNew = ({ paymentId, reservationId, state, amount, token }: NewPayment): Payment => ({
  ...{ paymentId, reservationId, state, amount, token, providerRef: null, reason: null },
})

const changed = (payment: Payment, change: Change): Payment => ({
  ...payment,
  state: change.to,
  ...(change.to === 'captured' && { providerRef: change.providerRef }),
  ...(change.to === 'failed' && { reason: change.reason }),
})

interface PaymentRow {
  payment_id: string
  reservation_id: string
  state: PaymentState
  currency: string
  amount: number
  token: string | null
  provider_ref: string | null
  reason: string | null
}

/** @throws TypeError when there is none: rows are never deleted */
async function needPayment(db: Queryable, reservationId: string): Promise<Payment> {
  const [row] = await db.query<PaymentRow>(
    `SELECT payment_id, reservation_id, state, currency, amount, token, provider_ref, reason
     FROM payments WHERE reservation_id = ?`,
    [reservationId],
  )
  if (!row) throw new TypeError(`the payment of ${reservationId} is gone`)
  return {
    paymentId: row.payment_id,
    reservationId: row.reservation_id,
    state: row.state,
    amount: { currency: row.currency, value: row.amount },
    token: row.token ?? '',
    providerRef: row.provider_ref,
    reason: row.reason,
  }
}

async function insertPayment(db: Queryable, payment: NewPayment): Promise<void> {
  const { paymentId, reservationId, showId, state, amount, token } = payment
  await db.execute(
    `INSERT INTO payments (payment_id, reservation_id, show_id, state, currency, amount, token,
       created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ${SQL_NOW_MS}, ${SQL_NOW_MS})`,
    [paymentId, reservationId, showId, state, amount.currency, amount.value, token],
  )
}

async function updatePayment(db: Queryable, payment: Payment, change: Change): Promise<boolean> {
  const { affectedRows } = await db.execute(
    `UPDATE payments SET state = ?, provider_ref = COALESCE(?, provider_ref),
       refund_ref = COALESCE(?, refund_ref), reason = COALESCE(?, reason),
       updated_at = ${SQL_NOW_MS}
     WHERE reservation_id = ? AND state = ?`,
    [
      change.to,
      change.to === 'captured' ? change.providerRef : null,
      change.to === 'refunded' ? change.refundRef : null,
      change.to === 'failed' ? change.reason : null,
      payment.reservationId,
      FROM[change.to],
    ],
  )
  return affectedRows === 1
}

async function bookMoney(sql: Queryable, payment: Payment, change: Change): Promise<void> {
  if (change.to !== 'captured' && change.to !== 'refunded') return
  const { paymentId, amount } = payment
  const [kind, value, ref] =
    change.to === 'captured'
      ? (['capture', amount.value, change.providerRef] as const)
      : (['refund', -amount.value, change.refundRef] as const)
  await sql.execute(
    `INSERT INTO ledger (payment_id, kind, currency, amount, provider_ref, created_at)
     VALUES (?, ?, ?, ?, ?, ${SQL_NOW_MS})`,
    [paymentId, kind, amount.currency, value, ref],
  )
}
