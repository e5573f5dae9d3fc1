/**
 * How many payments are under way, in whatever process they began: since this process started, as
 * the log tells. A saga that lags takes more checkouts than it completes; beyond the limit a
 * checkout is refused at once instead of being promised what will not come in time.
 */
import type { LogEntry } from '../../lua/logEntry.ts'
import type { Tail } from './ground.ts'

export class CheckoutsUnderWay {
  readonly #max: number
  /** The paying reservations of each shard. */
  readonly #paying = new Map<number, Set<string>>()
  #size = 0

  /** Listens to the tail for as long as the process lives. */
  constructor(tail: Tail, max: number) {
    this.#max = max
    tail.subscribe((shard, entries) => this.#hear(shard, entries))
  }

  get size(): number {
    return this.#size
  }

  /** Whether one more would be too many; a repeat of one that is under way is none more. */
  hasRoomFor(shard: number, reservationId: string): boolean {
    return this.#size < this.#max || (this.#paying.get(shard)?.has(reservationId) ?? false)
  }

  #hear(shard: number, entries: readonly LogEntry[]): void {
    const paying = this.#payingOf(shard)
    this.#size -= paying.size
    for (const entry of entries) {
      // The shard was rebuilt: what ended meanwhile may have left no entry.
      if (entry.type === 'opened') paying.clear()
      else if (entry.status === 'paying') paying.add(entry.reservationId)
      else paying.delete(entry.reservationId)
    }
    this.#size += paying.size
  }

  #payingOf(shard: number): Set<string> {
    let paying = this.#paying.get(shard)
    if (!paying) {
      paying = new Set()
      this.#paying.set(shard, paying)
    }
    return paying
  }
}
