/** What the databases of a system say about the orders of a run. */
import { setTimeout as pause } from 'node:timers/promises'
import { createLog } from '../../platform/log.ts'
import { Database } from '../../platform/mysql/database.ts'

/** An order that is paid for, ticketed, and whose notice is written. */
export interface Completion {
  reservationId: string
  showId: string
  seats: number
  /** Milliseconds since 1970. */
  completedAtMs: number
}

/** Half-open, in milliseconds since 1970. */
export interface TimeWindow {
  fromMs: number
  untilMs: number
}

/** The questions of one architecture; `prefix` begins the names of its databases. */
export interface BookQueries {
  /**
   * reservation_id, show_id, seats (comma-separated indexes) and completed_at of every order that
   * is paid for, ticketed and whose notice is written, with the time of whatever came last.
   */
  completed(prefix: string): string
  /** Names and numbers of rows that wait for something; all 0 when everything has ended. */
  underWay(prefix: string): string
}

const POOL_SIZE = 2
const REST_POLL_MS = 250

export class OrderBooks {
  readonly #database: Database
  readonly #prefix: string
  readonly #queries: BookQueries

  constructor(options: { mysqlUrl: string; prefix: string; home: string; queries: BookQueries }) {
    this.#prefix = options.prefix
    this.#queries = options.queries
    this.#database = new Database({
      url: options.mysqlUrl,
      database: `${options.prefix}_${options.home}`,
      poolSize: POOL_SIZE,
      log: createLog('bench', 'silent'),
    })
  }

  /** @throws OperationalError SQL_UNAVAILABLE when the server does not answer */
  open(): Promise<void> {
    return this.#database.start()
  }

  close(): Promise<void> {
    return this.#database.stop()
  }

  /** The orders completed in a window, in the order of completion; by this machine's clock. */
  async completions({ fromMs, untilMs }: TimeWindow): Promise<Completion[]> {
    const rows = await this.#database.query<{
      reservation_id: string
      show_id: string
      seats: string
      completed_at: number
    }>(
      `SELECT * FROM (${this.#queries.completed(this.#prefix)}) AS completed
       WHERE completed_at >= ? AND completed_at < ? ORDER BY completed_at`,
      [fromMs, untilMs],
    )
    return rows.map((row) => ({
      reservationId: row.reservation_id,
      showId: row.show_id,
      seats: row.seats.split(',').length,
      completedAtMs: row.completed_at,
    }))
  }

  async underWay(): Promise<Record<string, number>> {
    const sql = this.#queries.underWay(this.#prefix)
    const [row] = await this.#database.query<Record<string, number>>(sql)
    return row as Record<string, number>
  }

  /**
   * Resolves when nothing is under way any more.
   * @throws Error naming what is left after `withinMs`
   */
  async rest({ withinMs, signal }: { withinMs: number; signal: AbortSignal }): Promise<void> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const open = await this.underWay()
      if (Object.values(open).every((rows) => rows === 0)) return
      if (performance.now() > deadline) {
        throw new Error(`after ${withinMs} ms there is still ${JSON.stringify(open)} under way`)
      }
      await pause(REST_POLL_MS, undefined, { signal })
    }
  }

  /** What the server says of itself, by name: `SHOW VARIABLES` of the names given. */
  async variables(names: readonly string[]): Promise<Record<string, string>> {
    const rows = await this.#database.query<{ Variable_name: string; Value: string }>(
      'SHOW VARIABLES WHERE Variable_name IN (?)',
      [names],
    )
    return Object.fromEntries(rows.map((row) => [row.Variable_name, row.Value]))
  }

  /** Runs one statement; for faults that are planted on purpose. */
  async execute(sql: string, params: readonly unknown[] = []): Promise<void> {
    await this.#database.execute(sql, params)
  }
}

/** Databases `<prefix>_reservation`, `_payment`, `_ticket` and `_notification`. */
export const HOLDFAST_QUERIES: BookQueries = {
  completed: (prefix) => `
    SELECT n.reservation_id, r.show_id, r.seats,
      GREATEST(n.created_at, t.updated_at) AS completed_at
    FROM ${prefix}_notification.notifications n
    JOIN ${prefix}_ticket.ticketings t ON t.reservation_id = n.reservation_id
    JOIN ${prefix}_reservation.reservations r ON r.reservation_id = n.reservation_id
    JOIN ${prefix}_payment.payments p ON p.reservation_id = n.reservation_id
    WHERE n.kind = 'confirmed' AND t.state = 'confirmed' AND r.status = 'confirmed'
      AND p.state = 'captured'`,
  underWay: (prefix) => `
    SELECT
      (SELECT COUNT(*) FROM ${prefix}_reservation.reservations
        WHERE status IN ('paying', 'refunding')) AS reservations,
      (SELECT COUNT(*) FROM ${prefix}_payment.payments
        WHERE state IN ('requested', 'charging', 'refunding')) AS payments,
      (SELECT COUNT(*) FROM ${prefix}_ticket.ticketings
        WHERE state IN ('issued', 'waiting')) AS ticketings,
      (SELECT COUNT(*) FROM ${prefix}_reservation.reservations WHERE status = 'confirmed')
        - (SELECT COUNT(*) FROM ${prefix}_notification.notifications WHERE kind = 'confirmed')
        AS notices,
      (SELECT COUNT(*) FROM ${prefix}_reservation.outbox WHERE is_published = 0)
        + (SELECT COUNT(*) FROM ${prefix}_payment.outbox WHERE is_published = 0)
        + (SELECT COUNT(*) FROM ${prefix}_ticket.outbox WHERE is_published = 0) AS outbox`,
}

/** Databases `<prefix>_order`, `_payment`, `_ticket` and `_notification`. */
export const BASELINE_QUERIES: BookQueries = {
  completed: (prefix) => `
    SELECT o.reservation_id, o.show_id, o.seats,
      GREATEST(n.created_at, o.updated_at) AS completed_at
    FROM ${prefix}_order.orders o
    JOIN ${prefix}_notification.notifications n
      ON n.notification_key = CONCAT(o.reservation_id, '.confirmed')
    JOIN ${prefix}_payment.payments p ON p.reservation_id = o.reservation_id
    WHERE o.state = 'confirmed' AND p.state = 'captured'`,
  underWay: (prefix) => `
    SELECT
      (SELECT COUNT(*) FROM ${prefix}_order.orders WHERE state IN ('paying', 'reversing')
        OR due_at IS NOT NULL) AS orders,
      (SELECT COUNT(*) FROM ${prefix}_payment.payments
        WHERE state IN ('requested', 'charging', 'refunding')) AS payments`,
}
