/**
 * Takes the logs of the shards that this process leads into SQL, all shards in one transaction at
 * a time. The position in SQL is the authority; `{sNN}:pos` only tells others of it. When SQL or
 * Redis is away nothing is lost: the entries stay in the log until they are projected.
 */
import type { RedisClient } from '../../lua/client.ts'
import { faultOf, RedisUnavailable } from '../../lua/errors.ts'
import type { LogEntry } from '../../lua/logEntry.ts'
import type { ShardVerbs } from '../../lua/seatVerbs.ts'
import { isDependencyDown } from '../../platform/errors.ts'
import { failpoint } from '../../platform/failpoints.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import { COUNT_BUCKETS, type Metrics } from '../../platform/metrics.ts'
import { isProjected } from '../projection/rows.ts'
import type { Gate } from '../rebuild/gate.ts'
import type { Leases } from './leases.ts'
import { PositionWaiters } from './positionWaiters.ts'
import { type ProjectOptions, project } from './project.ts'
import type { RedisClock } from './redisClock.ts'
import type { ShardQueue } from './shardQueue.ts'
import { ShardQueues } from './shardQueues.ts'
import type { LogTail } from './tail.ts'
import { Wake } from './wake.ts'

/** Entries in one transaction. */
export const BATCH_ENTRIES_MAX = 1_000
/**
 * How long entries may wait that make no row, as holds do, unless somebody waits for the position:
 * a transaction for each would cost more than all the rest.
 */
const LINGER_MS = 200
const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 2_000

export interface ProjectorOptions extends ProjectOptions {
  client: RedisClient
  scripts: Pick<ShardVerbs, 'setPosition' | 'readPosition'>
  tail: LogTail
  leases: Leases
  gate: Gate
  clock: RedisClock
  log: Log
  metrics: Metrics
}

/** The first entries of a queue, on their way into a transaction. */
interface Load {
  queue: ShardQueue
  entries: readonly LogEntry[]
}

export class Projector implements Component {
  readonly name = 'projector'
  readonly #options: ProjectorOptions
  readonly #queues: ShardQueues
  readonly #positions: PositionWaiters
  readonly #wake = new Wake()
  readonly #entriesTotal
  readonly #batchEntries
  /** Since when the oldest entry lingers; null when none does. */
  #lingersSinceMs: number | null = null
  #failures = 0
  #unsubscribe: (() => void)[] = []
  #loop: Promise<void> | null = null

  constructor(options: ProjectorOptions) {
    this.#options = options
    const { client, db, metrics, leases, scripts, log } = options
    this.#positions = new PositionWaiters({
      leads: (shard) => leases.leads(shard),
      readPosition: (query) => scripts.readPosition(query),
    })
    this.#queues = new ShardQueues({
      client,
      db,
      // A Redis that was emptied does not know its position any more, and others look it up there.
      onPosition: ({ shard, logId }) => this.#tell(shard, logId),
      onBlocked: (shard, error) => log.error({ err: error, shard }, 'a shard is not projected'),
    })
    this.#entriesTotal = metrics.counter(
      'holdfast_projector_entries_total',
      'Log entries that this process has taken into SQL',
    )
    this.#batchEntries = metrics.histogram(
      'holdfast_projector_batch_entries',
      'Log entries in one transaction of the projector',
      { buckets: COUNT_BUCKETS },
    )
    metrics.gauge(
      'holdfast_projector_lag_seconds',
      'Age of the oldest log entry that this process leads and SQL does not have yet',
      { collect: (gauge) => gauge.set(this.lagMs() / 1_000) },
    )
  }

  async start(): Promise<void> {
    const { tail, leases, gate } = this.#options
    this.#unsubscribe = [
      tail.subscribe((shard, entries) => {
        this.#queues.hear(shard, entries)
        if (leases.leads(shard)) this.#wake.call()
      }),
      leases.subscribe({
        taken: (shard) => this.#lead(shard),
        lost: (shard) => this.#queues.remove(shard),
      }),
      // What was read over a connection that is lost may be lost with it.
      gate.subscribe({
        shut: (shard, reason) => reason === 'unverified' && this.restart(shard),
      }),
    ]
    for (const shard of leases.led()) this.#lead(shard)
    this.#loop = this.#run()
  }

  /** Ends after the transaction under way. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#wake.end()
    await this.#loop
    this.#positions.stop()
  }

  /**
   * Resolves when SQL has everything of the shard's log up to `logId`, whoever projects it.
   *
   * @throws OperationalError STATE_UNKNOWN (retriable) after `timeoutMs`
   */
  passed(shard: number, logId: string, options: { timeoutMs: number }): Promise<void> {
    const passed = this.#positions.passed(shard, logId, options)
    this.#wake.call()
    return passed
  }

  /** The newest position of a shard that this process knows to be in SQL. */
  positionOf(shard: number): string | undefined {
    return this.#positions.knownOf(shard)
  }

  /** Forgets what was read of the shard's log and reads it again from SQL's position on. */
  restart(shard: number): void {
    this.#queues.restart(shard)
    this.#wake.call()
  }

  /** Age of the oldest entry that waits to be projected, by Redis's clock; 0 when none does. */
  lagMs(): number {
    const { tail, clock } = this.#options
    const ages = this.#queues.all.map(({ shard, first, stage }) => {
      if (first) return clock.ageMs(first.atMs)
      const position = this.positionOf(shard)
      if (stage === 'live' || position === undefined || position === '0-0') return 0
      // Nothing is read yet; the next entry cannot be older than the last projected one.
      return tail.positionOf(shard) === position ? 0 : clock.ageMs(Number(position.split('-')[0]))
    })
    return Math.max(0, ...ages)
  }

  #lead(shard: number): void {
    this.#queues.add(shard)
    this.#wake.call()
  }

  async #run(): Promise<void> {
    while (!this.#wake.isEnded) {
      const waitMs = await this.#turn()
      if (waitMs !== 0) await this.#wake.sleep(waitMs)
    }
  }

  /** Answers how long to wait before the next turn; undefined means until there is news. */
  async #turn(): Promise<number | undefined> {
    try {
      await this.#queues.fill()
      const waitMs = await this.#projectNext()
      this.#failures = 0
      return waitMs
    } catch (error) {
      return this.#failed(faultOf(error))
    }
  }

  /** Something is away. What was read stays doubtful until SQL's position is asked again. */
  #failed(fault: unknown): number {
    const { log } = this.#options
    const isAway = fault instanceof RedisUnavailable || isDependencyDown(fault)
    if (!isAway) log.error({ err: fault }, 'the projector met a fault that waiting may not mend')
    else if (this.#failures === 0) log.warn({ err: fault }, 'the projector waits')
    for (const queue of this.#queues.all) queue.restart()
    this.#failures += 1
    return Math.min(BACKOFF_MS_MIN * 2 ** (this.#failures - 1), BACKOFF_MS_MAX)
  }

  async #projectNext(): Promise<number | undefined> {
    const ready = this.#queues.ready().filter(({ shard }) => this.#options.leases.leads(shard))
    if (ready.length === 0) {
      return this.#queues.isBehind() ? 0 : this.#queues.blockedForMs()
    }
    const share = Math.max(1, Math.floor(BATCH_ENTRIES_MAX / ready.length))
    const loads = ready.map((queue) => ({ queue, entries: queue.peek(share) }))
    const lingerMs = this.#lingerOf(loads)
    if (lingerMs > 0) return lingerMs
    this.#lingersSinceMs = null
    await this.#commit(loads)
    return 0
  }

  /** How much longer these entries may wait for company. */
  #lingerOf(loads: readonly Load[]): number {
    let count = 0
    for (const { queue, entries } of loads) {
      count += entries.length
      if (queue.stage === 'behind' || this.#positions.isWanted(queue.shard)) return 0
      if (entries.some((entry) => entry.type === 'opened' || isProjected(entry))) return 0
    }
    if (count >= BATCH_ENTRIES_MAX) return 0
    this.#lingersSinceMs ??= performance.now()
    return Math.max(0, Math.ceil(this.#lingersSinceMs + LINGER_MS - performance.now()))
  }

  async #commit(loads: readonly Load[]): Promise<void> {
    const terms = loads.map(({ queue }) => queue.term)
    let outcomes: Awaited<ReturnType<typeof project>>
    try {
      outcomes = await project(
        this.#options,
        loads.map(({ queue: { shard, fence }, entries }) => ({ shard, fence, entries })),
      )
    } catch (error) {
      if (isDependencyDown(error)) throw error
      return this.#isolate(loads, error)
    }
    failpoint('projector.after-commit')
    for (const [at, { queue, entries }] of loads.entries()) {
      const outcome = outcomes[at]
      if (outcome?.type !== 'committed') {
        queue.restart()
        continue
      }
      this.#queues.unblock(queue)
      if (queue.term === terms[at]) queue.drop(entries.length)
      this.#tell(queue.shard, outcome.position)
      this.#entriesTotal.inc(entries.length)
    }
    this.#batchEntries.observe(loads.reduce((sum, { entries }) => sum + entries.length, 0))
  }

  /** An entry that cannot be projected stops its own shard only, and says so until it is mended. */
  async #isolate(loads: readonly Load[], error: unknown): Promise<void> {
    const [only] = loads
    if (loads.length === 1 && only) return this.#queues.block(only.queue, error)
    for (const load of loads) await this.#commit([load])
  }

  #tell(shard: number, logId: string): void {
    this.#positions.moved(shard, logId)
    this.#options.scripts.setPosition({ shard, logId }).catch((error) => {
      // The next batch, or the trimmer, tells it again.
      this.#options.log.debug({ err: error }, 'a position could not be told')
    })
  }
}
