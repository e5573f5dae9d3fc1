/** Reservations, from hold to checkout, and tickets. */
import {
  BODY_BYTES_MAX,
  CheckoutRequest,
  ExtendRequest,
  HoldRequest,
  Reservation,
  Ticket,
  WAIT_S_MAX,
} from '../../../contracts/http.ts'
import type { Booking } from '../../booking/booking.ts'
import type { Outcome } from '../../booking/outcome.ts'
import { checkoutAsGiven, holdAsGiven } from '../../booking/requests.ts'
import type { Identity } from '../auth/tokens.ts'
import { json, problemReply, type Reply } from '../reply.ts'
import { type Answer, type Call, type Route, route } from '../route.ts'

const KEY_HEADERS = {
  'Idempotency-Key!': '1 to 64 of A-Z a-z 0-9 _ -; the same key, the same answer',
}

const asJson = (description: string, headers?: Record<string, string>): Answer => ({
  description,
  content: { 'application/json': Reservation },
  ...(headers && { headers }),
})

export function reservationRoutes(booking: Booking): Route[] {
  return [
    holdSeats(booking),
    readReservation(booking),
    releaseSeats(booking),
    extendHold(booking),
    checkOut(booking),
    readTicket(booking),
  ]
}

function holdSeats(booking: Booking): Route {
  return route({
    method: 'POST',
    path: '/v1/shows/{showId}/reservations',
    access: 'buyer',
    headers: ['idempotency-key'],
    body: { schema: HoldRequest, bytesMax: BODY_BYTES_MAX },
    document: {
      operationId: 'holdSeats',
      summary: 'Hold seats for a limited time: all of them or none',
      tag: 'reservations',
      answers: { 201: asJson('the hold', { Location: 'where the reservation is' }) },
      headers: KEY_HEADERS,
      problems: [
        'bad-request',
        'idempotency-key-missing',
        'not-found',
        'seats-taken',
        'body-too-large',
        'unknown-seat',
        'duplicate-seats',
        'too-many-seats',
        'buyer-limit',
        'idempotency-key-reused',
      ],
    },
    handle: async (call) => {
      const showId = call.params[0] as string
      const outcome = await holdAsGiven(booking, { ...givenBy(call), showId, body: call.body })
      return replyWith(outcome, (value) => json(201, value, locationOf(value)))
    },
  })
}

function readReservation(booking: Booking): Route {
  return route({
    method: 'GET',
    path: '/v1/reservations/{reservationId}',
    access: 'buyer',
    headers: ['prefer'],
    document: {
      operationId: 'readReservation',
      summary: 'A reservation of yours, at once or when it is neither held nor paying any more',
      tag: 'reservations',
      answers: {
        200: asJson('the reservation', { 'Preference-Applied': 'the wait that was granted' }),
      },
      headers: { Prefer: `wait=<seconds>, at most ${WAIT_S_MAX}` },
      problems: ['not-found'],
    },
    handle: async (call) => {
      const { customerId } = call.identity
      const reservationId = call.params[0] as string
      const waitS = waitOf(call.headers.prefer as string)
      if (waitS === 0) {
        const found = await booking.find({ customerId, reservationId })
        return replyWith(found, (value) => json(200, value))
      }
      const { onAborted } = call
      const waitMs = waitS * 1_000
      const waited = await booking.wait({ customerId, reservationId, waitMs, onAborted })
      const applied = [['Preference-Applied', `wait=${waitS}`]] as const
      return replyWith(waited, (value) => json(200, value, applied))
    },
  })
}

function releaseSeats(booking: Booking): Route {
  return route({
    method: 'DELETE',
    path: '/v1/reservations/{reservationId}',
    access: 'buyer',
    document: {
      operationId: 'releaseSeats',
      summary: 'Give a hold back',
      tag: 'reservations',
      answers: { 204: { description: 'released, now or before' } },
      problems: ['not-found', 'wrong-state', 'hold-expired'],
    },
    handle: async (call) => {
      const { customerId } = call.identity
      const reservationId = call.params[0] as string
      const outcome = await booking.release({ customerId, reservationId, ...traceOf(call) })
      return replyWith(outcome, () => ({ status: 204 }))
    },
  })
}

function extendHold(booking: Booking): Route {
  return route({
    method: 'POST',
    path: '/v1/reservations/{reservationId}/extend',
    access: 'buyer',
    body: { schema: ExtendRequest, bytesMax: BODY_BYTES_MAX },
    document: {
      operationId: 'extendHold',
      summary: 'Keep a hold longer, within the show’s limit',
      tag: 'reservations',
      answers: { 200: asJson('the reservation with its deadline') },
      problems: ['bad-request', 'not-found', 'wrong-state', 'hold-expired', 'body-too-large'],
    },
    handle: async (call) => {
      const { customerId } = call.identity
      const reservationId = call.params[0] as string
      const outcome = await booking.extend({ customerId, reservationId, ...traceOf(call) })
      return replyWith(outcome, (value) => json(200, value))
    },
  })
}

function checkOut(booking: Booking): Route {
  return route({
    method: 'POST',
    path: '/v1/reservations/{reservationId}/checkout',
    access: 'buyer',
    headers: ['idempotency-key'],
    body: { schema: CheckoutRequest, bytesMax: BODY_BYTES_MAX },
    document: {
      operationId: 'checkOut',
      summary: 'Pay for a hold; the amount is the hold’s',
      tag: 'reservations',
      answers: { 202: asJson('payment has begun', { Location: 'where to follow it' }) },
      headers: KEY_HEADERS,
      problems: [
        'bad-request',
        'idempotency-key-missing',
        'not-found',
        'wrong-state',
        'hold-expired',
        'body-too-large',
        'idempotency-key-reused',
      ],
    },
    handle: async (call) => {
      const reservationId = call.params[0] as string
      const given = { ...givenBy(call), reservationId, body: call.body }
      const outcome = await checkoutAsGiven(booking, given)
      return replyWith(outcome, (value) => json(202, value, locationOf(value)))
    },
  })
}

function readTicket(booking: Booking): Route {
  return route({
    method: 'GET',
    path: '/v1/tickets/{ticketId}',
    access: 'buyer',
    document: {
      operationId: 'readTicket',
      summary: 'A ticket, for its owner and for operators',
      tag: 'tickets',
      answers: { 200: { description: 'the ticket', content: { 'application/json': Ticket } } },
      problems: ['not-found'],
    },
    handle: async ({ identity, params }) => {
      const ticketId = params[0] as string
      const outcome = await booking.findTicket({ ticketId, ...identity })
      return replyWith(outcome, (value) => json(200, value))
    },
  })
}

const givenBy = (call: Call<unknown, Identity>) => ({
  customerId: call.identity.customerId,
  key: call.headers['idempotency-key'] as string,
  keyPath: '/headers/idempotency-key',
  ...traceOf(call),
})

/** Seconds of a Prefer header's `wait` (RFC 7240); 0 for none. Longer waits are cut to the limit. */
function waitOf(prefer: string): number {
  const match = /(?:^|[,;\s])wait\s*=\s*"?([0-9]{1,6})"?\s*(?:$|[,;])/i.exec(prefer)
  return match ? Math.min(Number(match[1]), WAIT_S_MAX) : 0
}

const traceOf = ({ traceparent }: Pick<Call, 'traceparent'>) => (traceparent ? { traceparent } : {})

const locationOf = ({ reservationId }: Reservation) =>
  [['Location', `/v1/reservations/${reservationId}`]] as const

function replyWith<T>(outcome: Outcome<T>, success: (value: T) => Reply): Reply {
  return outcome.type === 'done' ? success(outcome.value) : problemReply(outcome.problem)
}
