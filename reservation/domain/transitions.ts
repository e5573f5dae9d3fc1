/**
 * What happens to one reservation: the table of docs/ARCHITECTURE.md as a function. The Lua
 * scripts do the same in Redis; a property test holds the two against each other.
 */
import { type CancelReason, isUnpaid } from '../../contracts/payloads.ts'
import type { Topic } from '../../contracts/topics.ts'

export const STATUSES = [
  'held',
  'paying',
  'confirmed',
  'released',
  'expired',
  'cancelled',
  'refunding',
  'refunded',
] as const
export type Status = (typeof STATUSES)[number]

/** What may happen to a reservation. `seatsFree` tells whether every seat of it is free now. */
export type Input =
  | { type: 'hold'; seatsFree: boolean }
  | { type: 'checkout' }
  | { type: 'release' }
  | { type: 'deadline' }
  | { type: 'cancel_show' }
  | { type: 'refund' }
  | { type: 'ticket_confirm'; seatsFree: boolean }
  | { type: 'ticket_cancel'; reason: CancelReason }
  | { type: 'payment_refund' }

/**
 * What becomes of the reservation's seats: `hold` and `sell` make them its own, `free` gives back
 * those that still are its own, `keep` leaves them as they are.
 */
export type SeatEffect = 'hold' | 'sell' | 'free' | 'keep'

export interface Transition {
  status: Status
  seats: SeatEffect
  publish?: Extract<Topic, 'payment_request' | 'seat_confirm' | 'seat_cancel' | 'seat_expired'>
  reason?: CancelReason
}

/** The transition that `input` causes in `status` (null: no such reservation); null changes nothing. */
export function transition(status: Status | null, input: Input): Transition | null {
  switch (status) {
    case null:
      return input.type === 'hold' && input.seatsFree ? { status: 'held', seats: 'hold' } : null
    case 'held':
      return fromHeld(input)
    case 'paying':
      return fromPaying(input)
    case 'expired':
      return fromExpired(input)
    case 'cancelled':
      return fromCancelled(input)
    case 'confirmed':
      return input.type === 'refund'
        ? { status: 'refunding', seats: 'keep', publish: 'seat_cancel', reason: 'show_cancelled' }
        : null
    case 'refunding':
      return fromRefunding(input)
    case 'released':
    case 'refunded':
      return null
    default:
      return unreachable(status)
  }
}

function fromHeld(input: Input): Transition | null {
  switch (input.type) {
    case 'checkout':
      return { status: 'paying', seats: 'keep', publish: 'payment_request' }
    case 'release':
      return { status: 'released', seats: 'free' }
    case 'deadline':
      return { status: 'expired', seats: 'free', publish: 'seat_expired' }
    default:
      return null
  }
}

function fromPaying(input: Input): Transition | null {
  switch (input.type) {
    case 'ticket_confirm':
      return { status: 'confirmed', seats: 'sell', publish: 'seat_confirm' }
    case 'ticket_cancel':
      if (!isUnpaid(input.reason)) return null
      return { status: 'cancelled', seats: 'free', publish: 'seat_cancel', reason: input.reason }
    case 'deadline':
      return { status: 'expired', seats: 'free', publish: 'seat_expired' }
    case 'cancel_show':
      return {
        status: 'cancelled',
        seats: 'free',
        publish: 'seat_cancel',
        reason: 'show_cancelled',
      }
    default:
      return null
  }
}

/** A late payment is honoured when the seats are still free, and refunded otherwise. */
function fromExpired(input: Input): Transition | null {
  switch (input.type) {
    case 'ticket_confirm':
      return input.seatsFree
        ? { status: 'confirmed', seats: 'sell', publish: 'seat_confirm' }
        : { status: 'refunding', seats: 'keep', publish: 'seat_cancel', reason: 'seat_conflict' }
    case 'ticket_cancel':
      if (isUnpaid(input.reason)) return null
      return { status: 'refunding', seats: 'keep', publish: 'seat_cancel', reason: input.reason }
    case 'payment_refund':
      return { status: 'refunded', seats: 'free' }
    default:
      return null
  }
}

function fromCancelled(input: Input): Transition | null {
  switch (input.type) {
    case 'ticket_cancel':
      if (isUnpaid(input.reason)) return null
      return { status: 'refunding', seats: 'keep', publish: 'seat_cancel', reason: input.reason }
    case 'payment_refund':
      return { status: 'refunded', seats: 'free' }
    default:
      return null
  }
}

function fromRefunding(input: Input): Transition | null {
  switch (input.type) {
    case 'ticket_cancel':
      return isUnpaid(input.reason) ? null : { status: 'refunding', seats: 'free' }
    case 'payment_refund':
      return { status: 'refunded', seats: 'free' }
    default:
      return null
  }
}

function unreachable(status: never): never {
  throw new TypeError(`unknown status ${status}`)
}
