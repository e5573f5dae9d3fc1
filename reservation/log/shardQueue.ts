/**
 * The entries of one shard on their way into SQL. It begins behind: pages of the log are read from
 * SQL's position on, while what the tail brings is put aside. When the pages meet the tail it is
 * live and costs no further read. It falls behind again when SQL is slower than the buyers for so
 * long that memory would be the queue; Redis has the entries anyway.
 */
import { compareLogIds } from '../../contracts/ids.ts'
import type { LogEntry } from '../../lua/logEntry.ts'
import { ORIGIN, type Position } from '../projection/positions.ts'

/** Entries that wait in memory; beyond it they are read again from Redis later. */
export const QUEUED_ENTRIES_MAX = 10_000

export type Stage = 'new' | 'behind' | 'live'

const isAfter = (a: string, b: string): boolean => compareLogIds(a, b) > 0

export class ShardQueue {
  readonly shard: number
  /** The fence under which the entries were read; an older one does not project. */
  fence = 0
  #stage: Stage = 'new'
  #entries: LogEntry[] = []
  /** Log id of the last entry that was queued or projected. */
  #last = ORIGIN
  #aside: LogEntry[] = []
  #isAsideFull = false
  #term = 0

  constructor(shard: number) {
    this.shard = shard
  }

  get stage(): Stage {
    return this.#stage
  }

  /** Changes with every restart: what was asked for under an older one is void. */
  get term(): number {
    return this.#term
  }

  get last(): string {
    return this.#last
  }

  get length(): number {
    return this.#entries.length
  }

  get first(): LogEntry | undefined {
    return this.#entries[0]
  }

  /** Forgets everything: what SQL has must be asked for again. */
  restart(): void {
    this.#term += 1
    this.#stage = 'new'
    this.#entries = []
    this.#aside = []
  }

  /** SQL's position and fence are known. Only what Redis says from now on counts. */
  begin({ logId, fence }: Position): void {
    this.fence = fence
    this.#last = logId
    this.#entries = []
    this.#fallBehind()
  }

  /** What the tail brings. */
  hear(entries: readonly LogEntry[]): void {
    if (this.#stage === 'live') {
      if (this.#entries.length + entries.length > QUEUED_ENTRIES_MAX) this.#fallBehind()
      else this.#push(entries)
    }
    if (this.#stage !== 'behind' || this.#isAsideFull) return
    this.#isAsideFull = this.#aside.length + entries.length > QUEUED_ENTRIES_MAX
    if (this.#isAsideFull) this.#aside = []
    else this.#aside.push(...entries)
  }

  /** A page of the log after `last`; `isEnd` when the log had no more at that moment. */
  addPage(entries: readonly LogEntry[], isEnd: boolean): void {
    this.#push(entries)
    if (!isEnd) return
    if (this.#isAsideFull) {
      // The pages have not met the tail: from here it is put aside anew, and read on.
      this.#isAsideFull = false
      return
    }
    this.#stage = 'live'
    this.#push(this.#aside)
    this.#aside = []
  }

  /** The first entries, which stay until `drop`. */
  peek(count: number): LogEntry[] {
    return this.#entries.slice(0, count)
  }

  /** Lets go of the first `count` entries: they are projected. */
  drop(count: number): void {
    this.#entries.splice(0, count)
  }

  #fallBehind(): void {
    this.#stage = 'behind'
    this.#aside = []
    this.#isAsideFull = false
  }

  #push(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (!isAfter(entry.id, this.#last)) continue
      this.#entries.push(entry)
      this.#last = entry.id
    }
  }
}
