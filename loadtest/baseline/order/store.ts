/** The orders, in SQL: what is begun, which way it goes, and how it ended. */
import type { CancelReason, Contact, Money } from '../../../contracts/payloads.ts'
import type { ReservationRecord, ReservationStatus } from '../../../lua/record.ts'
import type { Database } from '../../../platform/mysql/database.ts'
import { SQL_NOW_MS } from '../../../platform/mysql/database.ts'
import { isInserted, type Unit } from '../unit.ts'

export type OrderState = 'reversing' | ReservationStatus

export interface Order {
  readonly reservationId: string
  readonly showId: string
  readonly customerId: string
  readonly state: OrderState
  readonly reason: CancelReason | null
  /** Indexes in layout order, as the buyer named them. */
  readonly seats: readonly number[]
  readonly amount: Money
  /** Null once the order is over: it is of no more use. */
  readonly paymentToken: string | null
  readonly contact: Contact | null
  readonly payByMs: number
  /** Of the reservation's last change. */
  readonly version: string
  /** Whether there is nothing more to do. */
  readonly isOver: boolean
}

/** How an order ended. */
export interface End {
  readonly status: ReservationStatus
  readonly reason?: CancelReason
  readonly version: string
}

/** An order as it begins: the reservation is fenced for payment. */
export const orderOf = (record: ReservationRecord, paymentToken: string): Order => ({
  reservationId: record.reservationId,
  showId: record.showId,
  customerId: record.customerId,
  state: 'paying',
  reason: null,
  seats: record.seats,
  amount: record.amount,
  paymentToken,
  contact: record.contact ?? null,
  payByMs: record.deadlineMs,
  version: record.version,
  isOver: false,
})

export class OrderStore {
  readonly #db: Database
  readonly #unit: Unit

  constructor({ db, unit }: { db: Database; unit: Unit }) {
    this.#db = db
    this.#unit = unit
  }

  /** Writes an order that is in hand for `leaseMs`; false when it is there already. */
  begin(order: Order, leaseMs: number): Promise<boolean> {
    return isInserted(
      this.#unit((sql) =>
        sql.execute(
          `INSERT INTO orders (reservation_id, show_id, customer_id, state, seats, currency,
             amount, payment_token, contact, pay_by, version, due_at, created_at, updated_at)
           VALUES (?, ?, ?, 'paying', ?, ?, ?, ?, ?, ?, ?, ${SQL_NOW_MS} + ?, ${SQL_NOW_MS},
             ${SQL_NOW_MS})`,
          [
            ...[order.reservationId, order.showId, order.customerId, order.seats.join(',')],
            ...[order.amount.currency, order.amount.value, order.paymentToken],
            ...[order.contact ? JSON.stringify(order.contact) : null, order.payByMs],
            ...[order.version, leaseMs],
          ],
        ),
      ),
    )
  }

  /** From here on the order is undone, whoever has it in hand. */
  async reverse({ reservationId }: Order, reason: CancelReason): Promise<void> {
    await this.#unit((sql) =>
      sql.execute(
        `UPDATE orders SET state = 'reversing', reason = ?, updated_at = ${SQL_NOW_MS}
         WHERE reservation_id = ? AND state = 'paying'`,
        [reason, reservationId],
      ),
    )
  }

  /** Writes how an order ended. `retryMs` null: it is over; else something is left to be told. */
  async finish({ reservationId }: Order, end: End, retryMs: number | null): Promise<void> {
    await this.#unit((sql) =>
      sql.execute(
        `UPDATE orders SET state = ?, reason = ?, version = ?, payment_token = NULL,
           due_at = ${SQL_NOW_MS} + ?, updated_at = ${SQL_NOW_MS}
         WHERE reservation_id = ? AND state IN ('paying', 'reversing', ?)`,
        [end.status, end.reason ?? null, end.version, retryMs, reservationId, end.status],
      ),
    )
  }

  /** Lets the sweep have an order that could not be finished, in `retryMs`. */
  async postpone({ reservationId }: Order, retryMs: number): Promise<void> {
    await this.#db.execute(
      `UPDATE orders SET due_at = ${SQL_NOW_MS} + ?
       WHERE reservation_id = ? AND due_at IS NOT NULL`,
      [retryMs, reservationId],
    )
  }

  /** Takes an order in hand for `leaseMs`, if nobody has it. */
  async claim(reservationId: string, leaseMs: number): Promise<boolean> {
    const { affectedRows } = await this.#db.execute(
      `UPDATE orders SET due_at = ${SQL_NOW_MS} + ?
       WHERE reservation_id = ? AND due_at <= ${SQL_NOW_MS}`,
      [leaseMs, reservationId],
    )
    return affectedRows === 1
  }

  async find(reservationId: string): Promise<Order | null> {
    const [row] = await this.#db.query<OrderRow>(`${SELECT_ORDERS} WHERE reservation_id = ?`, [
      reservationId,
    ])
    return row ? fromRow(row) : null
  }

  /** Orders that nobody has in hand, those that wait longest first. */
  async findDue(limit: number): Promise<Order[]> {
    const rows = await this.#db.query<OrderRow>(
      `${SELECT_ORDERS} WHERE due_at <= ${SQL_NOW_MS} ORDER BY due_at LIMIT ?`,
      [limit],
    )
    return rows.map(fromRow)
  }
}

const SELECT_ORDERS = `SELECT reservation_id, show_id, customer_id, state, reason, seats, currency,
  amount, payment_token, contact, pay_by, version, due_at FROM orders`

interface OrderRow {
  reservation_id: string
  show_id: string
  customer_id: string
  state: OrderState
  reason: CancelReason | null
  seats: string
  currency: string
  amount: number
  payment_token: string | null
  contact: string | null
  pay_by: number
  version: string
  due_at: number | null
}

const fromRow = (row: OrderRow): Order => ({
  reservationId: row.reservation_id,
  showId: row.show_id,
  customerId: row.customer_id,
  state: row.state,
  reason: row.reason,
  seats: row.seats.split(',').map(Number),
  amount: { currency: row.currency, value: row.amount },
  paymentToken: row.payment_token,
  contact: row.contact === null ? null : (JSON.parse(row.contact) as Contact),
  payByMs: row.pay_by,
  version: row.version,
  isOver: row.due_at === null,
})
