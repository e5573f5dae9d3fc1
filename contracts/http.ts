/**
 * What the HTTP surface takes and gives. Requests are validated against these schemas and the
 * OpenAPI document is made from them. Unknown members of a request are ignored, so a client may
 * be newer than its server; the policy of a show is the exception, for a misspelt limit that
 * silently takes its default would cost somebody seats.
 */
import { FormatRegistry, type Static, type TSchema, Type } from '@sinclair/typebox'
import {
  CUSTOMER_ID_PATTERN,
  RESERVATION_ID_PATTERN,
  SHOW_ID_PATTERN,
  TICKET_ID_PATTERN,
} from './ids.ts'
import { CANCEL_REASONS, Contact, IssuedTicket, Money } from './payloads.ts'
import { PROBLEMS, type ProblemCode } from './problem.ts'

export const BODY_BYTES_MAX = 16 * 1024
export const SHOW_BODY_BYTES_MAX = 4 * 1024 * 1024
export const WAIT_S_MAX = 30
export const PRICE_MAX = 1_000_000_000_000
export const SEATS_PER_SHOW_MAX = 200_000
export const SECTIONS_PER_SHOW_MAX = 2_000
export const COORDINATE_MAX = 1_000_000
export const OUTLINE_POINTS_MAX = 200

/**
 * RFC 3339 with a day that the calendar has (JavaScript alone takes 30 February for 2 March), in a
 * year that has four digits in UTC too.
 */
export function isDateTime(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.exec(text)
  if (!match || Number.isNaN(Date.parse(text))) return false
  if (!/^\d{4}-/.test(new Date(text).toISOString())) return false
  const [, year, month, day] = match.map(Number) as [number, number, number, number]
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

FormatRegistry.Set('date-time', isDateTime)

const oneOf = <const T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>(Type.Union(values.map((value) => Type.Literal(value))))

const Time = Type.String({
  format: 'date-time',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
  description: 'RFC 3339, UTC, milliseconds',
})

const ShowId = Type.String({ pattern: SHOW_ID_PATTERN })
const CustomerId = Type.String({ pattern: CUSTOMER_ID_PATTERN })
const ReservationId = Type.String({ pattern: RESERVATION_ID_PATTERN })
const TicketId = Type.String({ pattern: TICKET_ID_PATTERN })
const SeatId = Type.String({ description: '`<section>-<row>-<number>`' })
const Version = Type.String({ description: 'opaque; equal versions are equal states' })
const NamePart = Type.String({ pattern: '^[A-Za-z0-9_.]{1,32}$' })

export const SessionRequest = Type.Object({}, { $id: 'SessionRequest' })

export const Session = Type.Object(
  {
    customerId: CustomerId,
    token: Type.String({ description: 'for `Authorization: Bearer`' }),
    expiresAt: Time,
  },
  { $id: 'Session' },
)
export type Session = Static<typeof Session>

const durationMs = (description: string, standard: number) =>
  Type.Integer({ minimum: 500, maximum: 86_400_000, default: standard, description })
const seatLimit = (description: string, standard: number) =>
  Type.Integer({ minimum: 1, maximum: 1_000, default: standard, description })

const policyMembers = {
  holdTtlMs: durationMs('how long a hold keeps its seats', 300_000),
  paymentWindowMs: durationMs('how long a checkout keeps them', 120_000),
  seatsPerHoldMax: seatLimit('seats in one hold', 8),
  seatsPerBuyerMax: seatLimit('seats that one buyer may have at a time', 8),
  holdExtensionMaxMs: durationMs('by how much a hold may be extended in all', 600_000),
}

export const Policy = Type.Object(policyMembers, { $id: 'Policy' })
export type Policy = Static<typeof Policy>

export const PolicyRequest = Type.Partial(
  Type.Object(policyMembers, { additionalProperties: false }),
  { $id: 'PolicyRequest' },
)

const Coordinate = Type.Number({ minimum: -COORDINATE_MAX, maximum: COORDINATE_MAX })
const Outline = Type.Array(Coordinate, {
  minItems: 6,
  maxItems: 2 * OUTLINE_POINTS_MAX,
  description: 'the corners of a polygon, `[x, y, x, y, ...]`',
})

/** What drawing a show needs to know; see contracts/layout.md. */
export const Geometry = Type.Object(
  {
    seatSize: Type.Number({
      exclusiveMinimum: 0,
      maximum: COORDINATE_MAX,
      description: 'the diameter of a seat, in the unit of all coordinates',
    }),
    stage: Type.Optional(Outline),
  },
  { $id: 'Geometry' },
)
export type Geometry = Static<typeof Geometry>

export const LayoutRow = Type.Object(
  {
    id: NamePart,
    seats: Type.Integer({
      minimum: 1,
      maximum: SEATS_PER_SHOW_MAX,
      description: 'how many; they are numbered from 1',
    }),
    curve: Type.Optional(
      Type.Array(Coordinate, {
        minItems: 4,
        maxItems: 6,
        description:
          'where the seats stand, evenly spaced: `[x, y, x, y]` on the line from the first to the ' +
          'last, `[x, y, x, y, x, y]` on the arc from the first over the second point to the last',
      }),
    ),
    places: Type.Optional(
      Type.Array(Coordinate, {
        minItems: 2,
        maxItems: 2 * SEATS_PER_SHOW_MAX,
        description: 'instead of a curve: where each seat stands, `[x, y, x, y, ...]`',
      }),
    ),
  },
  { $id: 'Row' },
)

export const LayoutSection = Type.Object(
  {
    id: NamePart,
    name: Type.String({ minLength: 1, maxLength: 200 }),
    price: Type.Integer({
      minimum: 0,
      maximum: PRICE_MAX,
      description: 'of one seat, in minor units of the show’s currency',
    }),
    rows: Type.Array(LayoutRow, { minItems: 1, maxItems: SEATS_PER_SHOW_MAX }),
    outline: Type.Optional(Outline),
  },
  { $id: 'Section' },
)

const Sections = Type.Array(LayoutSection, { minItems: 1, maxItems: SECTIONS_PER_SHOW_MAX })
const Currency = Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217 code' })
const ShowName = Type.String({ minLength: 1, maxLength: 200 })

export const ShowRequest = Type.Object(
  {
    showId: Type.Optional(ShowId),
    name: ShowName,
    startsAt: Type.String({
      format: 'date-time',
      maxLength: 40,
      description: 'RFC 3339',
    }),
    currency: Currency,
    sections: Sections,
    geometry: Type.Optional(Geometry),
    policy: Type.Optional(PolicyRequest),
  },
  { $id: 'ShowRequest' },
)
export type ShowRequest = Static<typeof ShowRequest>

export const Show = Type.Object(
  {
    showId: ShowId,
    name: ShowName,
    startsAt: Time,
    currency: Currency,
    total: Type.Integer({ minimum: 1, maximum: SEATS_PER_SHOW_MAX }),
    policy: Policy,
    sections: Sections,
    geometry: Type.Optional(Geometry),
  },
  { $id: 'Show' },
)
export type Show = Static<typeof Show>

export const ShowList = Type.Object(
  {
    shows: Type.Array(
      Type.Object({
        showId: ShowId,
        name: ShowName,
        startsAt: Time,
        total: Type.Integer({ minimum: 1 }),
      }),
    ),
  },
  { $id: 'ShowList' },
)
export type ShowList = Static<typeof ShowList>

const seatCount = Type.Integer({ minimum: 0 })

export const SeatMap = Type.Object(
  {
    showId: ShowId,
    version: Version,
    total: seatCount,
    free: seatCount,
    held: seatCount,
    sold: seatCount,
    blocked: seatCount,
    states: Type.String({
      contentEncoding: 'base64',
      description:
        '2 bits per seat in layout order, the first seat in the lowest bits of the first byte: ' +
        '0 free, 1 held, 2 sold, 3 blocked',
    }),
  },
  { $id: 'SeatMap' },
)
export type SeatMap = Static<typeof SeatMap>

export const HoldRequest = Type.Object(
  {
    seatIds: Type.Array(Type.String({ maxLength: 256 }), {
      minItems: 1,
      // More than a body can hold, so that the show's own limit is what a client meets.
      maxItems: BODY_BYTES_MAX,
      description: 'all or none of them are held',
    }),
  },
  { $id: 'HoldRequest' },
)
export type HoldRequest = Static<typeof HoldRequest>

export const ExtendRequest = Type.Object({}, { $id: 'ExtendRequest' })

export const CheckoutRequest = Type.Object(
  {
    payment: Type.Object({
      token: Type.String({
        minLength: 1,
        maxLength: 128,
        pattern: '^[!-~]+$',
        description: 'what the payment provider’s own form gave the buyer',
      }),
    }),
    contact: Type.Optional(Contact),
  },
  { $id: 'CheckoutRequest' },
)
export type CheckoutRequest = Static<typeof CheckoutRequest>

export const RESERVATION_STATUSES = [
  'held',
  'paying',
  'confirmed',
  'released',
  'expired',
  'cancelled',
  'refunding',
  'refunded',
] as const
export type ReservationStatus = (typeof RESERVATION_STATUSES)[number]

export const PAYMENT_STATUSES = ['pending', 'captured', 'failed', 'refunding', 'refunded'] as const

export const Reservation = Type.Object(
  {
    reservationId: ReservationId,
    showId: ShowId,
    customerId: CustomerId,
    seatIds: Type.Array(SeatId, { minItems: 1 }),
    amount: Money,
    status: oneOf(RESERVATION_STATUSES),
    reason: Type.Optional(oneOf(CANCEL_REASONS)),
    expiresAt: Type.Optional(Time),
    version: Version,
    tickets: Type.Optional(Type.Array(IssuedTicket)),
    payment: Type.Optional(
      Type.Object({ status: oneOf(PAYMENT_STATUSES), refunded: Type.Optional(Money) }),
    ),
  },
  { $id: 'Reservation' },
)
export type Reservation = Static<typeof Reservation>

export const Ticket = Type.Object(
  {
    ticketId: TicketId,
    showId: ShowId,
    seatId: SeatId,
    status: oneOf(['live', 'void']),
    reservationId: ReservationId,
  },
  { $id: 'Ticket' },
)
export type Ticket = Static<typeof Ticket>

export const Liveness = Type.Object({ live: Type.Boolean() }, { $id: 'Liveness' })

export const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    failing: Type.Record(Type.String(), Type.String(), {
      description: 'what is not as it should be, by name of the check',
    }),
  },
  { $id: 'Readiness' },
)

const strings = Type.Array(Type.String())

export const ProblemDocument = Type.Object(
  {
    type: Type.String({ description: '`urn:holdfast:problem:<code>`' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.Optional(Type.String()),
    code: oneOf(Object.keys(PROBLEMS) as ProblemCode[]),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
        description: 'of bad-request: where the request is wrong, as JSON pointers',
      }),
    ),
    seatIds: Type.Optional(strings),
    max: Type.Optional(Type.Integer()),
    have: Type.Optional(Type.Integer()),
    reservationStatus: Type.Optional(oneOf(RESERVATION_STATUSES)),
  },
  { $id: 'Problem' },
)

/** Every schema that has a name in the OpenAPI document. */
export const NAMED_SCHEMAS: readonly TSchema[] = [
  Money,
  SessionRequest,
  Session,
  Policy,
  PolicyRequest,
  Geometry,
  LayoutRow,
  LayoutSection,
  ShowRequest,
  Show,
  ShowList,
  SeatMap,
  HoldRequest,
  ExtendRequest,
  CheckoutRequest,
  Reservation,
  Ticket,
  Liveness,
  Readiness,
  ProblemDocument,
]
