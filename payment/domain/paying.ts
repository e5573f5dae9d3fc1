/**
 * What happens to one payment: the table of docs/ARCHITECTURE.md as a function. No clock, no
 * provider, no row: the charger and the store carry out what is decided here.
 */
import type { CancelReason, PaymentFailure } from '../../contracts/payloads.ts'

export const PAYMENT_STATES = [
  'tombstone',
  'requested',
  'charging',
  'captured',
  'failed',
  'refunding',
  'refunded',
] as const
export type PaymentState = (typeof PAYMENT_STATES)[number]

export interface Payment {
  state: PaymentState
  /** The seats were given up while a call was under way: do not ask the provider again. */
  stop: boolean
  /** A call ended without an answer, so a refusal no longer proves that nothing was captured. */
  unanswered: boolean
}

export type PaymentInput =
  | { type: 'payment_request' }
  | { type: 'seat_expired'; phase: 'held' | 'paying' }
  | { type: 'pay_by_passed' }
  | { type: 'charge' }
  | { type: 'captured' }
  | { type: 'declined' }
  | { type: 'refused' }
  | { type: 'no_answer' }
  | { type: 'ticket_cancel'; reason: CancelReason }
  | { type: 'provider_refunded' }

export type PaymentMessage =
  | { topic: 'payment_create' }
  | { topic: 'payment_fail'; reason: PaymentFailure }
  | { topic: 'payment_refund' }

export interface PaymentDecision {
  payment: Payment
  publish?: PaymentMessage
}

const to = (state: PaymentState, publish?: PaymentMessage): PaymentDecision => ({
  payment: { state, stop: false, unanswered: false },
  ...(publish && { publish }),
})

const givenUp = (): PaymentDecision =>
  to('failed', { topic: 'payment_fail', reason: 'payment_unavailable' })

/** What `input` makes of a payment (null: none is known); null changes nothing and says nothing. */
export function decidePayment(
  payment: Payment | null,
  input: PaymentInput,
): PaymentDecision | null {
  if (payment === null) {
    if (input.type === 'payment_request') return to('requested')
    return input.type === 'seat_expired' && input.phase === 'paying' ? to('tombstone') : null
  }
  switch (payment.state) {
    case 'tombstone':
      return input.type === 'payment_request' ? givenUp() : null
    case 'requested':
      return fromRequested(input)
    case 'charging':
      return fromCharging(payment, input)
    case 'captured':
      return input.type === 'ticket_cancel' ? to('refunding') : null
    case 'refunding':
      return input.type === 'provider_refunded' ? to('refunded', { topic: 'payment_refund' }) : null
    case 'failed':
    case 'refunded':
      return null
    default:
      return unreachable(payment.state)
  }
}

/** Only a requested payment may be given up: nobody has called the provider about it. */
function fromRequested(input: PaymentInput): PaymentDecision | null {
  switch (input.type) {
    case 'charge':
      return to('charging')
    case 'seat_expired':
      return input.phase === 'paying' ? givenUp() : null
    case 'pay_by_passed':
      return givenUp()
    default:
      return null
  }
}

function fromCharging(payment: Payment, input: PaymentInput): PaymentDecision | null {
  switch (input.type) {
    case 'captured':
      return to('captured', { topic: 'payment_create' })
    case 'declined':
      return to('failed', { topic: 'payment_fail', reason: 'payment_declined' })
    case 'refused':
      return refused(payment)
    case 'no_answer':
      return payment.unanswered ? null : { payment: { ...payment, unanswered: true } }
    case 'seat_expired':
      if (input.phase !== 'paying' || payment.stop) return null
      return { payment: { ...payment, stop: true } }
    default:
      return null
  }
}

/** A refusal after an unanswered call proves nothing: the same key is asked again, forever. */
function refused(payment: Payment): PaymentDecision | null {
  if (payment.unanswered) return null
  return payment.stop ? givenUp() : to('requested')
}

function unreachable(state: never): never {
  throw new TypeError(`unknown payment state ${state}`)
}
