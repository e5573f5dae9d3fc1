/** What a message is to each pure function, and everything that such a function may be fed. */
import { CANCEL_REASONS, PAYMENT_FAILURES } from '../../contracts/payloads.ts'
import type { PaymentInput } from '../../payment/domain/paying.ts'
import type { Input } from '../../reservation/domain/transitions.ts'
import type { InTheWay, TicketInput } from '../../ticket/domain/ticketing.ts'
import type { Message } from './side.ts'

export const BOOLEANS = [true, false] as const
export const WAYS = ['none', 'issued', 'confirmed'] as const

export const RESERVATION_INPUTS: readonly Input[] = [
  ...BOOLEANS.map((seatsFree) => ({ type: 'hold', seatsFree }) as const),
  { type: 'checkout' },
  { type: 'release' },
  { type: 'deadline' },
  { type: 'cancel_show' },
  { type: 'refund' },
  ...BOOLEANS.map((seatsFree) => ({ type: 'ticket_confirm', seatsFree }) as const),
  ...CANCEL_REASONS.map((reason) => ({ type: 'ticket_cancel', reason }) as const),
  { type: 'payment_refund' },
]

export const PAYMENT_INPUTS: readonly PaymentInput[] = [
  { type: 'payment_request' },
  { type: 'seat_expired', phase: 'held' },
  { type: 'seat_expired', phase: 'paying' },
  { type: 'pay_by_passed' },
  { type: 'charge' },
  { type: 'captured' },
  { type: 'declined' },
  { type: 'refused' },
  { type: 'no_answer' },
  ...CANCEL_REASONS.map((reason) => ({ type: 'ticket_cancel', reason }) as const),
  { type: 'provider_refunded' },
]

export const TICKET_INPUTS: readonly TicketInput[] = [
  ...WAYS.map((inTheWay) => ({ type: 'payment_create', inTheWay }) as const),
  ...PAYMENT_FAILURES.map((reason) => ({ type: 'payment_fail', reason }) as const),
  { type: 'seat_confirm' },
  ...CANCEL_REASONS.map((reason) => ({ type: 'seat_cancel', reason }) as const),
  ...WAYS.map((inTheWay) => ({ type: 'way_changed', inTheWay }) as const),
]

/** The input that a message is to a reservation. */
export function reservationInputOf(message: Message, seatsFree: boolean): Input {
  switch (message.topic) {
    case 'ticket_confirm':
      return { type: 'ticket_confirm', seatsFree }
    case 'ticket_cancel':
      return { type: 'ticket_cancel', reason: message.reason }
    case 'payment_refund':
      return { type: 'payment_refund' }
    default:
      throw new TypeError(`the seat service does not consume ${message.topic}`)
  }
}

/** The input that a message is to a payment. */
export function paymentInputOf(message: Message): PaymentInput {
  switch (message.topic) {
    case 'payment_request':
      return { type: 'payment_request' }
    case 'seat_expired':
      return { type: 'seat_expired', phase: message.phase }
    case 'ticket_cancel':
      return { type: 'ticket_cancel', reason: message.reason }
    default:
      throw new TypeError(`the payment service does not consume ${message.topic}`)
  }
}

/** The input that a message is to a reservation's tickets. */
export function ticketInputOf(message: Message, inTheWay: InTheWay): TicketInput {
  switch (message.topic) {
    case 'payment_create':
      return { type: 'payment_create', inTheWay }
    case 'payment_fail':
      return { type: 'payment_fail', reason: message.reason }
    case 'seat_confirm':
      return { type: 'seat_confirm' }
    case 'seat_cancel':
      return { type: 'seat_cancel', reason: message.reason }
    default:
      throw new TypeError(`the ticket service does not consume ${message.topic}`)
  }
}
