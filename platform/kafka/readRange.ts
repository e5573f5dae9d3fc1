/**
 * Reads a stretch of topics again without disturbing the group that consumes them: everything
 * from that group's committed offsets to the end as seen at the start. Used to rebuild state.
 */
import { randomUUID } from 'node:crypto'
import kafkajs, { type Admin, type Consumer, type EachBatchPayload } from 'kafkajs'
import { decodeMessage, type Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import { OperationalError } from '../errors.ts'
import type { KafkaConnection } from './connection.ts'
import { type FetchedRecord, isForAnother } from './deadLetter.ts'

const FETCH_WAIT_MS = 100
/** Nothing read for this long means that the broker is away. */
const SILENCE_MS_MAX = 30_000

export interface ReadRangeOptions {
  connection: KafkaConnection
  group: string
  topics: readonly Topic[]
  each: (messages: Message[]) => Promise<void>
}

/** What is left to read of one partition; offsets grow, `next` reaches `end`. */
interface Stretch {
  topic: Topic
  partition: number
  next: bigint
  end: bigint
}

/**
 * Calls `each` with the messages from the committed offsets of `group` (from the beginning where
 * it has none) to the high watermarks seen at the start: in order within a partition, one call at
 * a time. Undecodable records and replays for other groups are passed over. The group itself is
 * neither joined nor moved.
 *
 * @returns how many messages `each` was given
 * @throws OperationalError KAFKA_UNAVAILABLE, or whatever `each` throws
 */
export async function readCommittedToEnd(options: ReadRangeOptions): Promise<{ read: number }> {
  const { connection } = options
  const admin = connection.admin()
  try {
    await admin.connect()
    const stretches = await stretchesOf(admin, options)
    if (stretches.size === 0) return { read: 0 }
    return await new Reading(options, stretches).run(admin)
  } catch (error) {
    throw error instanceof kafkajs.KafkaJSError ? unavailable(error) : error
  } finally {
    await admin.disconnect().catch((error: unknown) => {
      connection.log.debug({ err: error }, 'the admin client did not disconnect')
    })
  }
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`

const unavailable = (cause: Error) =>
  new OperationalError('KAFKA_UNAVAILABLE', { retriable: true, detail: cause.message, cause })

async function stretchesOf(
  admin: Admin,
  { group, topics }: ReadRangeOptions,
): Promise<Map<string, Stretch>> {
  const stretches = new Map<string, Stretch>()
  const committed = await admin.fetchOffsets({ groupId: group, topics: [...topics] })
  for (const topic of topics) {
    const ofGroup = committed.find((one) => one.topic === topic)?.partitions ?? []
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      const known = BigInt(ofGroup.find((one) => one.partition === partition)?.offset ?? -1)
      const next = known > BigInt(low) ? known : BigInt(low)
      const end = BigInt(high)
      if (next < end) stretches.set(keyOf(topic, partition), { topic, partition, next, end })
    }
  }
  return stretches
}

/** One pass over all stretches with a throw-away group. */
class Reading {
  readonly #options: ReadRangeOptions
  readonly #stretches: Map<string, Stretch>
  readonly #consumer: Consumer
  readonly #groupId = `read-${randomUUID()}`
  #read = 0
  #movedAt = Date.now()
  #finish: (error?: unknown) => void = () => undefined

  constructor(options: ReadRangeOptions, stretches: Map<string, Stretch>) {
    this.#options = options
    this.#stretches = stretches
    this.#consumer = options.connection.client().consumer({
      groupId: this.#groupId,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      minBytes: 1,
    })
  }

  async run(admin: Admin): Promise<{ read: number }> {
    const finished = new Promise<void>((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error))
    })
    const watch = setInterval(() => {
      if (Date.now() - this.#movedAt > SILENCE_MS_MAX) {
        this.#finish(unavailable(new Error(`nothing could be read for ${SILENCE_MS_MAX} ms`)))
      }
    }, 1_000)
    try {
      await this.#begin()
      await finished
      return { read: this.#read }
    } finally {
      clearInterval(watch)
      await this.#end(admin)
    }
  }

  async #begin(): Promise<void> {
    const consumer = this.#consumer
    const topics = [...new Set([...this.#stretches.values()].map((one) => one.topic))]
    await consumer.connect()
    await consumer.subscribe({ topics, fromBeginning: true })
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      if (!restart) this.#finish(error)
    })
    // A seek set before the first answer of a fetch makes kafkajs drop that answer. It is lost
    // when the group is joined anew, so every join sets it again.
    consumer.on(consumer.events.GROUP_JOIN, () => this.#seek())
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.#eachBatch(payload),
    })
  }

  #seek(): void {
    for (const { topic, partition, next } of this.#stretches.values()) {
      this.#consumer.seek({ topic, partition, offset: String(next) })
    }
  }

  async #eachBatch({ batch, resolveOffset, heartbeat }: EachBatchPayload): Promise<void> {
    const stretch = this.#stretches.get(keyOf(batch.topic, batch.partition))
    // kafkajs's own idea of where the batch ends counts control records too.
    const last = BigInt(batch.lastOffset())
    if (stretch) {
      const messages = this.#messagesOf(stretch, batch.messages)
      // However long the reader takes, it is not the broker that is silent.
      this.#movedAt = Number.POSITIVE_INFINITY
      try {
        if (messages.length > 0) await this.#options.each(messages)
      } catch (error) {
        this.#finish(error ?? new Error('the reader failed'))
        return
      }
      this.#read += messages.length
      stretch.next = last + 1n
      this.#movedAt = Date.now()
      if (stretch.next >= stretch.end) this.#stretches.delete(keyOf(batch.topic, batch.partition))
    }
    resolveOffset(batch.lastOffset())
    if (this.#stretches.size === 0) this.#finish()
    await heartbeat()
  }

  #messagesOf(stretch: Stretch, records: EachBatchPayload['batch']['messages']): Message[] {
    const { topic, partition, next, end } = stretch
    return records.flatMap(({ offset, key, value, headers = {} }) => {
      if (BigInt(offset) < next || BigInt(offset) >= end) return []
      const record: FetchedRecord = { topic, partition, offset, key, value, headers }
      if (isForAnother(record, this.#options.group)) return []
      const decoded = decodeMessage(topic, value)
      return decoded.ok ? [decoded.message] : []
    })
  }

  async #end(admin: Admin): Promise<void> {
    try {
      await this.#consumer.disconnect()
      await admin.deleteGroups([this.#groupId])
    } catch (error) {
      // The broker forgets an empty group by itself.
      this.#options.connection.log.debug({ err: error }, 'a reading group was left behind')
    }
  }
}
