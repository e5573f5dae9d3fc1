/** Reads some shards' logs over one blocking connection, from where it stands, until stopped. */
import { setTimeout as pause } from 'node:timers/promises'
import { compareLogIds } from '../../contracts/ids.ts'
import { type RedisClient, whenReady } from '../../lua/client.ts'
import { faultOf, RedisUnavailable } from '../../lua/errors.ts'
import { keysOf } from '../../lua/keys.ts'
import { type LogEntry, parseLogs, type StreamReply } from '../../lua/logEntry.ts'

/** The longest that one read waits for entries; also how often an idle reader wakes. */
export const BLOCK_MS = 2_000
/** Entries of one shard in one read. */
export const READ_COUNT_MAX = 256
const RECONNECT_WAIT_MS = 1_000
const RETRY_DELAY_MS = 50

export interface StreamReaderOptions {
  /** Used for nothing else: what is sent behind a blocking read waits for it. */
  client: RedisClient
  shards: readonly number[]
  /** Log id of the last entry ever appended to a shard's log, over the command connection. */
  readTip: (shard: number) => Promise<string>
  onEntries: (shard: number, entries: readonly LogEntry[]) => void
  /** The log ends before what was read of it already: entries are lost. */
  onBackwards: (shard: number) => void
  /** What was read cannot be handled: the process must not go on. */
  onFatal: (error: unknown) => void
}

export class StreamReader {
  readonly #options: StreamReaderOptions
  readonly #shardOf: ReadonlyMap<string, number>
  /** Log id of the last entry read, by shard. */
  readonly #positions = new Map<number, string>()
  /** Shards that were rewound while a read was under way: its answer is for the old place. */
  readonly #rewound = new Set<number>()
  readonly #stopping = new AbortController()
  /** Whether the ends of the logs must be looked at before reading on. */
  #isUncertain = true
  #loop: Promise<void> | null = null

  constructor(options: StreamReaderOptions) {
    this.#options = options
    this.#shardOf = new Map(options.shards.map((shard) => [keysOf(shard).log, shard]))
  }

  /** Stands at the logs' ends and begins to read. Throws RedisUnavailable. */
  async start(): Promise<void> {
    await this.#lookAtTips()
    this.#isUncertain = false
    this.#loop = this.#read()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    // Ends the blocking read, which would go on for seconds.
    this.#options.client.disconnect()
    await this.#loop
  }

  positionOf(shard: number): string {
    return this.#positions.get(shard) ?? '0-0'
  }

  /** Goes back to read again what comes after `logId`; what was read already comes twice. */
  rewind(shard: number, logId: string): void {
    this.#positions.set(shard, logId)
    this.#rewound.add(shard)
  }

  async #read(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#isUncertain) await this.#resume()
        this.#deliver(await this.#readOnce())
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        const fault = faultOf(error)
        if (!(fault instanceof RedisUnavailable)) return this.#options.onFatal(fault)
        this.#isUncertain = true
        await pause(RETRY_DELAY_MS)
      }
    }
  }

  /** Waits for the connection and finds out whether the logs still hold what was read of them. */
  async #resume(): Promise<void> {
    await whenReady(this.#options.client, RECONNECT_WAIT_MS)
    await this.#lookAtTips()
    this.#isUncertain = false
  }

  async #lookAtTips(): Promise<void> {
    const { shards, readTip, onBackwards } = this.#options
    const tips = await Promise.all(shards.map((shard) => readTip(shard)))
    for (const [at, shard] of shards.entries()) {
      const tip = tips[at] as string
      const position = this.#positions.get(shard)
      if (position !== undefined && compareLogIds(tip, position) >= 0) continue
      this.#positions.set(shard, tip)
      if (position !== undefined) onBackwards(shard)
    }
  }

  async #readOnce(): Promise<readonly StreamReply[] | null> {
    const { client, shards } = this.#options
    const keys = shards.map((shard) => keysOf(shard).log)
    const ids = shards.map((shard) => this.positionOf(shard))
    this.#rewound.clear()
    return (await client.xread(
      'COUNT',
      READ_COUNT_MAX,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      ...keys,
      ...ids,
    )) as readonly StreamReply[] | null
  }

  #deliver(reply: readonly StreamReply[] | null): void {
    for (const { key, entries } of parseLogs(reply)) {
      const shard = this.#shardOf.get(key)
      const last = entries.at(-1)
      if (shard === undefined || !last || this.#rewound.has(shard)) continue
      this.#positions.set(shard, last.id)
      this.#options.onEntries(shard, entries)
    }
  }
}
