/** The statements of the outbox table. */
import type { Queryable, Transaction } from '../mysql/database.ts'
import { SQL_NOW_MS } from '../mysql/database.ts'

/** One message as it is stored; `id` orders rows by insertion, not by commit. */
export interface OutboxRow {
  id: number
  event_id: string
  topic: string
  event_key: string
  body: string
}

export type NewRow = Omit<OutboxRow, 'id'>

/** Inserts all rows with one statement. Answers the id of the first. */
export async function insertRows(tx: Transaction, rows: readonly NewRow[]): Promise<number> {
  const values = rows.map(() => `(?, ?, ?, ?, ${SQL_NOW_MS})`).join(', ')
  const { insertId } = await tx.execute(
    `INSERT INTO outbox (event_id, topic, event_key, body, created_at) VALUES ${values}`,
    rows.flatMap((row) => [row.event_id, row.topic, row.event_key, row.body]),
  )
  return insertId
}

/**
 * Whether the rows of one INSERT have consecutive ids. They do for an INSERT whose row count is
 * known beforehand, unless a cluster spreads ids over its nodes.
 */
export async function idsAreConsecutive(db: Queryable): Promise<boolean> {
  const [row] = await db.query<{ step: number }>('SELECT @@auto_increment_increment AS step')
  return row?.step === 1
}

/** Unpublished rows above `afterId` that are at least `ageMs` old, in id order. */
export async function selectLeftovers(
  db: Queryable,
  options: { afterId: number; ageMs: number; limit: number },
): Promise<OutboxRow[]> {
  return db.query<OutboxRow>(
    `SELECT id, event_id, topic, event_key, body FROM outbox
      WHERE published_at IS NULL AND id > ? AND created_at <= ${SQL_NOW_MS} - ?
      ORDER BY id LIMIT ?`,
    [options.afterId, options.ageMs, options.limit],
  )
}

/** Marks the rows of whole id ranges; every id within them must have been published. */
export async function markRanges(
  db: Queryable,
  ranges: readonly (readonly [from: number, to: number])[],
): Promise<void> {
  const where = ranges.map(() => 'id BETWEEN ? AND ?').join(' OR ')
  await db.execute(`UPDATE outbox SET published_at = ${SQL_NOW_MS} WHERE ${where}`, ranges.flat())
}

/** Marks single rows. */
export async function markIds(db: Queryable, ids: readonly number[]): Promise<void> {
  await db.execute(`UPDATE outbox SET published_at = ${SQL_NOW_MS} WHERE id IN (?)`, [ids])
}

/** Marks rows whose ids are not known. */
export async function markEvents(db: Queryable, eventIds: readonly string[]): Promise<void> {
  await db.execute(`UPDATE outbox SET published_at = ${SQL_NOW_MS} WHERE event_id IN (?)`, [
    eventIds,
  ])
}

/** Age in ms of the unpublished row with the smallest id; 0 when there is none. */
export async function oldestUnpublishedAgeMs(db: Queryable): Promise<number> {
  const [row] = await db.query<{ age: number }>(
    `SELECT ${SQL_NOW_MS} - created_at AS age FROM outbox
      WHERE published_at IS NULL ORDER BY id LIMIT 1`,
  )
  return Math.max(0, row?.age ?? 0)
}

/** Deletes at most `limit` rows that were published more than `ageMs` ago; answers how many. */
export async function pruneOutbox(
  db: Queryable,
  options: { ageMs: number; limit: number },
): Promise<number> {
  const { affectedRows } = await db.execute(
    `DELETE FROM outbox WHERE published_at IS NOT NULL AND published_at < ${SQL_NOW_MS} - ?
      LIMIT ?`,
    [options.ageMs, options.limit],
  )
  return affectedRows
}

/** Deletes at most `limit` inbox rows older than `ageMs`; answers how many. */
export async function pruneInbox(
  db: Queryable,
  options: { ageMs: number; limit: number },
): Promise<number> {
  const { affectedRows } = await db.execute(
    `DELETE FROM inbox WHERE received_at < ${SQL_NOW_MS} - ? LIMIT ?`,
    [options.ageMs, options.limit],
  )
  return affectedRows
}

/** Groups ascending ids into ranges without gaps: 1 2 3 7 8 -> [1,3] [7,8]. */
export function rangesOf(ids: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = []
  for (const id of ids) {
    const last = ranges.at(-1)
    if (last && last[1] + 1 === id) last[1] = id
    else ranges.push([id, id])
  }
  return ranges
}
