/** What the services of the baseline ask each other: requests, answers, and who answers what. */
import { type Static, Type } from '@sinclair/typebox'
import { RESERVATION_ID_PATTERN, SHOW_ID_PATTERN } from '../../contracts/ids.ts'
import { CANCEL_REASONS, Contact, IssuedTicket, Money } from '../../contracts/payloads.ts'

/** `idiomatic`: node:http and BEGIN/COMMIT. `tuned`: uWebSockets.js and the fewest round trips. */
export const VARIANTS = ['idiomatic', 'tuned'] as const
export type Variant = (typeof VARIANTS)[number]

const ReservationId = Type.String({ pattern: RESERVATION_ID_PATTERN })
const ShowId = Type.String({ pattern: SHOW_ID_PATTERN })
const Reason = Type.Union(CANCEL_REASONS.map((reason) => Type.Literal(reason)))
const Tickets = Type.Array(IssuedTicket, { minItems: 1, maxItems: 1_000 })

// --- payment -----------------------------------------------------------------------------------

export const ChargeRequest = Type.Object({
  reservationId: ReservationId,
  showId: ShowId,
  amount: Type.Object(Money.properties),
  token: Type.String({ minLength: 1, maxLength: 128 }),
})
export type ChargeRequest = Static<typeof ChargeRequest>

/** Answered 201. A declined card is 402, a stopped payment 409, an unknown outcome 504. */
export const ChargeAnswer = Type.Object({
  status: Type.Literal('captured'),
  paymentId: Type.String(),
})
export type ChargeAnswer = Static<typeof ChargeAnswer>

/** The reverse of a charge: whatever was captured goes back, and nothing will be captured later. */
export const RefundRequest = Type.Object({ reservationId: ReservationId, showId: ShowId })
export type RefundRequest = Static<typeof RefundRequest>

/** `none`: nothing was captured, so there was nothing to return. */
export const RefundAnswer = Type.Object({
  status: Type.Union([Type.Literal('refunded'), Type.Literal('none')]),
})
export type RefundAnswer = Static<typeof RefundAnswer>

// --- ticket ------------------------------------------------------------------------------------

export const IssueRequest = Type.Object({
  reservationId: ReservationId,
  showId: ShowId,
  tickets: Tickets,
})
export type IssueRequest = Static<typeof IssueRequest>

/** Answered 201. A seat that has a live ticket, or tickets that were voided before, are 409. */
export const IssueAnswer = Type.Object({ status: Type.Literal('issued') })
export type IssueAnswer = Static<typeof IssueAnswer>

/** The reverse of an issue, with the same body: also before it, and then it never happens. */
export const VoidAnswer = Type.Object({ status: Type.Literal('void') })
export type VoidAnswer = Static<typeof VoidAnswer>

// --- notification ------------------------------------------------------------------------------

export const NOTICE_KINDS = ['confirmed', 'payment_failed', 'cancelled', 'refunded'] as const
export type NoticeKind = (typeof NOTICE_KINDS)[number]

export const NoticeRequest = Type.Object({
  kind: Type.Union(NOTICE_KINDS.map((kind) => Type.Literal(kind))),
  reservationId: ReservationId,
  showId: ShowId,
  customerId: Type.String(),
  seatIds: Type.Array(Type.String()),
  amount: Type.Object(Money.properties),
  show: Type.Object({ name: Type.String(), startsAt: Type.String() }),
  contact: Type.Optional(Contact),
  tickets: Type.Optional(Tickets),
  reason: Type.Optional(Reason),
})
export type NoticeRequest = Static<typeof NoticeRequest>

/** Answered 201 once the notice is kept; it is delivered afterwards, with retries. */
export const NoticeAnswer = Type.Object({ status: Type.Literal('kept') })
export type NoticeAnswer = Static<typeof NoticeAnswer>

// --- names -------------------------------------------------------------------------------------

/** Derived, so that a reservation has one payment and one idempotency key at the provider. */
export const paymentIdOf = (reservationId: string): string => `p${reservationId.slice(1)}`
export const refundIdOf = (paymentId: string): string => `refund-${paymentId}`
