/**
 * What each topic carries. A payload is a snapshot of the moment: thin consumers take the ids,
 * rich ones need no look-up. The TypeScript types, the JSON Schemas and AsyncAPI come from here.
 * Fields are only ever added, and added ones are optional.
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  CUSTOMER_ID_PATTERN,
  RESERVATION_ID_PATTERN,
  SHOW_ID_PATTERN,
  TICKET_ID_PATTERN,
} from './ids.ts'
import type { Topic } from './topics.ts'

export const SEATS_PER_MESSAGE_MAX = 1_000

export const Money = Type.Object(
  {
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217 code' }),
    value: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'minor units of the currency',
    }),
  },
  { $id: 'Money' },
)
export type Money = Static<typeof Money>

export const isSameMoney = (a: Money, b: Money): boolean =>
  a.currency === b.currency && a.value === b.value

export const Contact = Type.Object({
  email: Type.String({ minLength: 3, maxLength: 254, pattern: '^[^\\s@]+@[^\\s@]+$' }),
  locale: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$' })),
})
export type Contact = Static<typeof Contact>

/** Ids and seat ids are kept in ASCII columns and in keys, so they are ASCII without blanks. */
export const Id = Type.String({ pattern: '^[!-~]{1,128}$' })
const SeatId = Type.String({ pattern: '^[!-~]{5,140}$' })

export const IssuedTicket = Type.Object({
  ticketId: Type.String({ pattern: TICKET_ID_PATTERN }),
  seatId: SeatId,
})
export type IssuedTicket = Static<typeof IssuedTicket>

/** Why a payment came to nothing: the card was declined, or nobody could be asked in time. */
export const PAYMENT_FAILURES = ['payment_declined', 'payment_unavailable'] as const
export type PaymentFailure = (typeof PAYMENT_FAILURES)[number]

/** Why seats or tickets were taken back. `payment_*` means that no money was captured. */
export const CANCEL_REASONS = [
  ...PAYMENT_FAILURES,
  'seat_conflict',
  'late_payment',
  'show_cancelled',
] as const
export type CancelReason = (typeof CANCEL_REASONS)[number]

/** True when the reason tells that no money was captured. */
export const isUnpaid = (reason: CancelReason): reason is PaymentFailure =>
  (PAYMENT_FAILURES as readonly string[]).includes(reason)

const Time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$' })
const Reason = Type.Union(CANCEL_REASONS.map((reason) => Type.Literal(reason)))
const FailureReason = Type.Union(PAYMENT_FAILURES.map((reason) => Type.Literal(reason)))
const Tickets = Type.Array(IssuedTicket, { minItems: 1, maxItems: SEATS_PER_MESSAGE_MAX })

const base = {
  reservationId: Type.String({ pattern: RESERVATION_ID_PATTERN }),
  showId: Type.String({ pattern: SHOW_ID_PATTERN }),
  customerId: Type.String({ pattern: CUSTOMER_ID_PATTERN }),
  seatIds: Type.Array(SeatId, {
    minItems: 1,
    uniqueItems: true,
    maxItems: SEATS_PER_MESSAGE_MAX,
  }),
  amount: Type.Object(Money.properties),
  contact: Type.Optional(Contact),
  show: Type.Optional(Type.Object({ name: Type.String({ maxLength: 200 }), startsAt: Time })),
}

/** What every payload says about the reservation; services hand it on from message to message. */
export const Snapshot = Type.Object(base)
export type Snapshot = Static<typeof Snapshot>

export const PAYLOADS = {
  payment_request: Type.Object({
    ...base,
    paymentToken: Type.String({ minLength: 1, maxLength: 128 }),
    payBy: Time,
  }),
  payment_create: Type.Object({ ...base, paymentId: Id, capturedAt: Time, providerRef: Id }),
  payment_fail: Type.Object({ ...base, paymentId: Id, reason: FailureReason }),
  ticket_confirm: Type.Object({ ...base, paymentId: Id, tickets: Tickets }),
  ticket_cancel: Type.Object({ ...base, reason: Reason, paymentId: Type.Optional(Id) }),
  seat_confirm: Type.Object({ ...base, paymentId: Id, tickets: Tickets }),
  seat_cancel: Type.Object({ ...base, reason: Reason, paymentId: Type.Optional(Id) }),
  seat_expired: Type.Object({
    ...base,
    expiredAt: Time,
    phase: Type.Union([Type.Literal('held'), Type.Literal('paying')]),
  }),
  payment_refund: Type.Object({ ...base, paymentId: Id, refundId: Id, reason: Reason }),
} as const satisfies Record<Topic, ReturnType<typeof Type.Object>>

export type PayloadOf<T extends Topic> = Static<(typeof PAYLOADS)[T]>

/** The part of a payload that is handed on unchanged through the whole saga. */
export function snapshotOf(payload: Snapshot): Snapshot {
  const { reservationId, showId, customerId, seatIds, amount, contact, show } = payload
  return {
    reservationId,
    showId,
    customerId,
    seatIds,
    amount,
    ...(contact && { contact }),
    ...(show && { show }),
  }
}
