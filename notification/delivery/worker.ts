/** Takes jobs from the queue and has the notifications that they name delivered. */
import { Worker } from 'bullmq'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import { within } from '../../platform/within.ts'
import { type DeliveryJob, QUEUE_NAME, QUEUE_PREFIX } from './queue.ts'
import { connectRedis, type RedisClient } from './redis.ts'

export interface DeliveryWorkerOptions {
  redisUrl: string
  deliver: (keys: readonly string[]) => Promise<void>
  log: Log
}

/** Jobs at once: while one waits for a slow mail server, others go on. */
const CONCURRENCY = 4
/**
 * How many workers a job may see die. BullMQ fails a job for good at its second death unless told
 * otherwise, but a notification outlives any number of them.
 */
const STALLED_MAX = 1_000
/** How long an idle worker blocks in Redis. */
const IDLE_S = 10
/** A stop waits this long for what is being sent; the rows of the rest become free by themselves. */
const SENDING_MS_MAX = 8_000
/** Without Redis BullMQ's own closing never ends. */
const CLOSING_MS_MAX = 1_000

export class DeliveryWorker implements Component {
  readonly name = 'delivery worker'
  readonly #options: DeliveryWorkerOptions
  #client: RedisClient | null = null
  #worker: Worker<DeliveryJob> | null = null
  readonly #sending = new Set<Promise<void>>()

  constructor(options: DeliveryWorkerOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { redisUrl, log } = this.#options
    // Blocking reads wait for Redis to come back, however long that takes.
    const client = connectRedis(redisUrl, { maxRetriesPerRequest: null })
    client.on('error', (error) => log.debug({ err: error }, 'the worker has no Redis'))
    this.#client = client
    const worker = new Worker<DeliveryJob>(QUEUE_NAME, (job) => this.#send(job.data.keys), {
      connection: client,
      prefix: QUEUE_PREFIX,
      skipVersionCheck: true,
      concurrency: CONCURRENCY,
      maxStalledCount: STALLED_MAX,
      drainDelay: IDLE_S,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    })
    worker.on('error', (error) => log.debug({ err: error }, 'the worker has no Redis'))
    worker.on('failed', (_job, error) => log.warn({ err: error }, 'a delivery job failed'))
    this.#worker = worker
  }

  /** Takes no more jobs and lets what is being sent come to its end. */
  async stop(): Promise<void> {
    const worker = this.#worker
    if (!worker) return
    this.#worker = null
    const closing = worker.close()
    await within(Promise.allSettled(this.#sending), SENDING_MS_MAX)
    await within(
      closing.catch(() => undefined),
      CLOSING_MS_MAX,
    )
    await within(
      worker.disconnect().catch(() => undefined),
      0,
    )
    this.#client?.disconnect()
  }

  async #send(keys: readonly string[]): Promise<void> {
    const sending = this.#options.deliver(keys)
    this.#sending.add(sending)
    try {
      await sending
    } finally {
      this.#sending.delete(sending)
    }
  }
}
