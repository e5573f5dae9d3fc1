/**
 * Publishes the rows that this very process committed, right after the commit. A row alone goes
 * at once; under load a batch waits a few milliseconds so that it grows. Published rows are marked
 * in the background, several batches with one statement.
 *
 * Memory is bounded: beyond a limit, or while Kafka is away, rows are not taken over. They wait in
 * SQL, where the leader's sweep finds them.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { failpoint } from '../failpoints.ts'
import type { OutgoingRecord, RecordSender } from '../kafka/producer.ts'
import type { Log } from '../log.ts'
import type { Queryable } from '../mysql/database.ts'
import { markEvents, markIds, markRanges, type NewRow, rangesOf } from './rows.ts'

/** A row that was just committed; id is null where the database spreads ids over nodes. */
export interface HandedRow extends NewRow {
  id: number | null
}

/** Rows and bytes that may be on their way at once; what is beyond is left to the sweep. */
export const HANDOVER_ROWS_MAX = 10_000
export const HANDOVER_BYTES_MAX = 32 * 1024 * 1024
const SEND_ROWS_MAX = 1_000
/** A batch of this many rows needs no more company. */
const FULL_ROWS = 300
/** The last batch had this many rows: there is load, so waiting pays. */
const BUSY_ROWS = 8
/** After a failed send nothing is taken over for this long: the leader tries meanwhile. */
const CLOSED_MS = 1_000
/** Marks are nobody's hurry: what is sent stays ours, and so few statements mark many rows. */
const MARK_LINGER_MS = 100
const MARK_RETRY_MS = 500
const MARK_RANGES_MAX = 100
const MARK_LIST_MAX = 1_000

export interface RelayOptions {
  db: Queryable
  producer: RecordSender
  log: Log
  lingerMs: number
  onPublished: (path: 'handover', count: number) => void
}

/** The Kafka record of a row. */
export const recordOf = (row: NewRow): OutgoingRecord => ({
  topic: row.topic,
  key: row.event_key,
  value: row.body,
  headers: { 'content-type': 'application/cloudevents+json' },
})

export class Relay {
  readonly #options: RelayOptions
  #queue: HandedRow[] = []
  #toMark: HandedRow[] = []
  /** Event ids in memory, from the hand-over until they are marked; the sweep leaves them alone. */
  readonly #owned = new Set<string>()
  #bytes = 0
  #isOpen = false
  #closedUntil = 0
  #pump: Promise<void> | null = null
  #marker: Promise<void> | null = null
  #lastBatch = { rows: 0, endedAt: 0 }

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Rows in memory. */
  get size(): number {
    return this.#owned.size
  }

  /** The event ids that this process is publishing or marking just now. */
  ownedNow(): ReadonlySet<string> {
    return new Set(this.#owned)
  }

  open(): void {
    this.#isOpen = true
  }

  /** Takes over nothing more, publishes and marks what was taken. */
  async close(): Promise<void> {
    this.#isOpen = false
    await this.#pump
    await this.#marker
  }

  /** Takes rows over, or leaves them to the sweep. Never throws. */
  offer(rows: readonly HandedRow[]): void {
    if (!this.#isOpen || rows.length === 0 || performance.now() < this.#closedUntil) return
    const bytes = rows.reduce((sum, row) => sum + row.body.length, 0)
    const isFull =
      this.#owned.size + rows.length > HANDOVER_ROWS_MAX || this.#bytes + bytes > HANDOVER_BYTES_MAX
    if (isFull) return
    this.#bytes += bytes
    for (const row of rows) {
      this.#queue.push(row)
      this.#owned.add(row.event_id)
    }
    this.#pump ??= this.#run()
  }

  async #run(): Promise<void> {
    // Never in the caller's stack: it has a commit to celebrate.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      await this.#linger()
      const batch = this.#queue.splice(0, SEND_ROWS_MAX)
      try {
        failpoint('outbox.before-send')
        await this.#options.producer.send(batch.map(recordOf))
        failpoint('outbox.after-send')
      } catch (error) {
        this.#giveUp(batch, error)
        continue
      }
      this.#lastBatch = { rows: batch.length, endedAt: performance.now() }
      this.#options.onPublished('handover', batch.length)
      this.#toMark.push(...batch)
      this.#marker ??= this.#mark()
    }
    // Cleared in the same breath as the last look at the queue, so that no row slips in between.
    this.#pump = null
  }

  async #linger(): Promise<void> {
    const { lingerMs } = this.#options
    const { rows, endedAt } = this.#lastBatch
    const isBusy = rows >= BUSY_ROWS && performance.now() - endedAt < 2 * lingerMs
    if (isBusy && this.#isOpen && this.#queue.length < FULL_ROWS) await pause(lingerMs)
  }

  /** Kafka is away or refuses: the rows are safe in SQL, so nothing is kept here. */
  #giveUp(batch: readonly HandedRow[], error: unknown): void {
    this.#closedUntil = performance.now() + CLOSED_MS
    const rows = [...batch, ...this.#queue]
    this.#queue = []
    this.#disown(rows)
    this.#options.log.warn({ err: error, rows: rows.length }, 'messages wait in the outbox')
  }

  #disown(rows: readonly HandedRow[]): void {
    for (const row of rows) {
      this.#owned.delete(row.event_id)
      this.#bytes -= row.body.length
    }
  }

  /** Marks what was sent. A row that is sent but unmarked stays owned, so no sweep resends it. */
  async #mark(): Promise<void> {
    if (this.#isOpen) await pause(MARK_LINGER_MS)
    while (this.#toMark.length > 0) {
      const rows = this.#toMark
      this.#toMark = []
      try {
        failpoint('outbox.before-mark')
        await markRows(this.#options.db, rows)
        this.#disown(rows)
      } catch (error) {
        this.#options.log.debug({ err: error }, 'published rows are not marked yet')
        // A stop does not wait for SQL to come back: the rows are published once more then.
        if (!this.#isOpen) break
        this.#toMark = [...rows, ...this.#toMark]
        await pause(MARK_RETRY_MS)
      }
    }
    this.#marker = null
  }
}

/**
 * Marks published rows: by id range where the ids are without a gap, for any other id in between
 * may be somebody's row that is not published; by list otherwise.
 */
export async function markRows(db: Queryable, rows: readonly HandedRow[]): Promise<void> {
  const ids = rows.flatMap(({ id }) => (id === null ? [] : [id])).sort((a, b) => a - b)
  const ranges = rangesOf(ids)
  if (ranges.length <= MARK_RANGES_MAX) {
    if (ranges.length > 0) await markRanges(db, ranges)
  } else {
    for (let from = 0; from < ids.length; from += MARK_LIST_MAX) {
      await markIds(db, ids.slice(from, from + MARK_LIST_MAX))
    }
  }
  const events = rows.filter(({ id }) => id === null).map((row) => row.event_id)
  for (let from = 0; from < events.length; from += MARK_LIST_MAX) {
    await markEvents(db, events.slice(from, from + MARK_LIST_MAX))
  }
}
