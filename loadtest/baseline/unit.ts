/**
 * Where the variants differ in SQL: the idiomatic one puts a transaction around every piece of
 * work, the tuned one sends its single statements as they are and lets the server commit each.
 */
import type { Database, Queryable } from '../../platform/mysql/database.ts'
import { isDuplicateKey } from '../../platform/mysql/sqlErrors.ts'
import type { Variant } from './api.ts'

export type Unit = <T>(work: (sql: Queryable) => Promise<T>) => Promise<T>

export const unitOf = (variant: Variant, db: Database): Unit =>
  variant === 'tuned' ? (work) => work(db) : (work) => db.transaction(work)

/** Whether an insert took place; false when a unique key of its rows is taken already. */
export async function isInserted(insert: Promise<unknown>): Promise<boolean> {
  try {
    await insert
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}
