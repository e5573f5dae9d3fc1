/**
 * A member of a consumer group that hands decoded messages to `apply` in batches.
 *
 * Offsets are committed only for what is settled: applied in SQL, skipped, or a dead letter. They
 * are committed within COMMIT_MS, and before the partitions change hands or the consumer stops.
 * What was settled but not yet committed when a process dies comes again; the inbox knows it.
 * While a batch is worked on, or waits for a dependency, heartbeats go on. A member that was
 * frozen beyond its session learns of it at its next heartbeat: its late commit is refused and it
 * joins again.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs'
import type { Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import { failpoint } from '../failpoints.ts'
import type { Check } from '../health.ts'
import type { Component } from '../lifecycle.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { LATE, within } from '../within.ts'
import { Aggregator } from './aggregator.ts'
import type { KafkaConnection } from './connection.ts'
import { consumerMetrics } from './consumerMetrics.ts'
import type { FetchedRecord } from './deadLetter.ts'
import { deadLetterGauges } from './deadLetterGauges.ts'
import { isBrokerTrouble, kafkaUnavailable, untilAnswered } from './patience.ts'
import type { RecordSender } from './producer.ts'
import { Progress } from './progress.ts'

/** Handles messages; when it resolves, their effects are durable. May be called again with them. */
export type Apply = (messages: Message[]) => Promise<void>

export interface MessageConsumerOptions {
  connection: KafkaConnection
  group: string
  topics: readonly Topic[]
  apply: Apply
  /** Where dead letters go through. */
  producer: RecordSender
  log: Log
  metrics: Metrics
  /** Messages per call of `apply` at most; 500 unless given. */
  batchMax?: number
  /** A member that is silent for this long loses its partitions; 10 s unless given. */
  sessionTimeoutMs?: number
}

export const BATCH_MAX = 500
export const SESSION_TIMEOUT_MS = 10_000
export const COMMIT_MS = 500
const HEARTBEAT_MS = 1_000
/**
 * How long the broker holds a fetch when there is nothing; with one byte it answers at once. Short
 * enough that a stop or a rebalance need not wait long, long enough to cost nothing when idle.
 */
const FETCH_WAIT_MS = 500
const FETCH_BYTES_PER_PARTITION = 256 * 1024
/** More than the partitions of any one fetch, so that all of them share a batch. */
const PARTITIONS_AT_ONCE = 128
const START_MS_MAX = 60_000
const REVIVE_MS = 500
const FAREWELL_MS = 5_000
/**
 * A consumer that gives up leaves its group, and the next one must wait until the session of the
 * first is over. So it calls a lost broker for as long as it lives; readiness tells of it.
 */
const RETRIES_UNLIMITED = Number.MAX_SAFE_INTEGER
/** A start does not wait longer for the group: a member that died may hold it up. */
const JOIN_WAIT_MS = 15_000

export class MessageConsumer implements Component {
  readonly name = 'kafka consumer'
  readonly #options: MessageConsumerOptions
  readonly #aggregator: Aggregator
  readonly #progress: Progress
  #consumer: Consumer | null = null
  #batch: EachBatchPayload | null = null
  #heartbeat: NodeJS.Timeout | null = null
  #commitTimer: NodeJS.Timeout | null = null
  #committing: Promise<void> = Promise.resolve()
  /** Why the group must be joined again, until it is. */
  #rejoin: unknown = null
  #drained: Promise<void> | null = null
  #report: ((error: unknown) => void) | null = null
  #onJoined: () => void = () => undefined

  constructor(options: MessageConsumerOptions) {
    this.#options = options
    this.#progress = new Progress()
    const { group, apply, producer, log, metrics, batchMax = BATCH_MAX } = options
    const lag = () => this.#progress.lagByTopic()
    const figures = consumerMetrics(metrics, { group, lag })
    deadLetterGauges(metrics, { connection: options.connection, topics: options.topics })
    this.#aggregator = new Aggregator({ group, apply, producer, batchMax, log, metrics: figures })
  }

  onFatal(report: (error: unknown) => void): void {
    this.#report = report
  }

  /**
   * Connects, subscribes from the committed offsets (from the beginning where there are none) and
   * joins the group; keeps trying for a minute.
   *
   * @throws OperationalError KAFKA_UNAVAILABLE when the broker or a topic is not there in time
   */
  async start(): Promise<void> {
    const { connection, group, topics, log, sessionTimeoutMs = SESSION_TIMEOUT_MS } = this.#options
    const consumer = connection.client(RETRIES_UNLIMITED).consumer({
      groupId: group,
      allowAutoTopicCreation: false,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.min(HEARTBEAT_MS, Math.floor(sessionTimeoutMs / 4)),
      maxWaitTimeInMs: FETCH_WAIT_MS,
      minBytes: 1,
      maxBytesPerPartition: FETCH_BYTES_PER_PARTITION,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: RETRIES_UNLIMITED },
    })
    this.#consumer = consumer
    this.#listen(consumer)
    const connected = await within(consumer.connect(), START_MS_MAX)
    if (connected === LATE) throw kafkaUnavailable('no broker answers')
    const subscription = { topics: [...topics], fromBeginning: true }
    await untilAnswered(() => consumer.subscribe(subscription), START_MS_MAX)
    const joined = new Promise<void>((resolve) => {
      this.#onJoined = resolve
    })
    this.#run(consumer)
    this.#heartbeat = setInterval(() => void this.#beat(), HEARTBEAT_MS / 2)
    if ((await within(joined, JOIN_WAIT_MS)) === LATE) {
      log.warn({ group }, 'the group is not joined yet')
    }
  }

  /** Finishes what is in flight, commits, leaves the group. */
  async stop(): Promise<void> {
    const consumer = this.#consumer
    if (!consumer || this.#drained) return
    let letGo: () => void = () => undefined
    this.#drained = new Promise((resolve) => {
      letGo = resolve
    })
    await this.#aggregator.release()
    if (this.#heartbeat) clearInterval(this.#heartbeat)
    // Without a broker there is nobody to say farewell to: the session will time out.
    const farewell = await within(this.#sayFarewell(consumer, letGo), FAREWELL_MS)
    if (farewell === LATE) this.#options.log.warn('the group could not be left')
    letGo()
    if (this.#commitTimer) clearTimeout(this.#commitTimer)
    this.#consumer = null
  }

  async #sayFarewell(consumer: Consumer, letGo: () => void): Promise<void> {
    await this.#commit()
    letGo()
    try {
      await consumer.disconnect()
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the consumer did not disconnect cleanly')
    }
  }

  /** For readiness: joined, fetching, and what was fetched is being settled. */
  check(): Check {
    return this.#progress.check()
  }

  #listen(consumer: Consumer): void {
    const { events } = consumer
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#rejoin = null
      this.#aggregator.forget()
      this.#progress.assigned(payload.memberAssignment)
      this.#options.log.info({ assignment: payload.memberAssignment }, 'joined the group')
      this.#onJoined()
    })
    // The group is about to be joined again: the last chance to commit as the old member.
    consumer.on(events.REBALANCING, () => this.#commit())
    consumer.on(events.FETCH, () => this.#progress.fetched())
    consumer.on(events.CRASH, ({ payload: { error, restart } }) => {
      this.#progress.left()
      if (restart) return
      if (isBrokerTrouble(error)) void this.#revive(consumer, error)
      else this.#fatal(error)
    })
  }

  #run(consumer: Consumer): void {
    const eachBatch = (payload: EachBatchPayload) => this.#eachBatch(payload)
    consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch,
      })
      .catch((error: unknown) => this.#fatal(error))
  }

  /**
   * kafkajs gives up for good when a broker that is just starting, or just dying, cannot name the
   * group's coordinator. That is no reason for a process to die: it begins again.
   */
  async #revive(consumer: Consumer, reason: Error): Promise<void> {
    this.#options.log.warn({ err: reason }, 'the consumer begins again')
    try {
      await pause(REVIVE_MS)
      await untilAnswered(async () => {
        if (!this.#drained) await consumer.connect()
      }, START_MS_MAX)
      if (!this.#drained) this.#run(consumer)
    } catch (error) {
      this.#fatal(error)
    }
  }

  /** The process must not live on without its consumer. */
  #fatal(error: unknown): void {
    if (this.#drained) return
    if (!this.#report) throw error
    this.#report(error)
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    if (this.#drained) return this.#drained
    if (this.#rejoin) throw this.#rejoin
    failpoint('consumer.handed-over')
    const { batch, resolveOffset } = payload
    const topic = batch.topic as Topic
    const { partition } = batch
    this.#batch = payload
    this.#progress.handed({ topic, partition, highWatermark: batch.highWatermark })
    await this.#aggregator.take({
      records: batch.messages.map((message) => recordOf(topic, partition, message)),
      onSettled: (offset) => {
        resolveOffset(offset)
        this.#progress.settled({ topic, partition, offset })
        this.#commitTimer ??= setTimeout(() => void this.#commit(), COMMIT_MS)
      },
      onHeld: (delayMs) => this.#hold(topic, partition, delayMs),
    })
    this.#progress.released({ topic, partition })
    if (this.#drained) return this.#drained
    if (!this.#rejoin) return
    await this.#commit()
    throw this.#rejoin
  }

  /** Leaves a partition alone for a while; what is not settled is then fetched again. */
  #hold(topic: Topic, partition: number, delayMs: number): void {
    const where = [{ topic, partitions: [partition] }]
    this.#consumer?.pause(where)
    setTimeout(() => {
      // Between a crash of the consumer and its restart there is nothing to resume.
      try {
        this.#consumer?.resume(where)
      } catch (error) {
        this.#options.log.debug({ err: error, topic, partition }, 'nothing to resume')
      }
    }, delayMs)
  }

  async #beat(): Promise<void> {
    if (!this.#aggregator.isBusy || this.#rejoin) return
    try {
      await this.#batch?.heartbeat()
    } catch (error) {
      if (!mustRejoin(error)) {
        this.#options.log.debug({ err: error }, 'a heartbeat failed')
        return
      }
      this.#rejoin = error
      await this.#aggregator.release()
    }
  }

  /** Commits what is settled, one commit at a time. Never throws: what fails is sent again. */
  #commit(): Promise<void> {
    this.#committing = this.#committing.then(async () => {
      if (this.#commitTimer) clearTimeout(this.#commitTimer)
      this.#commitTimer = null
      const taken = this.#progress.takeUncommitted()
      if (taken.offsets.length === 0) return
      try {
        failpoint('consumer.before-commit')
        await this.#consumer?.commitOffsets(taken.offsets)
      } catch (error) {
        // A member of the past must not commit; a broker that is away gets it later. The join
        // forgets what is not ours any more.
        this.#progress.putBack(taken)
        this.#options.log.debug({ err: error }, 'offsets could not be committed')
        if (!this.#drained && !this.#rejoin) {
          this.#commitTimer ??= setTimeout(() => void this.#commit(), COMMIT_MS)
        }
      }
    })
    return this.#committing
  }
}

/** The coordinator does not count us as a member of the current generation any more. */
function mustRejoin(error: unknown): boolean {
  const type = (error as { type?: string } | null)?.type
  return (
    type === 'REBALANCE_IN_PROGRESS' ||
    type === 'ILLEGAL_GENERATION' ||
    type === 'UNKNOWN_MEMBER_ID' ||
    type === 'NOT_COORDINATOR_FOR_GROUP'
  )
}

function recordOf(topic: Topic, partition: number, message: KafkaMessage): FetchedRecord {
  const { offset, key, value, headers = {} } = message
  return { topic, partition, offset, key, value, headers }
}
