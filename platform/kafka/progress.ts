/** What a consumer knows of its partitions: how far it is, what to commit, whether it moves. */
import type { Topic } from '../../contracts/topics.ts'
import type { Check } from '../health.ts'

/** Work that was fetched and not settled for this long means that the consumer is stuck. */
export const STUCK_MS = 20_000
/** No fetch for this long, while nothing is being worked on, means that the loop is broken. */
export const SILENT_MS = 20_000

interface Position {
  topic: Topic
  partition: number
  /** Offset after the newest one in the partition, as of the last fetch. */
  end: bigint
  /** Offset after the last settled one; null before the first. */
  next: bigint | null
  /** When the work that is being waited for was handed over or last moved; null when none. */
  waitingSince: number | null
}

export interface CommitOffset {
  topic: string
  partition: number
  /** One more than the last settled offset. */
  offset: string
}

export class Progress {
  readonly #positions = new Map<string, Position>()
  #uncommitted = new Map<string, CommitOffset>()
  /** Counts the joins, so that what an earlier member has left over is not committed by this one. */
  #generation = 0
  readonly #now: () => number
  #unjoinedSince: number | null
  #fetchedAt: number

  /** @param now milliseconds of any monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#unjoinedSince = now()
    this.#fetchedAt = now()
  }

  /** The group was joined: partitions of before may be another member's, so they are forgotten. */
  assigned(assignment: Readonly<Record<string, readonly number[]>>): void {
    this.#unjoinedSince = null
    this.#fetchedAt = this.#now()
    this.#generation += 1
    this.#uncommitted.clear()
    for (const [key, { topic, partition }] of this.#positions) {
      if (!assignment[topic]?.includes(partition)) this.#positions.delete(key)
    }
  }

  /** The consumer crashed and is not a member until it has joined again. */
  left(): void {
    this.#unjoinedSince ??= this.#now()
  }

  fetched(): void {
    this.#fetchedAt = this.#now()
  }

  /** Records of a partition were handed over for work. */
  handed(part: { topic: Topic; partition: number; highWatermark: string }): void {
    const { topic, partition, highWatermark } = part
    const key = `${topic}/${partition}`
    const next = this.#positions.get(key)?.next ?? null
    const end = BigInt(highWatermark)
    this.#positions.set(key, { topic, partition, end, next, waitingSince: this.#now() })
  }

  settled(part: { topic: Topic; partition: number; offset: string }): void {
    const { topic, partition } = part
    const key = `${topic}/${partition}`
    const next = BigInt(part.offset) + 1n
    this.#uncommitted.set(key, { topic, partition, offset: String(next) })
    const position = this.#positions.get(key)
    if (!position) return
    position.next = next
    position.waitingSince = this.#now()
  }

  /** Nothing of the partition is being worked on any more. */
  released({ topic, partition }: { topic: Topic; partition: number }): void {
    const position = this.#positions.get(`${topic}/${partition}`)
    if (position) position.waitingSince = null
    this.#fetchedAt = this.#now()
  }

  /** What is to be committed; the caller gives it back when that fails. */
  takeUncommitted(): { offsets: CommitOffset[]; generation: number } {
    const offsets = [...this.#uncommitted.values()]
    this.#uncommitted = new Map()
    return { offsets, generation: this.#generation }
  }

  /** Gives back what could not be committed, unless newer offsets or another join have come. */
  putBack(taken: { offsets: readonly CommitOffset[]; generation: number }): void {
    if (taken.generation !== this.#generation) return
    for (const offset of taken.offsets) {
      const key = `${offset.topic}/${offset.partition}`
      if (!this.#uncommitted.has(key)) this.#uncommitted.set(key, offset)
    }
  }

  /** Messages behind the end of each topic, as of the last fetch of each partition. */
  lagByTopic(): Map<Topic, number> {
    const lag = new Map<Topic, number>()
    for (const { topic, end, next } of this.#positions.values()) {
      const behind = next === null || next >= end ? 0 : Number(end - next)
      lag.set(topic, (lag.get(topic) ?? 0) + behind)
    }
    return lag
  }

  /** Progress, not connection: a member that fetches, and settles what it has fetched. */
  check(): Check {
    const now = this.#now()
    if (this.#unjoinedSince !== null) {
      const ms = Math.round(now - this.#unjoinedSince)
      return { ok: false, detail: `not in the group for ${ms} ms` }
    }
    const waits = [...this.#positions.values()].flatMap((one) => one.waitingSince ?? [])
    const stuckMs = waits.length > 0 ? Math.round(now - Math.min(...waits)) : 0
    if (stuckMs > STUCK_MS) return { ok: false, detail: `no message settled for ${stuckMs} ms` }
    const silentMs = waits.length > 0 ? 0 : Math.round(now - this.#fetchedAt)
    if (silentMs > SILENT_MS) return { ok: false, detail: `nothing fetched for ${silentMs} ms` }
    return { ok: true }
  }
}
