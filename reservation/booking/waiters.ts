/**
 * Who waits for which reservation to change. The log's tail wakes them; nobody polls.
 */
import type { LogEntry } from '../../lua/logEntry.ts'
import type { Tail } from './ground.ts'
import { isSettled } from './view.ts'

/** Waits beyond this many are answered at once. */
export const WAITERS_MAX = 10_000

type Wake = () => void

export class Waiters {
  readonly #byReservation = new Map<string, Set<Wake>>()
  #count = 0
  #isClosed = false

  /** Listens to the tail for as long as the process lives. */
  constructor(tail: Tail) {
    tail.subscribe((shard, entries) => this.#wake(shard, entries))
  }

  get size(): number {
    return this.#count
  }

  /** Whether another wait would be kept; otherwise it is to be answered at once. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#count < WAITERS_MAX
  }

  /**
   * Begins to listen before the state is read, so that no change falls in between. `changed`
   * resolves when the reservation has settled, its shard was rebuilt, `waitMs` are over or
   * everyone was sent home; `end` must be called in any case.
   */
  watch(reservationId: string, waitMs: number): { changed: Promise<void>; end: Wake } {
    let wake: Wake = () => {}
    const changed = new Promise<void>((resolve) => {
      wake = resolve
    })
    const timer = setTimeout(wake, Math.ceil(waitMs))
    this.#add(reservationId, wake)
    const end = () => {
      clearTimeout(timer)
      this.#remove(reservationId, wake)
      wake()
    }
    return { changed, end }
  }

  /** Wakes everyone and lets nobody wait any more: the process is about to stop. */
  close(): void {
    this.#isClosed = true
    for (const wakes of this.#byReservation.values()) for (const wake of wakes) wake()
  }

  #wake(shard: number, entries: readonly LogEntry[]): void {
    if (this.#count === 0) return
    for (const entry of entries) {
      if (entry.type === 'opened') this.#wakeShard(shard)
      else if (isSettled(entry)) this.#wakeOne(entry.reservationId)
    }
  }

  #wakeOne(reservationId: string): void {
    const wakes = this.#byReservation.get(reservationId)
    if (wakes) for (const wake of wakes) wake()
  }

  /** The shard was rebuilt: changes may have been lost that no entry tells of. */
  #wakeShard(shard: number): void {
    const prefix = `r${String(shard).padStart(2, '0')}_`
    for (const reservationId of this.#byReservation.keys()) {
      if (reservationId.startsWith(prefix)) this.#wakeOne(reservationId)
    }
  }

  #add(reservationId: string, wake: Wake): void {
    const wakes = this.#byReservation.get(reservationId)
    if (wakes) wakes.add(wake)
    else this.#byReservation.set(reservationId, new Set([wake]))
    this.#count += 1
  }

  #remove(reservationId: string, wake: Wake): void {
    const wakes = this.#byReservation.get(reservationId)
    if (!wakes?.delete(wake)) return
    this.#count -= 1
    if (wakes.size === 0) this.#byReservation.delete(reservationId)
  }
}
