/** The notices and their deliveries, in SQL. */
import type { Database, Queryable } from '../../../platform/mysql/database.ts'
import { SQL_NOW_MS } from '../../../platform/mysql/database.ts'
import type { NoticeRequest } from '../api.ts'
import { isInserted, type Unit } from '../unit.ts'

/** One notice of each kind for a reservation, and its Message-ID. */
export const notificationKeyOf = ({ reservationId, kind }: NoticeRequest): string =>
  `${reservationId}.${kind}`

/** Keeps a notice; one that is kept already stays as it is. */
export async function keepNotice(unit: Unit, notice: NoticeRequest): Promise<void> {
  await isInserted(unit((sql) => insertNotice(sql, notice)))
}

async function insertNotice(db: Queryable, notice: NoticeRequest): Promise<void> {
  await db.execute(
    `INSERT INTO notifications (notification_key, reservation_id, kind, due_at, facts, created_at,
       updated_at)
     VALUES (?, ?, ?, ${SQL_NOW_MS}, ?, ${SQL_NOW_MS}, ${SQL_NOW_MS})`,
    [notificationKeyOf(notice), notice.reservationId, notice.kind, JSON.stringify(notice)],
  )
}

export interface ClaimedNotice {
  readonly key: string
  readonly notice: NoticeRequest
  readonly createdAtMs: number
}

/** Takes up to `limit` notices that are due, for `leaseMs`. */
export async function claimNotices(
  db: Database,
  { claim, limit, leaseMs }: { claim: string; limit: number; leaseMs: number },
): Promise<ClaimedNotice[]> {
  const due = await db.query<{ notification_key: string }>(
    `SELECT notification_key FROM notifications WHERE due_at <= ${SQL_NOW_MS}
     ORDER BY due_at LIMIT ?`,
    [limit],
  )
  if (due.length === 0) return []
  const keys = due.map((row) => row.notification_key)
  await db.execute(
    `UPDATE notifications SET state = 'sending', claim = ?, attempts = attempts + 1,
       due_at = ${SQL_NOW_MS} + ?, updated_at = ${SQL_NOW_MS}
     WHERE notification_key IN (?) AND due_at <= ${SQL_NOW_MS}`,
    [claim, leaseMs, keys],
  )
  const rows = await db.query<{ notification_key: string; facts: string; created_at: number }>(
    `SELECT notification_key, facts, created_at FROM notifications
     WHERE notification_key IN (?) AND claim = ?`,
    [keys, claim],
  )
  return rows.map((row) => ({
    key: row.notification_key,
    notice: JSON.parse(row.facts) as NoticeRequest,
    createdAtMs: row.created_at,
  }))
}

/** What is not among the keys stays claimed, and is due again when the lease ends. */
export async function markSent(
  db: Database,
  claim: string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return
  await db.execute(
    `UPDATE notifications SET state = 'sent', due_at = NULL, claim = NULL,
       updated_at = ${SQL_NOW_MS}
     WHERE claim = ? AND notification_key IN (?)`,
    [claim, keys],
  )
}
