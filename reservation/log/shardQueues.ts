/** The queues of all shards that this process leads, and how they are filled from SQL and Redis. */
import type { RedisClient } from '../../lua/client.ts'
import { faultOf, RedisUnavailable } from '../../lua/errors.ts'
import { keysOf } from '../../lua/keys.ts'
import { type LogEntry, parseLogEntry, type StreamEntry } from '../../lua/logEntry.ts'
import type { Queryable } from '../../platform/mysql/database.ts'
import { type Position, readPositions } from '../projection/positions.ts'
import { ShardQueue } from './shardQueue.ts'

/** Entries in one page of a log that is caught up with. */
export const PAGE_ENTRIES = 500
const BLOCK_MS_MIN = 100
const BLOCK_MS_MAX = 2_000

export interface ShardQueuesOptions {
  client: RedisClient
  db: Queryable
  /** SQL's position of a shard was asked. */
  onPosition: (position: Position) => void
  /** A shard cannot go on, for a reason that waiting alone may not mend; it is tried again. */
  onBlocked: (shard: number, error: unknown) => void
}

export class ShardQueues {
  readonly #options: ShardQueuesOptions
  readonly #queues = new Map<number, ShardQueue>()
  readonly #blocks = new Map<ShardQueue, { untilMs: number; failures: number }>()

  constructor(options: ShardQueuesOptions) {
    this.#options = options
  }

  get all(): ShardQueue[] {
    return [...this.#queues.values()]
  }

  add(shard: number): void {
    this.remove(shard)
    this.#queues.set(shard, new ShardQueue(shard))
  }

  remove(shard: number): void {
    const queue = this.#queues.get(shard)
    if (queue) this.#blocks.delete(queue)
    this.#queues.delete(shard)
  }

  /** What the tail brings; nothing for a shard that is not ours. */
  hear(shard: number, entries: readonly LogEntry[]): void {
    this.#queues.get(shard)?.hear(entries)
  }

  restart(shard: number): void {
    this.#queues.get(shard)?.restart()
  }

  /** Queues with something to project that are not blocked. */
  ready(): ShardQueue[] {
    return this.all.filter((queue) => queue.length > 0 && !this.#isBlocked(queue))
  }

  /** Milliseconds until a blocked queue may be tried again; undefined when none is blocked. */
  blockedForMs(): number | undefined {
    const nowMs = performance.now()
    const waits = [...this.#blocks.values()].map(({ untilMs }) => Math.max(1, untilMs - nowMs))
    return waits.length > 0 ? Math.min(...waits) : undefined
  }

  /** Whether a page could be read now. */
  isBehind(): boolean {
    return this.#behind().length > 0
  }

  /** Leaves a queue alone for a while, longer each time. */
  block(queue: ShardQueue, error: unknown): void {
    const failures = (this.#blocks.get(queue)?.failures ?? 0) + 1
    const waitMs = Math.min(BLOCK_MS_MIN * 2 ** failures, BLOCK_MS_MAX)
    this.#blocks.set(queue, { failures, untilMs: performance.now() + waitMs })
    this.#options.onBlocked(queue.shard, error)
  }

  unblock(queue: ShardQueue): void {
    this.#blocks.delete(queue)
  }

  /**
   * Asks SQL where new queues stand and reads a page for each that is behind and has room.
   * Throws RedisUnavailable and OperationalError.
   */
  async fill(): Promise<void> {
    await this.#beginNew()
    await Promise.all(this.#behind().map((queue) => this.#readPage(queue)))
  }

  #isBlocked(queue: ShardQueue): boolean {
    return performance.now() < (this.#blocks.get(queue)?.untilMs ?? 0)
  }

  #behind(): ShardQueue[] {
    return this.all.filter(
      (queue) => queue.stage === 'behind' && queue.length < PAGE_ENTRIES && !this.#isBlocked(queue),
    )
  }

  async #beginNew(): Promise<void> {
    const fresh = this.all.filter((queue) => queue.stage === 'new')
    if (fresh.length === 0) return
    const terms = fresh.map((queue) => queue.term)
    const shards = fresh.map((queue) => queue.shard)
    const found = await readPositions(this.#options.db, shards)
    for (const [at, queue] of fresh.entries()) {
      const position = found.find(({ shard }) => shard === queue.shard)
      if (!position) throw new TypeError(`SQL has no position of shard ${queue.shard}`)
      if (queue.term !== terms[at]) continue
      queue.begin(position)
      this.#options.onPosition(position)
    }
  }

  async #readPage(queue: ShardQueue): Promise<void> {
    const { term, shard, last } = queue
    try {
      const page = (await this.#options.client.xrange(
        keysOf(shard).log,
        `(${last}`,
        '+',
        'COUNT',
        PAGE_ENTRIES,
      )) as StreamEntry[]
      const entries = page.map(([id, fields]) => parseLogEntry(id, fields))
      if (queue.term !== term || queue.stage !== 'behind') return
      queue.addPage(entries, entries.length < PAGE_ENTRIES)
    } catch (error) {
      const fault = faultOf(error)
      if (fault instanceof RedisUnavailable) throw fault
      this.block(queue, fault)
    }
  }
}
