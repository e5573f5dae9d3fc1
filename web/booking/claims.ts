/**
 * A claim is what the page knows of one reservation, from the press on a seat to the ticket. Pure:
 * the desk brings in what happened, this says what the claims are then.
 */
import type { Reservation } from '../../client/holdfast.ts'

export interface Claim {
  /** The id of the command that holds it; the reservation's own id for one found elsewhere. */
  readonly key: string
  readonly seatIds: readonly string[]
  /** Indexes of the seats in layout order. */
  readonly indexes: readonly number[]
  /** What the server said last; null while the hold has no answer. */
  readonly reservation: Reservation | null
  /** The command that is under way for it. */
  readonly doing: 'hold' | 'release' | 'extend' | 'checkout' | null
  /** Whether the buyer has asked to pay for it; then its end is told even if it fails. */
  readonly isCheckedOut: boolean
}

export type Claims = readonly Claim[]

/** How a seat of one's own is drawn. */
export type OwnLook = 'pending' | 'mine' | 'paying' | 'ticket'

export const statusOf = (claim: Claim) => claim.reservation?.status ?? null

export const isHeld = (claim: Claim): boolean => statusOf(claim) === 'held'

/** Being paid for, or about to be. */
export const isPaying = (claim: Claim): boolean =>
  statusOf(claim) === 'paying' || claim.doing === 'checkout'

export const isConfirmed = (claim: Claim): boolean => statusOf(claim) === 'confirmed'

/** Over, or on its way to be: nothing of it can be chosen or paid any more. */
export const isLost = (claim: Claim): boolean =>
  ['cancelled', 'expired', 'refunding', 'refunded'].includes(statusOf(claim) ?? '')

export function lookOf(claim: Claim): OwnLook | null {
  if (claim.doing === 'hold' || claim.doing === 'release') return 'pending'
  if (isPaying(claim)) return 'paying'
  if (isConfirmed(claim)) return 'ticket'
  return isHeld(claim) ? 'mine' : null
}

/** The look of each own seat by its index. */
export function looksOf(claims: Claims): Map<number, OwnLook> {
  const looks = new Map<number, OwnLook>()
  for (const claim of claims) {
    const look = lookOf(claim)
    if (look) for (const index of claim.indexes) looks.set(index, look)
  }
  return looks
}

export const changed = (claims: Claims, key: string, change: Partial<Claim>): Claims =>
  claims.map((claim) => (claim.key === key ? { ...claim, ...change } : claim))

export const without = (claims: Claims, key: string): Claims =>
  claims.filter((claim) => claim.key !== key)

const sameSeats = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((seatId, at) => seatId === b[at])

/** The claim that a reservation belongs to: it may be told of before the hold's own answer. */
export const claimFor = (claims: Claims, told: Reservation): Claim | undefined =>
  claims.find((claim) => claim.reservation?.reservationId === told.reservationId) ??
  claims.find((claim) => !claim.reservation && sameSeats(claim.seatIds, told.seatIds))

/**
 * The claims after the server told of a reservation. One that nobody here asked for, as of another
 * tab, is taken in while it is alive.
 */
export function heard(
  claims: Claims,
  told: Reservation,
  indexOf: (seatId: string) => number,
): Claims {
  const known = claimFor(claims, told)
  if (told.status === 'released') return known ? without(claims, known.key) : claims
  if (!known) return isOver(told) ? claims : [...claims, adopted(told, indexOf)]
  const isCheckedOut = known.isCheckedOut || told.status === 'paying'
  // A hold that ran out is gone; one that was being paid for has a story that must be told.
  if (told.status === 'expired' && !isCheckedOut) return without(claims, known.key)
  const isHeldStill = told.status === 'held' && known.doing !== 'hold'
  const doing = isHeldStill ? known.doing : null
  return changed(claims, known.key, { reservation: told, isCheckedOut, doing })
}

const isOver = ({ status }: Reservation): boolean =>
  status === 'expired' || status === 'cancelled' || status === 'refunded'

function adopted(told: Reservation, indexOf: (seatId: string) => number): Claim {
  return {
    key: told.reservationId,
    seatIds: told.seatIds,
    indexes: told.seatIds.map(indexOf).filter((index) => index >= 0),
    reservation: told,
    doing: null,
    isCheckedOut: told.status !== 'held',
  }
}

/** What the held seats cost together, in minor units; by the server's word where it has come. */
export function priceOf(claims: Claims, priceAt: (index: number) => number): number {
  return claims.reduce((sum, { reservation, indexes }) => {
    const asked = indexes.reduce((part, index) => part + priceAt(index), 0)
    return sum + (reservation?.amount.value ?? asked)
  }, 0)
}

/** When the first of the held claims runs out; null when none does. */
export function firstDeadline(claims: Claims): string | null {
  const deadlines = claims.filter(isHeld).flatMap(({ reservation }) => reservation?.expiresAt ?? [])
  return deadlines.sort()[0] ?? null
}
