/** The projection: the SQL copy of the reservations, one statement per method. */
import type { ReservationEntry } from '../../lua/logEntry.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import { type Queryable, SQL_NOW_MS, type Transaction } from '../../platform/mysql/database.ts'
import { insertAll } from '../../platform/mysql/insertAll.ts'
import { COLUMNS, foldRows, KEPT_COLUMNS, type ReservationRow, recordOf } from './rows.ts'

/** Rows read at a time by a rebuild. */
export const PAGE_ROWS = 1_000
/** A reservation that is over is written back for this long: its idempotency key may come again. */
export const RESTORED_FOR_MS = 24 * 60 * 60 * 1_000

const SELECT = `SELECT ${COLUMNS.join(', ')} FROM reservations`

/** A row never goes back to an older change; the version is written last, for it decides. */
const IS_NEWER = `(VALUES(version_ms) > reservations.version_ms
  OR (VALUES(version_ms) = reservations.version_ms
    AND VALUES(version_seq) > reservations.version_seq))`

const INTO = `reservations (${COLUMNS.join(', ')})`
const UNLESS_OLDER = `ON DUPLICATE KEY UPDATE ${assignments().join(', ')}`

function assignments(): string[] {
  // The columns in between keep their values: they are part of the reservation's identity.
  const versions = ['version_ms', 'version_seq'] as const
  const changing = COLUMNS.filter(
    (column) => column !== 'reservation_id' && !versions.some((version) => version === column),
  )
  const set = changing.map((column) => {
    const value = KEPT_COLUMNS.includes(column)
      ? `COALESCE(VALUES(${column}), reservations.${column})`
      : `VALUES(${column})`
    return `${column} = IF(${IS_NEWER}, ${value}, reservations.${column})`
  })
  // MySQL assigns from left to right: the sequence while the milliseconds still are the old ones.
  return [
    ...set,
    `version_seq = IF(${IS_NEWER}, VALUES(version_seq), reservations.version_seq)`,
    'version_ms = GREATEST(VALUES(version_ms), reservations.version_ms)',
  ]
}

export class ProjectedReservations {
  readonly #db: Queryable

  constructor(db: Queryable) {
    this.#db = db
  }

  /**
   * A reservation as SQL knows it, null when SQL does not (a hold before checkout, or no such id).
   *
   * @throws OperationalError SQL_UNAVAILABLE
   */
  async find(reservationId: string): Promise<ReservationRecord | null> {
    const [record] = await this.findAll([reservationId])
    return record ?? null
  }

  /** Those of the reservations that SQL knows, in no particular order. */
  async findAll(reservationIds: readonly string[]): Promise<ReservationRecord[]> {
    if (reservationIds.length === 0) return []
    const rows = await this.#db.query<ReservationRow>(`${SELECT} WHERE reservation_id IN (?)`, [
      reservationIds,
    ])
    return rows.map(recordOf)
  }

  /** Writes what the entries, in order of the log, make of their reservations. */
  async write(tx: Transaction, entries: readonly ReservationEntry[]): Promise<void> {
    if (entries.length === 0) return
    const rows = foldRows(entries)
    await insertAll(tx, {
      into: INTO,
      rows: rows.map((row) => COLUMNS.map((column) => row[column])),
      tail: UNLESS_OLDER,
    })
  }

  /** Whether SQL knows any reservation of the shard. */
  async hasAny(shard: number): Promise<boolean> {
    const rows = await this.#db.query('SELECT 1 FROM reservations WHERE shard = ? LIMIT 1', [shard])
    return rows.length > 0
  }

  /**
   * Everything that a lost Redis must know of a shard, in pages: those that own seats, then those
   * that changed within RESTORED_FOR_MS. What is older and owns nothing is loaded when asked for.
   */
  async *readForRebuild(shard: number): AsyncGenerator<ReservationRecord[]> {
    yield* this.#readOwners(shard)
    yield* this.#readRecent(shard)
  }

  async *#readOwners(shard: number): AsyncGenerator<ReservationRecord[]> {
    for (let after = ''; ; ) {
      const rows = await this.#db.query<ReservationRow>(
        `${SELECT} WHERE shard = ? AND owns = 1 AND reservation_id > ?
         ORDER BY reservation_id LIMIT ?`,
        [shard, after, PAGE_ROWS],
      )
      const last = rows.at(-1)
      if (!last) return
      yield rows.map(recordOf)
      after = last.reservation_id
    }
  }

  async *#readRecent(shard: number): AsyncGenerator<ReservationRecord[]> {
    const [now] = await this.#db.query<{ ms: number }>(`SELECT ${SQL_NOW_MS} AS ms`)
    let after = { ms: (now?.ms ?? 0) - RESTORED_FOR_MS, id: '' }
    for (;;) {
      const rows = await this.#db.query<ReservationRow>(
        `${SELECT} WHERE shard = ? AND owns = 0
         AND (updated_at > ? OR (updated_at = ? AND reservation_id > ?))
         ORDER BY updated_at, reservation_id LIMIT ?`,
        [shard, after.ms, after.ms, after.id, PAGE_ROWS],
      )
      const last = rows.at(-1)
      if (!last) return
      yield rows.map(recordOf)
      after = { ms: last.updated_at, id: last.reservation_id }
    }
  }
}
