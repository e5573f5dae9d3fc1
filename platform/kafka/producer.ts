/**
 * Sends records to Kafka: acknowledged by all in-sync replicas, one request in flight, and what
 * arrives meanwhile is merged into the next. kafkajs's idempotent mode stays off: with concurrent
 * sends it acknowledged messages that were never written. Duplicates are the inbox's business.
 */
import kafkajs, { type Producer, type TopicMessages } from 'kafkajs'
import { OperationalError } from '../errors.ts'
import type { Component } from '../lifecycle.ts'
import type { KafkaConnection } from './connection.ts'
import { isBrokerTrouble, kafkaUnavailable, untilAnswered } from './patience.ts'

export interface OutgoingRecord {
  topic: string
  key: string | Buffer | null
  value: string | Buffer | null
  headers?: Readonly<Record<string, string | Buffer>>
}

export interface RecordSender {
  /** Resolves when every record is acknowledged by all in-sync replicas. */
  send(records: readonly OutgoingRecord[]): Promise<void>
}

/** Records in one request; more wait for the next. */
export const SEND_RECORDS_MAX = 2_000
/** Bytes in one request, below the 1 MiB that a broker takes per partition by default. */
export const SEND_BYTES_MAX = 900_000
/** Records that may wait; beyond it `send` refuses, for memory is not a queue. */
export const WAITING_RECORDS_MAX = 100_000
const START_MS_MAX = 60_000
const CONNECT_RETRIES_MAX = 1

const NOT_CONNECTED = 'the producer is not connected'

/** One call of send: it may be spread over requests, or share one with other calls. */
interface Ticket {
  left: number
  error: unknown
  resolve(): void
  reject(error: unknown): void
}

interface Waiting {
  record: OutgoingRecord
  bytes: number
  ticket: Ticket
}

export class KafkaProducer implements RecordSender, Component {
  readonly name = 'kafka producer'
  readonly #connection: KafkaConnection
  #producer: Producer | null = null
  #waiting: Waiting[] = []
  #pump: Promise<void> | null = null

  constructor(options: { connection: KafkaConnection }) {
    this.#connection = options.connection
  }

  /**
   * Connects, for up to a minute.
   *
   * @throws OperationalError KAFKA_UNAVAILABLE when no broker answers in time
   */
  async start(): Promise<void> {
    const producer = this.#connection.client(CONNECT_RETRIES_MAX).producer({
      idempotent: false,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      // Two to three seconds: a new leader is found in that time. For more the callers have the
      // patience that suits them.
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5 },
    })
    await untilAnswered(() => producer.connect(), START_MS_MAX)
    this.#producer = producer
  }

  /** Sends what waits, then disconnects. */
  async stop(): Promise<void> {
    await this.#pump
    const producer = this.#producer
    this.#producer = null
    await producer?.disconnect()
  }

  /**
   * Resolves when every record is acknowledged by all in-sync replicas. Records of one call keep
   * their order within a partition. After a failure any of them may have been written.
   *
   * @throws OperationalError KAFKA_UNAVAILABLE (retriable) when the broker is away, or the
   *   broker's own error when it refuses a record (too large, no such topic)
   */
  async send(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return
    if (!this.#producer) throw kafkaUnavailable(NOT_CONNECTED)
    if (this.#waiting.length + records.length > WAITING_RECORDS_MAX) {
      throw kafkaUnavailable(`${this.#waiting.length} records are waiting`)
    }
    const sent = new Promise<void>((resolve, reject) => {
      const ticket: Ticket = { left: records.length, error: undefined, resolve, reject }
      for (const record of records) {
        this.#waiting.push({ record, bytes: bytesOf(record), ticket })
      }
    })
    this.#pump ??= this.#run()
    return sent
  }

  async #run(): Promise<void> {
    // What else this tick sends shall be in the first request too.
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#sendBatch(this.#take())
    // In the same breath as the last look at the queue: a later `finally` would let a record slip
    // in that nobody sends.
    this.#pump = null
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { bytes: more } of this.#waiting) {
      if (count >= SEND_RECORDS_MAX || (count > 0 && bytes + more > SEND_BYTES_MAX)) break
      bytes += more
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    const tickets = new Set(batch.map((one) => one.ticket))
    try {
      await this.#request(batch)
      settle(batch, undefined)
    } catch (error) {
      if (tickets.size === 1 || isAway(error)) {
        settle(batch, isAway(error) ? kafkaUnavailable(error) : error)
        return
      }
      // One caller's record is refused: the others must not suffer for it.
      for (const ticket of tickets) {
        const part = batch.filter((one) => one.ticket === ticket)
        await this.#sendBatch(part)
      }
    }
  }

  async #request(batch: readonly Waiting[]): Promise<void> {
    const byTopic = new Map<string, TopicMessages>()
    for (const { record } of batch) {
      let entry = byTopic.get(record.topic)
      if (!entry) {
        entry = { topic: record.topic, messages: [] }
        byTopic.set(record.topic, entry)
      }
      const { key, value, headers } = record
      entry.messages.push(headers ? { key, value, headers: { ...headers } } : { key, value })
    }
    if (!this.#producer) throw kafkaUnavailable(NOT_CONNECTED)
    await this.#producer.sendBatch({ acks: -1, topicMessages: [...byTopic.values()] })
  }
}

function settle(batch: readonly Waiting[], error: unknown): void {
  for (const { ticket } of batch) {
    ticket.left -= 1
    ticket.error ??= error
    if (ticket.left > 0) continue
    if (ticket.error === undefined) ticket.resolve()
    else ticket.reject(ticket.error)
  }
}

function bytesOf({ key, value, headers }: OutgoingRecord): number {
  // A record's own framing takes some 20 bytes; text is counted as if it were mostly ASCII.
  let bytes = 20 + (key?.length ?? 0)
  if (value !== null) bytes += typeof value === 'string' ? Buffer.byteLength(value) : value.length
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0) + 4
  return bytes
}

/** The broker is away or unwell, as opposed to refusing what was sent. */
const isAway = (error: unknown): boolean =>
  error instanceof OperationalError ? error.retriable : isBrokerTrouble(error)
