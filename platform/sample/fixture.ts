/** What tests around the sample worker ask of SQL and Kafka. */
import type { Message } from '../../contracts/message.ts'
import { KafkaConnection } from '../kafka/connection.ts'
import { KafkaProducer } from '../kafka/producer.ts'
import { readCommittedToEnd } from '../kafka/readRange.ts'
import { untilTopicsAnswer } from '../kafka/topics.ts'
import { createLog } from '../log.ts'
import { Database } from '../mysql/database.ts'
import { uniqueName, waitFor } from '../testing/infra.ts'
import { recordOf } from './messages.ts'
import { Worker } from './worker.ts'

const log = createLog('test', 'silent')

/** Rows found for a set of messages. */
export interface Effects {
  /** Messages that have at least one effect. */
  handled: number
  /** Effects beyond the first of each message. */
  doubled: number
  /** Who has written them, by pid. */
  by: Map<number, number>
}

/** One group with its database, its workers and a producer to feed them. */
export class SampleWorld {
  readonly group: string
  readonly connection: KafkaConnection
  readonly producer: KafkaProducer
  readonly #urls: { kafkaBrokers: string; mysqlUrl: string }
  readonly #workers: Worker[] = []
  readonly #db: Database

  constructor(urls: { kafkaBrokers: string; mysqlUrl: string }) {
    this.group = uniqueName('t_sample').replace('-', '_')
    this.#urls = { kafkaBrokers: urls.kafkaBrokers, mysqlUrl: urls.mysqlUrl }
    const brokers = urls.kafkaBrokers
    this.connection = new KafkaConnection({ brokers, clientId: this.group, log })
    this.producer = new KafkaProducer({ connection: this.connection })
    this.#db = new Database({ url: urls.mysqlUrl, database: this.group, poolSize: 2, log })
  }

  async open(): Promise<void> {
    await untilTopicsAnswer(this.connection, ['ticket_cancel', 'payment_refund'])
    await this.producer.start()
    await this.#db.start()
  }

  /** Ends every worker that still lives and drops the database. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()))
    await this.#db.execute(`DROP DATABASE IF EXISTS ${this.group}`)
    await this.#db.stop()
    await this.producer.stop()
  }

  startWorker(env: Record<string, string> = {}): Worker {
    const worker = new Worker({ ...this.#urls, group: this.group, env })
    this.#workers.push(worker)
    return worker
  }

  send(messages: readonly Message[]): Promise<void> {
    return this.producer.send(messages.map((one) => recordOf(one)))
  }

  async effectsOf(messages: readonly Message[]): Promise<Effects> {
    const rows = await this.#db.query<{ handled_by: string; n: number; ids: number }>(
      `SELECT handled_by, COUNT(*) AS n, COUNT(DISTINCT event_id) AS ids FROM effects
        WHERE event_id IN (?) GROUP BY handled_by`,
      [messages.map(({ id }) => id)],
    )
    const [all] = await this.#db.query<{ n: number; ids: number }>(
      'SELECT COUNT(*) AS n, COUNT(DISTINCT event_id) AS ids FROM effects WHERE event_id IN (?)',
      [messages.map(({ id }) => id)],
    )
    const { n = 0, ids = 0 } = all ?? {}
    return {
      handled: ids,
      doubled: n - ids,
      by: new Map(rows.map((row) => [Number(row.handled_by), row.n])),
    }
  }

  /** Waits until every message has its effect, and answers what was found then. */
  async allHandled(messages: readonly Message[], timeoutMs = 30_000): Promise<Effects> {
    const description = `${messages.length} effects`
    return waitFor(
      description,
      async () => {
        const effects = await this.effectsOf(messages)
        return effects.handled === messages.length ? effects : null
      },
      { timeoutMs, everyMs: 50 },
    )
  }

  /** Waits until the outbox is empty of unpublished rows. */
  async allPublished(timeoutMs = 30_000): Promise<void> {
    await waitFor(
      'the outbox to be published',
      async () => {
        const [row] = await this.#db.query<{ n: number }>(
          'SELECT COUNT(*) AS n FROM outbox WHERE published_at IS NULL',
        )
        return row?.n === 0
      },
      { timeoutMs, everyMs: 50 },
    )
  }

  /** Distinct refunds in Kafka per reservation of the messages, by how many there are. */
  async refundsOf(messages: readonly Message[]): Promise<{ missing: number; several: number }> {
    const ids = new Map(messages.map(({ payload }) => [payload.reservationId, new Set<string>()]))
    await readCommittedToEnd({
      connection: this.connection,
      group: uniqueName('reader'),
      topics: ['payment_refund'],
      each: async (batch) => {
        for (const { id, payload } of batch) ids.get(payload.reservationId)?.add(id)
      },
    })
    const counts = [...ids.values()].map(({ size }) => size)
    return {
      missing: counts.filter((count) => count === 0).length,
      several: counts.filter((count) => count > 1).length,
    }
  }

  /** How many of the messages became dead letters of this group. */
  async deadLettersOf(messages: readonly Message[]): Promise<number> {
    const keys = new Set(messages.map(({ payload }) => payload.reservationId))
    const found: string[] = []
    const consumer = this.connection.client().consumer({ groupId: uniqueName('dlq') })
    const admin = this.connection.admin()
    await admin.connect()
    await consumer.connect()
    try {
      const offsets = await admin.fetchTopicOffsets('ticket_cancel.DLQ')
      let left = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
      if (left === 0) return 0
      await consumer.subscribe({ topic: 'ticket_cancel.DLQ', fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachMessage: async ({ message: { key, headers = {} } }) => {
          left -= 1
          const isOurs = String(headers.dlq_group) === this.group && keys.has(String(key))
          if (isOurs) found.push(String(headers.dlq_offset))
        },
      })
      await waitFor('all dead letters to be read', () => left <= 0)
      return found.length
    } finally {
      await consumer.disconnect()
      await admin.disconnect()
    }
  }
}
