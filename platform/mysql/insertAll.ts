/**
 * Many rows at once, as prepared statements: the server reads the text of each only once, and the
 * values travel as they are, without quotes and escapes on one side and their removal on the other.
 * That halves what a row costs. Statements come in sizes of powers of two, so that a connection
 * keeps few of them for each table, whatever the numbers of rows.
 */
import type { SqlValue, Transaction } from './database.ts'

/** Values in one statement at most. */
const VALUES_MAX = 1_024

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
    const { insertId } = await tx.executePrepared(statementOf(into, part, tail), part.flat())
    parts.push({ from, count, firstId: insertId })
  }
  return parts
}

/** Splits a number of rows into powers of two, the largest first. */
export function partsOf(rows: number, columns: number): { from: number; count: number }[] {
  const parts: { from: number; count: number }[] = []
  let size = 2 ** Math.floor(Math.log2(Math.max(1, VALUES_MAX / Math.max(1, columns))))
  for (let from = 0; from < rows; ) {
    while (size > rows - from) size /= 2
    parts.push({ from, count: size })
    from += size
  }
  return parts
}

function statementOf(into: string, rows: readonly (readonly SqlValue[])[], tail: string): string {
  const one = `(${Array(rows[0]?.length ?? 0)
    .fill('?')
    .join(', ')})`
  return `INSERT INTO ${into} VALUES ${Array(rows.length).fill(one).join(', ')} ${tail}`.trimEnd()
}
