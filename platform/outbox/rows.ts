/** The statements of the outbox table. */
import type { Queryable, Transaction } from '../mysql/database.ts'
import { SQL_NOW_MS } from '../mysql/database.ts'
import { type InsertedPart, insertAll } from '../mysql/insertAll.ts'

/** One message as it is stored; `id` orders rows by insertion, not by commit. */
export interface OutboxRow {
  id: number
  event_id: string
  topic: string
  event_key: string
  body: string
}

export type NewRow = Omit<OutboxRow, 'id'>

/** Inserts all rows, in their order. Answers the id of the first row of each statement. */
export async function insertRows(
  tx: Transaction,
  rows: readonly NewRow[],
): Promise<InsertedPart[]> {
  const nowMs = await tx.nowMs()
  return insertAll(tx, {
    into: 'outbox (event_id, topic, event_key, body, created_at)',
    rows: rows.map((row) => [row.event_id, row.topic, row.event_key, row.body, nowMs]),
  })
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
      WHERE is_published = 0 AND id > ? AND created_at <= ${SQL_NOW_MS} - ?
      ORDER BY id LIMIT ?`,
    [options.afterId, options.ageMs, options.limit],
  )
}

const MARK = 'UPDATE outbox SET is_published = 1, published_ms = ?'

/** Marks the rows of whole id ranges; every id within them must have been published. */
export async function markRanges(
  db: Queryable,
  ranges: readonly (readonly [from: number, to: number])[],
): Promise<void> {
  const where = ranges.map(() => 'id BETWEEN ? AND ?').join(' OR ')
  await db.execute(`${MARK} WHERE ${where}`, [await db.nowMs(), ...ranges.flat()])
}

/** Marks single rows. */
export async function markIds(db: Queryable, ids: readonly number[]): Promise<void> {
  await db.execute(`${MARK} WHERE id IN (?)`, [await db.nowMs(), ids])
}

/** Marks rows whose ids are not known. */
export async function markEvents(db: Queryable, eventIds: readonly string[]): Promise<void> {
  await db.execute(`${MARK} WHERE event_id IN (?)`, [await db.nowMs(), eventIds])
}

/** Age in ms of the unpublished row with the smallest id; 0 when there is none. */
export async function oldestUnpublishedAgeMs(db: Queryable): Promise<number> {
  const [row] = await db.query<{ age: number }>(
    `SELECT ${SQL_NOW_MS} - created_at AS age FROM outbox
      WHERE is_published = 0 ORDER BY id LIMIT 1`,
  )
  return Math.max(0, row?.age ?? 0)
}

/**
 * Deletes, of the `limit` rows above `afterId`, those that were published more than `ageMs` ago.
 * Rows are in the order of their age, so the first that is too young for it ends the search.
 */
export async function pruneOutbox(
  db: Queryable,
  options: { ageMs: number; limit: number; afterId: number },
): Promise<{ lastId: number; isDone: boolean }> {
  const { ageMs, limit, afterId } = options
  const rows = await db.query<{ id: number; is_published: number; is_old: number }>(
    `SELECT id, is_published, published_ms < ${SQL_NOW_MS} - ? AS is_old FROM outbox
      WHERE id > ? ORDER BY id LIMIT ?`,
    [ageMs, afterId, limit],
  )
  const published = rows.filter((row) => row.is_published === 1)
  const old = published.filter((row) => row.is_old === 1).map((row) => row.id)
  if (old.length > 0) await db.execute('DELETE FROM outbox WHERE id IN (?)', [old])
  const isDone = rows.length < limit || old.length < published.length
  return { lastId: rows.at(-1)?.id ?? afterId, isDone }
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
