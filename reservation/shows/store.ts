/** The table `shows`. One statement per function. */

import type { Queryable } from '../../platform/mysql/database.ts'
import { SQL_NOW_MS } from '../../platform/mysql/database.ts'
import { isDuplicateKey } from '../../platform/mysql/sqlErrors.ts'
import { decodeDefinition, encodeDefinition, showOf } from './definition.ts'
import type { Show, ShowSummary } from './show.ts'

/** More shows than this are not listed; the earliest come first. */
export const SHOWS_LISTED_MAX = 10_000

interface ShowRow {
  show_id: string
  shard: number
  name: string
  starts_at: number
  currency: string
  definition: string
}

export async function selectShow(db: Queryable, showId: string): Promise<Show | null> {
  const [row] = await db.query<ShowRow>(
    `SELECT show_id, shard, name, starts_at, currency, definition
       FROM shows
      WHERE show_id = ?`,
    [showId],
  )
  return row ? fromRow(row) : null
}

function fromRow(row: ShowRow): Show {
  const definition = {
    showId: row.show_id,
    name: row.name,
    startsAt: new Date(row.starts_at).toISOString(),
    currency: row.currency,
    ...decodeDefinition(row.definition),
  }
  return showOf(definition, row.shard)
}

/** Writes a new show; false when one of its id is there already. */
export async function insertShow(db: Queryable, show: Show): Promise<boolean> {
  try {
    await db.execute(
      `INSERT INTO shows
         (show_id, shard, name, starts_at, currency, total, definition, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ${SQL_NOW_MS})`,
      [
        show.showId,
        show.shard,
        show.name,
        Date.parse(show.startsAt),
        show.currency,
        show.layout.total,
        encodeDefinition(show),
      ],
    )
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}

/** How many shows each shard has; shards without one are left out. */
export async function countByShard(db: Queryable): Promise<Map<number, number>> {
  const rows = await db.query<{ shard: number; shows: number }>(
    'SELECT shard, COUNT(*) AS shows FROM shows GROUP BY shard',
  )
  return new Map(rows.map((row) => [row.shard, row.shows]))
}

export async function selectSummaries(db: Queryable): Promise<ShowSummary[]> {
  const rows = await db.query<{
    show_id: string
    name: string
    starts_at: number
    total: number
  }>(
    `SELECT show_id, name, starts_at, total
       FROM shows
      ORDER BY starts_at, show_id
      LIMIT ?`,
    [SHOWS_LISTED_MAX],
  )
  return rows.map((row) => ({
    showId: row.show_id,
    name: row.name,
    startsAt: new Date(row.starts_at).toISOString(),
    total: row.total,
  }))
}
