/** The buyer's reservations as the server told of them last. */
import type { Reservation, ReservationStatus } from './types.ts'

/** A reservation only ever goes up; so an answer that was overtaken by a push is told apart. */
const RANK: Record<ReservationStatus, number> = {
  held: 0,
  paying: 1,
  expired: 2,
  cancelled: 2,
  confirmed: 3,
  released: 4,
  refunding: 4,
  refunded: 5,
}

/** Nothing comes after these. */
const OVER: ReadonlySet<ReservationStatus> = new Set(['released', 'refunded'])

export class Reservations {
  readonly #known = new Map<string, Reservation>()

  get all(): ReadonlyMap<string, Reservation> {
    return this.#known
  }

  /** Takes note of what the server said; false when that is no news. */
  hear(told: Reservation): boolean {
    const known = this.#known.get(told.reservationId)
    if (known && (known.version === told.version || isOlder(told, known))) return false
    this.#known.set(told.reservationId, told)
    return true
  }

  /** Those that may have changed while nobody listened. */
  open(): Reservation[] {
    return [...this.#known.values()].filter(({ status }) => !OVER.has(status))
  }

  forget(reservationId: string): void {
    this.#known.delete(reservationId)
  }
}

function isOlder(a: Reservation, b: Reservation): boolean {
  const up = RANK[a.status] - RANK[b.status]
  return up < 0 || (up === 0 && (a.expiresAt ?? '') < (b.expiresAt ?? ''))
}
