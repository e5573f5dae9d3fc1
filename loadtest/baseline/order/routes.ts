/** The public contract's calls that a checkout needs, and what stands before each. */
import type { Static, TSchema } from '@sinclair/typebox'
import {
  CheckoutRequest,
  HoldRequest,
  SessionRequest,
  SHOW_BODY_BYTES_MAX,
  ShowRequest,
} from '../../../contracts/http.ts'
import { IDEMPOTENCY_KEY_PATTERN } from '../../../contracts/ids.ts'
import {
  bodyOf,
  type Call,
  json,
  problem,
  publicRoute,
  type Reply,
  type Route,
} from '../http/http.ts'
import { admit, type BuyerLimit, type Identity, type Sessions } from './auth.ts'
import type { Booking, Outcome } from './booking.ts'
import { type Shows, bodyOf as showBodyOf } from './shows.ts'

const IDEMPOTENCY_KEY = new RegExp(IDEMPOTENCY_KEY_PATTERN)

export function orderRoutes(options: {
  sessions: Sessions
  limit: BuyerLimit
  shows: Shows
  booking: Booking
}): Route[] {
  const { sessions, shows, booking } = options
  const readSession = bodyOf(SessionRequest)
  return [
    publicRoute({
      ...{ method: 'POST', path: '/v1/sessions', headers: [] },
      handle: async ({ body }) => {
        const checked = readSession(body)
        return checked.ok ? json(201, await sessions.open()) : checked.reply
      },
    }),
    guarded(options, {
      ...{ method: 'POST', path: '/v1/shows', access: 'operator', schema: ShowRequest },
      bodyBytesMax: SHOW_BODY_BYTES_MAX,
      handle: async ({ body }) => {
        const created = await shows.create(body)
        if (!created) return problem('show-exists', 'another show has this id')
        return json(created.isNew ? 201 : 200, showBodyOf(created.show))
      },
    }),
    guarded(options, {
      ...{ method: 'POST', path: '/v1/shows/{showId}/reservations', access: 'buyer' },
      ...{ schema: HoldRequest, hasKey: true },
      handle: async ({ params, identity: { customerId }, key, body }) => {
        const showId = params[0] as string
        return replyOf(201, await booking.hold({ customerId, showId, key, body }))
      },
    }),
    guarded(options, {
      ...{ method: 'POST', path: '/v1/reservations/{reservationId}/checkout', access: 'buyer' },
      ...{ schema: CheckoutRequest, hasKey: true },
      handle: async ({ params, identity: { customerId }, key, body }) => {
        const reservationId = params[0] as string
        return replyOf(200, await booking.checkOut({ customerId, reservationId, key, body }))
      },
    }),
    guarded(options, {
      ...{ method: 'GET', path: '/v1/reservations/{reservationId}', access: 'buyer' },
      schema: SessionRequest,
      handle: async ({ params, identity: { customerId } }) =>
        replyOf(200, await booking.find(customerId, params[0] as string)),
    }),
  ]
}

interface Guarded<S extends TSchema> {
  method: 'GET' | 'POST'
  path: string
  access: 'buyer' | 'operator'
  schema: S
  bodyBytesMax?: number
  /** Whether the call needs an Idempotency-Key. */
  hasKey?: boolean
  handle(call: {
    params: readonly string[]
    identity: Identity
    key: string
    body: Static<S>
  }): Promise<Reply>
}

/** A route behind token, rate, schema and key, in the order in which the product checks them. */
function guarded<S extends TSchema>(
  guards: { sessions: Sessions; limit: BuyerLimit },
  { method, path, access, schema, bodyBytesMax, hasKey = false, handle }: Guarded<S>,
): Route {
  const read = bodyOf(schema)
  return publicRoute({
    ...{ method, path, headers: ['authorization', 'idempotency-key'] },
    ...(bodyBytesMax && { bodyBytesMax }),
    handle: async ({ params, headers, body }: Call) => {
      const admission = await admit(guards, headers.authorization as string, access)
      if (!admission.ok) return admission.reply
      const checked = read(body)
      if (!checked.ok) return checked.reply
      const key = headers['idempotency-key'] as string
      if (hasKey && key === '') return problem('idempotency-key-missing')
      if (hasKey && !IDEMPOTENCY_KEY.test(key)) return problem('bad-request', 'Idempotency-Key')
      return handle({ params, identity: admission.identity, key, body: checked.value })
    },
  })
}

function replyOf(status: number, outcome: Outcome): Reply {
  if (outcome.type === 'refused') {
    const { code, detail, ...rest } = outcome.problem
    return problem(code, detail as string | undefined, rest)
  }
  const { reservation } = outcome
  return json(status, reservation, { location: `/v1/reservations/${reservation.reservationId}` })
}
