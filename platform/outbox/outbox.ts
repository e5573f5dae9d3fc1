/**
 * The transactional outbox: what a transaction changes and what it tells of are committed
 * together. The process that committed rows publishes them at once; what it could not publish,
 * because it died or Kafka was away, the leader finds and publishes. A message may be published
 * twice, never not at all.
 */
import { encodeMessage, type Message, type Source } from '../../contracts/message.ts'
import type { PayloadOf } from '../../contracts/payloads.ts'
import type { Topic } from '../../contracts/topics.ts'
import { OperationalError } from '../errors.ts'
import { newEventId } from '../eventId.ts'
import type { Check } from '../health.ts'
import type { RecordSender } from '../kafka/producer.ts'
import type { Component } from '../lifecycle.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Database, Transaction } from '../mysql/database.ts'
import type { InsertedPart } from '../mysql/insertAll.ts'
import { Leader } from '../mysql/leader.ts'
import { isDuplicateKey } from '../mysql/sqlErrors.ts'
import { type HandedRow, Relay } from './relay.ts'
import { idsAreConsecutive, insertRows, type NewRow, oldestUnpublishedAgeMs } from './rows.ts'
import { Sweeper } from './sweeper.ts'

/** A message to be published. `id` defaults to a UUIDv7, `time` (RFC 3339) to now. */
export type NewMessage = {
  [T in Topic]: {
    topic: T
    payload: PayloadOf<T>
    id?: string
    time?: string
    traceparent?: string
  }
}[Topic]

/** Rows that a transaction added; hand it to `committed` after the commit. */
export interface Added {
  readonly rows: readonly HandedRow[]
}

export interface OutboxOptions {
  db: Database
  producer: RecordSender
  source: Source
  log: Log
  metrics: Metrics
  /** How long a batch waits for more under load, in ms; 5 unless given. */
  lingerMs?: number
}

/** Bytes of one message at most: a broker refuses records of about a MiB. */
export const BODY_BYTES_MAX = 900_000
/** A row that is unpublished for longer makes the process not ready. */
export const OLDEST_MS_MAX = 15_000
const LINGER_MS = 5
const AGE_CACHE_MS = 1_000

export class Outbox implements Component {
  readonly name = 'outbox'
  readonly #options: OutboxOptions
  readonly #relay: Relay
  readonly #leader: Leader
  readonly #sweeper: Sweeper
  #hasConsecutiveIds = false
  #age: { at: number; ms: Promise<number> } | null = null

  constructor(options: OutboxOptions) {
    this.#options = options
    const { db, producer, log, metrics, lingerMs = LINGER_MS } = options
    const published = metrics.counter(
      'holdfast_outbox_published_total',
      'Outbox rows published; path tells who: handover = the process that wrote them, sweep = the leader',
      ['path'],
    )
    const onPublished = (path: 'handover' | 'sweep', count: number) =>
      published.inc({ path }, count)
    this.#relay = new Relay({ db, producer, log, lingerMs, onPublished })
    this.#leader = new Leader({ db, role: 'outbox', log })
    const { relay, leader } = { relay: this.#relay, leader: this.#leader }
    this.#sweeper = new Sweeper({ db, producer, log, relay, leader, onPublished })
    metrics.gauge('holdfast_outbox_oldest_age_seconds', 'Age of the oldest unpublished row', {
      // Without SQL the age is not known; the other figures must be served all the same.
      collect: async (gauge) => {
        const ageMs = await this.oldestAgeMs().catch(() => Number.NaN)
        gauge.set(ageMs / 1_000)
      },
    })
    metrics.gauge('holdfast_outbox_handover_rows', 'Rows in memory on their way to Kafka', {
      collect: (gauge) => gauge.set(relay.size),
    })
  }

  /** Needs the migrated database and a started producer. */
  async start(): Promise<void> {
    this.#hasConsecutiveIds = await idsAreConsecutive(this.#options.db)
    this.#relay.open()
    await this.#leader.start()
    this.#sweeper.start()
  }

  /** Publishes and marks what is in memory, as far as Kafka and SQL let it. */
  async stop(): Promise<void> {
    await this.#sweeper.stop()
    await this.#relay.close()
    await this.#leader.stop()
  }

  /**
   * Adds messages to the transaction. They are published only if it commits.
   *
   * @returns a handle for `committed`
   * @throws RangeError when a message is larger than BODY_BYTES_MAX, OperationalError
   *   SQL_CONFLICT (not retriable) when a message with the same id was added before
   */
  async add(tx: Transaction, messages: readonly NewMessage[]): Promise<Added> {
    const rows: HandedRow[] = []
    if (messages.length === 0) return { rows }
    const all = messages.map((one) => this.#rowOf(one))
    for (const { firstId, from, count } of await insert(tx, all)) {
      for (const [index, row] of all.slice(from, from + count).entries()) {
        rows.push({ ...row, id: this.#hasConsecutiveIds ? firstId + index : null })
      }
    }
    return { rows }
  }

  /** Call it right after the commit: the rows are published at once. Never throws. */
  committed(added: Added): void {
    this.#relay.offer(added.rows)
  }

  /** Age in ms of the oldest unpublished row, 0 when there is none; up to a second old. */
  oldestAgeMs(): Promise<number> {
    const now = performance.now()
    if (!this.#age || now - this.#age.at > AGE_CACHE_MS) {
      const ms = oldestUnpublishedAgeMs(this.#options.db)
      ms.catch(() => {
        this.#age = null
      })
      this.#age = { at: now, ms }
    }
    return this.#age.ms
  }

  /** For readiness: rows do get published. */
  async check(): Promise<Check> {
    const ageMs = await this.oldestAgeMs()
    if (ageMs <= OLDEST_MS_MAX) return { ok: true }
    return { ok: false, detail: `the oldest unpublished message is ${Math.round(ageMs)} ms old` }
  }

  #rowOf(message: NewMessage): NewRow {
    const full = {
      ...message,
      id: message.id ?? newEventId(),
      time: message.time ?? new Date().toISOString(),
      source: this.#options.source,
    } as Message
    const body = encodeMessage(full)
    if (Buffer.byteLength(body) > BODY_BYTES_MAX) {
      throw new RangeError(`message ${full.id} is larger than ${BODY_BYTES_MAX} bytes`)
    }
    const { id, topic, payload } = full
    return { event_id: id, topic, event_key: payload.reservationId, body }
  }
}

async function insert(tx: Transaction, rows: readonly NewRow[]): Promise<InsertedPart[]> {
  try {
    return await insertRows(tx, rows)
  } catch (cause) {
    if (!isDuplicateKey(cause, 'outbox_by_event')) throw cause
    const detail = 'a message with this id is in the outbox already'
    throw new OperationalError('SQL_CONFLICT', { retriable: false, detail, cause })
  }
}
