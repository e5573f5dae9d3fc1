/** Everything that can happen to a payment, with what is needed to write it down. */
import type { CancelReason, Money } from '../contracts/payloads.ts'
import type { Receipt } from './gateway.ts'
import type { Order } from './store.ts'

/** What a message about a reservation hands on. */
export type Bearer = Pick<Order, 'snapshot' | 'traceparent'>

export type PaymentEvent = { reservationId: string } & (
  | { type: 'payment_request'; order: Order }
  | { type: 'seat_expired'; phase: 'held' | 'paying'; order: Bearer }
  | { type: 'ticket_cancel'; reason: CancelReason }
  | { type: 'pay_by_passed' }
  /** `order` spares a look-up when the caller has it. */
  | { type: 'captured'; receipt: Receipt; order?: Bearer }
  | { type: 'declined'; amount?: Money; order?: Bearer }
  /** `claim` tells which call it was: the outcome of an older one changes nothing. */
  | { type: 'refused' | 'no_answer'; claim: string; order?: Bearer }
  | { type: 'refunded'; receipt: Receipt; order?: Bearer & { reason: CancelReason } }
)
