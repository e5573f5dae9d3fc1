/**
 * The one reader of the logs in this process. Whoever needs to know what happens (seat maps,
 * waiting requests, the projector, the sweeper) listens here.
 */
import { compareLogIds } from '../../contracts/ids.ts'
import { createReader, type RedisClient, whenReady } from '../../lua/client.ts'
import type { LogEntry } from '../../lua/logEntry.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { RedisClock } from './redisClock.ts'
import { BLOCK_MS, StreamReader } from './streamReader.ts'

/** Called with the entries of one shard in order. Must not throw: that ends the process. */
export type TailListener = (shard: number, entries: readonly LogEntry[]) => void

export interface LogTailOptions {
  redisUrl: string
  shards: number
  /** SeatScripts.readTip, over the command connection. */
  readTip: (query: { shard: number }) => Promise<string>
  clock: RedisClock
  log: Log
  metrics: Metrics
}

interface Waiter {
  logId: string
  resolve: (isReached: boolean) => void
}

const START_WAIT_MS = 30_000

export class LogTail implements Component {
  readonly name = 'log tail'
  readonly #options: LogTailOptions
  readonly #clients: RedisClient[] = []
  readonly #readers: StreamReader[] = []
  readonly #listeners = new Set<TailListener>()
  readonly #waiters = new Map<number, Set<Waiter>>()
  readonly #lagSeconds
  #reportFatal: (error: unknown) => void
  /** Called when a log ends before what was read of it. */
  onBackwards: (shard: number) => void = () => {}

  constructor(options: LogTailOptions) {
    this.#options = options
    this.#reportFatal = (error) => options.log.fatal({ err: error }, 'the log tail cannot go on')
    this.#lagSeconds = options.metrics.histogram(
      'holdfast_log_lag_seconds',
      'From the append of an entry by a script to its arrival in this process',
    )
    for (const shards of this.#shares()) this.#addReader(shards)
  }

  /** The blocking connections, for whoever must know when one is lost. */
  get clients(): readonly RedisClient[] {
    return this.#clients
  }

  onFatal(report: (error: unknown) => void): void {
    this.#reportFatal = report
  }

  /** Waits up to 30 s for Redis, then stands at the end of every log. Throws RedisUnavailable. */
  async start(): Promise<void> {
    await Promise.all(this.#clients.map((client) => whenReady(client, START_WAIT_MS)))
    await Promise.all(this.#readers.map((reader) => reader.start()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.stop()))
    for (const waiters of this.#waiters.values())
      for (const waiter of waiters) waiter.resolve(false)
  }

  /** Hears of every entry from now on; answers how to stop hearing. */
  subscribe(listener: TailListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Log id of the last entry of the shard that all listeners have heard of. */
  positionOf(shard: number): string {
    return this.#readerOf(shard).positionOf(shard)
  }

  /** Reads again from `logId` on; for a log that begins anew before where this reader stands. */
  rewind(shard: number, logId: string): void {
    this.#readerOf(shard).rewind(shard, logId)
  }

  /**
   * Resolves true as soon as this process has applied the shard's log up to `logId`, and false
   * when it has not within `timeoutMs`.
   */
  reached(shard: number, logId: string, { timeoutMs }: { timeoutMs: number }): Promise<boolean> {
    if (compareLogIds(this.positionOf(shard), logId) >= 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const waiters = this.#waitersOf(shard)
      const end = (isReached: boolean) => {
        clearTimeout(timer)
        waiters.delete(waiter)
        resolve(isReached)
      }
      const waiter: Waiter = { logId, resolve: end }
      const timer = setTimeout(() => end(false), timeoutMs)
      waiters.add(waiter)
    })
  }

  /** A blocking read names keys of one slot on a Cluster, and of all shards elsewhere. */
  #shares(): number[][] {
    const all = Array.from({ length: this.#options.shards }, (_, shard) => shard)
    return this.#options.redisUrl.startsWith('redis-cluster:') ? all.map((one) => [one]) : [all]
  }

  #addReader(shards: readonly number[]): void {
    const { redisUrl, readTip, log } = this.#options
    const client = createReader({
      url: redisUrl,
      name: 'holdfast-tail',
      blockMsMax: BLOCK_MS,
      onError: (error) => log.debug({ err: error }, 'the log tail has no connection'),
    })
    this.#clients.push(client)
    this.#readers.push(
      new StreamReader({
        client,
        shards,
        readTip: (shard) => readTip({ shard }),
        onEntries: (shard, entries) => this.#hear(shard, entries),
        onBackwards: (shard) => this.onBackwards(shard),
        onFatal: (error) => this.#reportFatal(error),
      }),
    )
  }

  #hear(shard: number, entries: readonly LogEntry[]): void {
    for (const listener of this.#listeners) listener(shard, entries)
    const last = entries.at(-1) as LogEntry
    this.#lagSeconds.observe(this.#options.clock.ageMs(last.atMs) / 1_000)
    const waiters = this.#waiters.get(shard)
    if (!waiters?.size) return
    for (const waiter of waiters) {
      if (compareLogIds(last.id, waiter.logId) >= 0) waiter.resolve(true)
    }
  }

  #waitersOf(shard: number): Set<Waiter> {
    let waiters = this.#waiters.get(shard)
    if (!waiters) {
      waiters = new Set()
      this.#waiters.set(shard, waiters)
    }
    return waiters
  }

  #readerOf(shard: number): StreamReader {
    const reader = this.#readers.length === 1 ? this.#readers[0] : this.#readers[shard]
    if (!reader || shard >= this.#options.shards) throw new RangeError(`there is no shard ${shard}`)
    return reader
  }
}
