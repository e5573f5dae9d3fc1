/**
 * Many rows at once. All but a few of them go as a prepared statement: the server reads its text only
 * once, and the values travel as they are, without quotes and escapes on one side and their removal
 * on the other. What a statement costs beside its rows is dear, too, so there are few: prepared ones
 * come in sizes of whole GRAINs, and one of plain text has the rest.
 */
import type { SqlValue, Transaction } from './database.ts'

/** Prepared statements have a multiple of so many rows, so that a connection keeps few of them. */
const GRAIN = 16
const ROWS_MAX = 256
/** Values in one statement at most. */
const VALUES_MAX = 4_096

/** One statement's part of the rows. */
export interface InsertedPart {
  /** Index of its first row. */
  from: number
  count: number
  /** The automatic id of its first row; the others follow where ids are consecutive. */
  firstId: number
}

export interface Insertion {
  /** Table and columns: `outbox (event_id, topic)`. */
  into: string
  /** Values in the order of the columns. */
  rows: readonly (readonly SqlValue[])[]
  /** What follows the values, such as ON DUPLICATE KEY UPDATE. */
  tail?: string
}

/** Inserts the rows in their order. A failure leaves some of them to the transaction's rollback. */
export async function insertAll(tx: Transaction, insertion: Insertion): Promise<InsertedPart[]> {
  const { into, rows, tail = '' } = insertion
  const parts: InsertedPart[] = []
  for (const { from, count } of partsOf(rows.length, rows[0]?.length ?? 0)) {
    const part = rows.slice(from, from + count)
    const sql = `INSERT INTO ${into} VALUES ${tuples(part)} ${tail}`.trimEnd()
    const run =
      count % GRAIN === 0 ? tx.executePrepared(sql, part.flat()) : tx.execute(sql, part.flat())
    parts.push({ from, count, firstId: (await run).insertId })
  }
  return parts
}

/** Splits a number of rows into whole grains, as many at a time as may be, and the rest. */
export function partsOf(rows: number, columns: number): { from: number; count: number }[] {
  const parts: { from: number; count: number }[] = []
  const grainsMax = Math.max(1, Math.floor(Math.min(ROWS_MAX, VALUES_MAX / columns) / GRAIN))
  for (let from = 0; from < rows; ) {
    const grains = Math.min(grainsMax, Math.floor((rows - from) / GRAIN))
    const count = grains > 0 ? grains * GRAIN : rows - from
    parts.push({ from, count })
    from += count
  }
  return parts
}

function tuples(rows: readonly (readonly SqlValue[])[]): string {
  const one = `(${Array(rows[0]?.length ?? 0)
    .fill('?')
    .join(', ')})`
  return Array(rows.length).fill(one).join(', ')
}
