/** What the databases of Holdfast say about the orders of a run. */
import { createLog } from '../../platform/log.ts'
import { Database } from '../../platform/mysql/database.ts'
import type { Completions, TimeWindow } from './system.ts'

export interface HoldfastStores {
  completions(window: TimeWindow): Promise<Completions>
  /** Rows by what they wait for; all 0 when the sagas have ended and everything is published. */
  underWay(): Promise<Record<string, number>>
  close(): Promise<void>
}

const POOL_SIZE = 2

/**
 * An order is completed when its tickets are confirmed and its notice is written, whichever comes
 * last; by the SQL server's clock, which is this machine's.
 */
const COMPLETED = (prefix: string): string => `
  SELECT COUNT(*) AS orders, COALESCE(SUM(seats), 0) AS seats FROM (
    SELECT GREATEST(n.created_at, t.updated_at) AS completed_at,
      1 + LENGTH(r.seats) - LENGTH(REPLACE(r.seats, ',', '')) AS seats
    FROM ${prefix}_notification.notifications n
    JOIN ${prefix}_ticket.ticketings t ON t.reservation_id = n.reservation_id
    JOIN ${prefix}_reservation.reservations r ON r.reservation_id = n.reservation_id
    JOIN ${prefix}_payment.payments p ON p.reservation_id = n.reservation_id
    WHERE n.kind = 'confirmed' AND t.state = 'confirmed' AND r.status = 'confirmed'
      AND p.state = 'captured'
  ) AS completed WHERE completed_at >= ? AND completed_at < ?`

const UNDER_WAY = (prefix: string): string => `
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
    (SELECT COUNT(*) FROM ${prefix}_reservation.outbox WHERE published_at IS NULL)
      + (SELECT COUNT(*) FROM ${prefix}_payment.outbox WHERE published_at IS NULL)
      + (SELECT COUNT(*) FROM ${prefix}_ticket.outbox WHERE published_at IS NULL) AS outbox`

/** @throws OperationalError SQL_UNAVAILABLE when the server does not answer */
export async function openStores(options: {
  mysqlUrl: string
  prefix: string
}): Promise<HoldfastStores> {
  const { mysqlUrl, prefix } = options
  const database = new Database({
    url: mysqlUrl,
    database: `${prefix}_reservation`,
    poolSize: POOL_SIZE,
    log: createLog('bench', 'silent'),
  })
  await database.start()
  return {
    async completions({ fromMs, untilMs }) {
      const [row] = await database.query<Completions>(COMPLETED(prefix), [fromMs, untilMs])
      return row as Completions
    },
    async underWay() {
      const [row] = await database.query<Record<string, number>>(UNDER_WAY(prefix))
      return row as Record<string, number>
    },
    close: () => database.stop(),
  }
}
