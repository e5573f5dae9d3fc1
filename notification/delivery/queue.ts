/**
 * BullMQ as the alarm clock of deliveries. A job names notifications that should be looked at, now
 * or later; whether there is anything to do is decided by their rows. So a job too many does
 * nothing, and one that got lost is made anew by the sweep.
 */
import { randomUUID } from 'node:crypto'
import { Queue } from 'bullmq'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import { within } from '../../platform/within.ts'
import { connectRedis, type RedisClient } from './redis.ts'

export const QUEUE_NAME = 'deliveries'
/** A hash tag, so that all keys of the queue live on one node of a Redis Cluster. */
export const QUEUE_PREFIX = '{notification}'

export interface DeliveryJob {
  keys: readonly string[]
}

/** Notifications per job. One job for each would cost more than all the rest of a delivery. */
export const KEYS_PER_JOB_MAX = 50
/** With this many jobs waiting no more are added; rows wait in SQL until there is room. */
export const WAITING_JOBS_MAX = 10_000
const COMMAND_MS_MAX = 2_000
/** Without Redis BullMQ's own closing never ends. */
const CLOSING_MS_MAX = 1_000
const EVENTS_KEPT_MAX = 100
/** When claiming fails because SQL is away, the job itself is tried again before the sweep acts. */
const JOB_ATTEMPTS_MAX = 5
const JOB_BACKOFF_MS = 1_000

export class DeliveryQueue implements Component {
  readonly name = 'delivery queue'
  readonly #redisUrl: string
  readonly #log: Log
  #client: RedisClient | null = null
  #queue: Queue<DeliveryJob> | null = null
  #isFull = false

  constructor(options: { redisUrl: string; log: Log }) {
    this.#redisUrl = options.redisUrl
    this.#log = options.log
  }

  /** Does not wait for Redis: without it rows are kept, and delivered when it is back. */
  async start(): Promise<void> {
    const client = connectRedis(this.#redisUrl, {
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      commandTimeout: COMMAND_MS_MAX,
      maxRetriesPerRequest: 0,
    })
    client.on('error', (error) => this.#log.debug({ err: error }, 'the queue has no Redis'))
    this.#client = client
    this.#queue = new Queue<DeliveryJob>(QUEUE_NAME, {
      connection: client,
      prefix: QUEUE_PREFIX,
      skipVersionCheck: true,
      skipWaitingForReady: true,
      streams: { events: { maxLen: EVENTS_KEPT_MAX } },
      defaultJobOptions: {
        removeOnComplete: true,
        removeOnFail: true,
        attempts: JOB_ATTEMPTS_MAX,
        backoff: { type: 'exponential', delay: JOB_BACKOFF_MS },
      },
    })
    this.#queue.on('error', (error) => this.#log.debug({ err: error }, 'the queue has no Redis'))
  }

  async stop(): Promise<void> {
    const queue = this.#queue
    this.#queue = null
    if (queue)
      await within(
        queue.close().catch(() => undefined),
        CLOSING_MS_MAX,
      )
    this.#client?.disconnect()
  }

  /** Has notifications looked at in `delayMs`. Never throws: the sweep finds what was not added. */
  wake(keys: readonly string[], delayMs = 0): void {
    if (!this.#queue || this.#isFull || keys.length === 0) return
    const jobs = []
    for (let from = 0; from < keys.length; from += KEYS_PER_JOB_MAX) {
      jobs.push({
        name: 'deliver',
        data: { keys: keys.slice(from, from + KEYS_PER_JOB_MAX) },
        // An id is never used twice: BullMQ would take a job whose id it remembers, a failed one
        // included, for added already.
        opts: { jobId: randomUUID(), delay: delayMs },
      })
    }
    this.#queue.addBulk(jobs).catch((error: unknown) => {
      this.#log.warn({ err: error, notifications: keys.length }, 'not queued, the sweep will be')
    })
  }

  /** Looks whether there is room; without Redis there is none. */
  async hasRoom(): Promise<boolean> {
    try {
      const waiting = (await this.#queue?.getWaitingCount()) ?? WAITING_JOBS_MAX
      this.#isFull = waiting >= WAITING_JOBS_MAX
      return !this.#isFull
    } catch (error) {
      this.#log.debug({ err: error }, 'the queue has no Redis')
      return false
    }
  }
}
