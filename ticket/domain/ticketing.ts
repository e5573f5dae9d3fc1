/**
 * What happens to the tickets of one reservation: the table of docs/ARCHITECTURE.md as a function.
 * The tickets of a reservation share one fate, so they are decided as one.
 */
import type { CancelReason, PaymentFailure } from '../../contracts/payloads.ts'

export const TICKET_STATES = [
  'tombstone',
  'waiting',
  'issued',
  'confirmed',
  'refused',
  'void',
] as const
export type TicketState = (typeof TICKET_STATES)[number]

/** The strongest live ticket of somebody else on any of the reservation's seats. */
export type InTheWay = 'none' | 'issued' | 'confirmed'

export interface Ticketing {
  state: TicketState
  /** Why a tombstone was laid: the reason of the seat_cancel that came too early. */
  reason?: CancelReason
}

export type TicketInput =
  | { type: 'payment_create'; inTheWay: InTheWay }
  | { type: 'payment_fail'; reason: PaymentFailure }
  | { type: 'seat_confirm' }
  | { type: 'seat_cancel'; reason: CancelReason }
  | { type: 'way_changed'; inTheWay: InTheWay }

export type TicketMessage =
  | { topic: 'ticket_confirm' }
  | { topic: 'ticket_cancel'; reason: CancelReason }

export interface TicketDecision {
  state: TicketState
  reason?: CancelReason
  publish?: TicketMessage
}

const refuse = (reason: CancelReason): TicketDecision => ({
  state: 'refused',
  reason,
  publish: { topic: 'ticket_cancel', reason },
})

const withdraw = (reason: CancelReason): TicketDecision => ({
  state: 'void',
  reason,
  publish: { topic: 'ticket_cancel', reason },
})

/** What `input` makes of a reservation's tickets (null: none known); null changes nothing. */
export function decideTickets(known: Ticketing | null, input: TicketInput): TicketDecision | null {
  if (known === null) return fromNone(input)
  switch (known.state) {
    case 'tombstone':
      return fromTombstone(known, input)
    case 'waiting':
      if (input.type === 'way_changed') return issueUnlessBlocked(input.inTheWay, true)
      return input.type === 'seat_cancel' ? refuse(paidReason(input.reason)) : null
    case 'issued':
      if (input.type === 'seat_confirm') return { state: 'confirmed' }
      return input.type === 'seat_cancel' ? withdraw(paidReason(input.reason)) : null
    case 'confirmed':
      return input.type === 'seat_cancel' ? withdraw(paidReason(input.reason)) : null
    case 'refused':
    case 'void':
      return null
    default:
      return unreachable(known.state)
  }
}

function fromNone(input: TicketInput): TicketDecision | null {
  switch (input.type) {
    case 'payment_create':
      return issueUnlessBlocked(input.inTheWay, false)
    case 'payment_fail':
      return refuse(input.reason)
    case 'seat_cancel':
      return { state: 'tombstone', reason: input.reason }
    default:
      return null
  }
}

function fromTombstone(known: Ticketing, input: TicketInput): TicketDecision | null {
  switch (input.type) {
    case 'payment_create':
      return refuse(paidReason(known.reason))
    case 'payment_fail':
      return refuse(input.reason)
    default:
      return null
  }
}

/**
 * A ticket that is only issued may belong to a late payer, so the rightful holder waits for the
 * seat service's word on it; a confirmed one is that word.
 */
function issueUnlessBlocked(inTheWay: InTheWay, isWaiting: boolean): TicketDecision | null {
  switch (inTheWay) {
    case 'none':
      return { state: 'issued', publish: { topic: 'ticket_confirm' } }
    case 'issued':
      return isWaiting ? null : { state: 'waiting' }
    case 'confirmed':
      return refuse('seat_conflict')
    default:
      throw new TypeError(`unknown obstacle ${inTheWay satisfies never}`)
  }
}

/** Money was captured, so the reason must not tell consumers that nothing was paid. */
function paidReason(reason: CancelReason | undefined): CancelReason {
  return reason === 'seat_conflict' || reason === 'show_cancelled' ? reason : 'late_payment'
}

function unreachable(state: never): never {
  throw new TypeError(`unknown ticket state ${state}`)
}
