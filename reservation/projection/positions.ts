/** How far each shard's log is projected, one SQL statement per function. */
import type { Queryable, Transaction } from '../../platform/mysql/database.ts'
import { insertAll } from '../../platform/mysql/insertAll.ts'

/** A shard's position in its log, and the fence that was raised last. */
export interface Position {
  shard: number
  logId: string
  fence: number
}

export const ORIGIN = '0-0'

interface Row {
  shard: number
  log_id: string
  fence: number
}

const positionOf = (row: Row): Position => ({
  shard: row.shard,
  logId: row.log_id,
  fence: row.fence,
})

/** Makes the rows that are missing, so that there is something to lock. */
export async function ensurePositions(db: Queryable, shards: number): Promise<void> {
  const rows = Array.from({ length: shards }, (_, shard) => [shard, ORIGIN, 0])
  await db.execute(
    `INSERT INTO projector_positions (shard, log_id, fence) VALUES ?
     ON DUPLICATE KEY UPDATE shard = projector_positions.shard`,
    [rows],
  )
}

/** Positions of the given shards, without a lock. */
export async function readPositions(db: Queryable, shards: readonly number[]): Promise<Position[]> {
  if (shards.length === 0) return []
  const rows = await db.query<Row>(
    'SELECT shard, log_id, fence FROM projector_positions WHERE shard IN (?)',
    [shards],
  )
  return rows.map(positionOf)
}

/** Positions of the given shards; until the transaction ends nobody else can move them. */
export async function lockPositions(tx: Queryable, shards: readonly number[]): Promise<Position[]> {
  const rows = await tx.query<Row>(
    `SELECT shard, log_id, fence FROM projector_positions
     WHERE shard IN (?) ORDER BY shard FOR UPDATE`,
    [shards],
  )
  return rows.map(positionOf)
}

/** Writes positions that the transaction has locked. */
export async function writePositions(
  tx: Transaction,
  positions: readonly Position[],
): Promise<void> {
  await insertAll(tx, {
    into: 'projector_positions (shard, log_id, fence)',
    rows: positions.map(({ shard, logId, fence }) => [shard, logId, fence]),
    tail: 'ON DUPLICATE KEY UPDATE log_id = VALUES(log_id)',
  })
}

/**
 * Raises the fences of the shards and answers the positions as they then are: whatever was read
 * from Redis before cannot be projected afterwards.
 */
export async function raiseFences(tx: Queryable, shards: readonly number[]): Promise<Position[]> {
  const positions = await lockPositions(tx, shards)
  await tx.execute('UPDATE projector_positions SET fence = fence + 1 WHERE shard IN (?)', [shards])
  return positions.map((position) => ({ ...position, fence: position.fence + 1 }))
}
