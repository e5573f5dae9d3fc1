/**
 * Reads stretches of topics once, as they lie on the broker, without disturbing any group: for
 * rebuilding state, for checking it, and for operators.
 */
import { randomUUID } from 'node:crypto'
import type { Admin, Consumer, EachBatchPayload } from 'kafkajs'
import type { KafkaConnection } from './connection.ts'
import { isBrokerTrouble, kafkaUnavailable, untilAnswered } from './patience.ts'

const FETCH_WAIT_MS = 100
/**
 * What is fetched at a time is in memory several times over: as bytes, as records, and as what the
 * reader makes of them.
 */
const FETCH_BYTES_MAX = 1_024 * 1_024
const FETCH_BYTES_PER_PARTITION = 256 * 1_024
const START_MS_MAX = 30_000
/** Nothing read for this long means that the broker is away. */
const SILENCE_MS_MAX = 30_000

/** A record as it lies on the broker. */
export interface ScannedRecord {
  topic: string
  partition: number
  offset: string
  /** When it was written, in epoch milliseconds, by the clock of who wrote it. */
  timestampMs: number
  key: Buffer | null
  value: Buffer | null
  headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>
}

/** What to read of one partition: offsets from `next` up to, not including, `end`. */
export interface Stretch {
  topic: string
  partition: number
  next: bigint
  end: bigint
}

export interface ScanOptions {
  connection: KafkaConnection
  /** Chooses the stretches; empty ones are passed over. */
  stretches: (admin: Admin) => Promise<readonly Stretch[]>
  each: (records: ScannedRecord[]) => Promise<void> | void
}

/**
 * Calls `each` with the records of the stretches: in order within a partition, one call at a time.
 *
 * @throws OperationalError KAFKA_UNAVAILABLE, or whatever `each` throws
 */
export async function scan(options: ScanOptions): Promise<void> {
  const { connection } = options
  const admin = connection.admin()
  try {
    // A broker that has just started loads its groups and leads its partitions a moment later.
    const chosen = await untilAnswered(async () => {
      await admin.connect()
      return options.stretches(admin)
    }, START_MS_MAX)
    const stretches = new Map<string, Stretch>()
    for (const stretch of chosen) {
      if (stretch.next < stretch.end) stretches.set(keyOf(stretch), { ...stretch })
    }
    if (stretches.size > 0) await new Scanning(options, stretches).run(admin)
  } catch (error) {
    throw isBrokerTrouble(error) ? kafkaUnavailable(error) : error
  } finally {
    await admin.disconnect().catch((error: unknown) => {
      connection.log.debug({ err: error }, 'the admin client did not disconnect')
    })
  }
}

/** Everything that the topics hold now, from the oldest record on. */
export async function wholeTopics(admin: Admin, topics: readonly string[]): Promise<Stretch[]> {
  const stretches = topics.map(async (topic) =>
    (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => ({
      topic,
      partition,
      next: BigInt(low),
      end: BigInt(high),
    })),
  )
  return (await Promise.all(stretches)).flat()
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }): string =>
  `${topic}/${partition}`

/** One pass over all stretches with a throw-away group. */
class Scanning {
  readonly #options: ScanOptions
  readonly #stretches: Map<string, Stretch>
  readonly #consumer: Consumer
  readonly #groupId = `read-${randomUUID()}`
  #movedAt = Date.now()
  #finish: (error?: unknown) => void = () => undefined

  constructor(options: ScanOptions, stretches: Map<string, Stretch>) {
    this.#options = options
    this.#stretches = stretches
    this.#consumer = options.connection.client().consumer({
      groupId: this.#groupId,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      minBytes: 1,
      maxBytes: FETCH_BYTES_MAX,
      maxBytesPerPartition: FETCH_BYTES_PER_PARTITION,
    })
  }

  async run(admin: Admin): Promise<void> {
    const finished = new Promise<void>((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error))
    })
    const watch = setInterval(() => {
      if (Date.now() - this.#movedAt > SILENCE_MS_MAX) {
        this.#finish(kafkaUnavailable(`nothing could be read for ${SILENCE_MS_MAX} ms`))
      }
    }, 1_000)
    try {
      await this.#begin()
      await finished
    } finally {
      clearInterval(watch)
      await this.#end(admin)
    }
  }

  async #begin(): Promise<void> {
    const consumer = this.#consumer
    const topics = [...new Set([...this.#stretches.values()].map(({ topic }) => topic))]
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
    const stretch = this.#stretches.get(keyOf(batch))
    if (stretch) {
      const records = recordsOf(stretch, batch)
      // However long the reader takes, it is not the broker that is silent.
      this.#movedAt = Number.POSITIVE_INFINITY
      try {
        if (records.length > 0) await this.#options.each(records)
      } catch (error) {
        this.#finish(error ?? new Error('the reader failed'))
        return
      }
      // kafkajs's own idea of where the batch ends counts control records too.
      stretch.next = BigInt(batch.lastOffset()) + 1n
      this.#movedAt = Date.now()
      if (stretch.next >= stretch.end) this.#stretches.delete(keyOf(batch))
    }
    resolveOffset(batch.lastOffset())
    if (this.#stretches.size === 0) this.#finish()
    await heartbeat()
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

function recordsOf(stretch: Stretch, batch: EachBatchPayload['batch']): ScannedRecord[] {
  const { topic, partition, next, end } = stretch
  return batch.messages.flatMap(({ offset, timestamp, key, value, headers = {} }) =>
    BigInt(offset) < next || BigInt(offset) >= end
      ? []
      : [{ topic, partition, offset, timestampMs: Number(timestamp), key, value, headers }],
  )
}
