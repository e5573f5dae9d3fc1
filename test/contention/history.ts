/** What the buyers of one client process did and were told. Times are epoch milliseconds. */

export interface HoldTried {
  seatIds: readonly string[]
  invokedAtMs: number
  answeredAtMs: number
  status: number
  /** The seats that a 409 named. */
  taken: readonly string[]
  reservationId?: string
  /** When the buyer asked to give the seats back, and when that was answered. */
  releaseInvokedAtMs?: number
  releaseAnsweredAtMs?: number
  isCheckedOut: boolean
}

export interface History {
  tried: HoldTried[]
  unexpected: string[]
}

interface Ownership {
  fromMs: number
  toMs: number
  reservationId: string
}

type Bound = (hold: HoldTried) => { fromMs: number; toMs: number }

/** The time in which a holder surely owned its seats: between the answers. */
const surely: Bound = (hold) => ({
  fromMs: hold.answeredAtMs,
  toMs: hold.releaseInvokedAtMs ?? Number.POSITIVE_INFINITY,
})

/** The time in which it may have owned them: between the questions. */
const possibly: Bound = (hold) => ({
  fromMs: hold.invokedAtMs,
  toMs: hold.releaseAnsweredAtMs ?? Number.POSITIVE_INFINITY,
})

function ownershipBySeat(tried: readonly HoldTried[], bound: Bound): Map<string, Ownership[]> {
  const seats = new Map<string, Ownership[]>()
  for (const hold of tried) {
    if (!hold.reservationId) continue
    for (const seatId of hold.seatIds) {
      const owners = seats.get(seatId) ?? []
      owners.push({ ...bound(hold), reservationId: hold.reservationId })
      seats.set(seatId, owners)
    }
  }
  return seats
}

/** Seats that two reservations surely owned at the same time, in words. */
export function seatsOwnedTwice(tried: readonly HoldTried[]): string[] {
  const twice: string[] = []
  for (const [seatId, owners] of ownershipBySeat(tried, surely)) {
    const sorted = owners.toSorted((a, b) => a.fromMs - b.fromMs)
    for (let at = 1; at < sorted.length; at += 1) {
      const [before, after] = [sorted[at - 1]!, sorted[at]!]
      if (after.fromMs >= before.toMs) continue
      twice.push(`${seatId}: ${before.reservationId} and ${after.reservationId}`)
    }
  }
  return twice
}

/** Refusals that name a seat nobody can have owned then, or a seat that was not asked for. */
export function wrongRefusals(tried: readonly HoldTried[]): string[] {
  const owners = ownershipBySeat(tried, possibly)
  const wrong: string[] = []
  for (const hold of tried) {
    if (hold.status !== 409) continue
    if (hold.taken.length === 0) wrong.push(`a refusal of ${hold.seatIds.join()} names no seat`)
    for (const seatId of hold.taken) {
      const isAsked = hold.seatIds.includes(seatId)
      const isOwned = (owners.get(seatId) ?? []).some(
        ({ fromMs, toMs }) => fromMs <= hold.answeredAtMs && toMs >= hold.invokedAtMs,
      )
      if (!isAsked || !isOwned) wrong.push(`${seatId} was named, but nobody had it`)
    }
  }
  return wrong
}
