/**
 * What the WebSocket feed takes and gives: JSON text frames, told apart by `op`. Frames of clients
 * are validated against these schemas; the AsyncAPI document is made from all of them. Unknown
 * members are ignored, so that client and server may be of different age.
 */
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import {
  BODY_BYTES_MAX,
  CheckoutRequest,
  HoldRequest,
  ProblemDocument,
  Reservation,
} from './http.ts'
import { IDEMPOTENCY_KEY_PATTERN } from './ids.ts'

export const FEED_PATH = '/v1/feed'
/** The subprotocol that the server selects. */
export const FEED_PROTOCOL = 'holdfast.v1'
/** A second offered subprotocol of this prefix and a token says who connects. */
export const BEARER_PREFIX = 'bearer.'
/** A frame may be as long as the body of a request. */
export const FRAME_BYTES_MAX = BODY_BYTES_MAX

/** Why the server closes a connection. */
export const CLOSE_CODES = {
  /** The process stops, or cannot serve this connection any more: reconnect. */
  goingAway: 1001,
  badFrame: 4400,
  /** Bad or expired, also when it expires later. */
  badToken: 4401,
  /** What it was sent piled up: reconnect, and resume with `since`. */
  tooSlow: 4408,
  tooManyMessages: 4429,
} as const
export type CloseReason = keyof typeof CLOSE_CODES

/** Changes that a client may have missed and still resume; beyond that it gets a snapshot. */
export const RESUME_CHANGES_MAX = 2_000

const op = <T extends string>(name: T) => Type.Literal(name)
const CommandId = Type.String({
  pattern: IDEMPOTENCY_KEY_PATTERN,
  description: 'comes back with the answer; of hold and checkout it is the Idempotency-Key',
})
const ShowId = Type.String()
const ReservationId = Type.String()
const Version = Type.String({ description: 'opaque' })
const Now = Type.String({ description: 'the server’s clock when it was sent, RFC 3339' })

export const SubscribeFrame = Type.Object(
  {
    op: op('subscribe'),
    showId: ShowId,
    since: Type.Optional(Type.String({ description: 'the version that the client has' })),
  },
  { $id: 'SubscribeFrame', description: 'follow the map of a show; again: answered afresh' },
)

export const UnsubscribeFrame = Type.Object(
  { op: op('unsubscribe'), showId: ShowId },
  { $id: 'UnsubscribeFrame' },
)

export const PingFrame = Type.Object(
  { op: op('ping') },
  { $id: 'PingFrame', description: 'for clients that cannot send the protocol’s own pings' },
)

export const HoldFrame = Type.Object(
  { op: op('hold'), id: CommandId, showId: ShowId, ...HoldRequest.properties },
  { $id: 'HoldFrame', description: 'as POST /v1/shows/{showId}/reservations' },
)

const OfReservation = { id: CommandId, reservationId: ReservationId }

export const ReleaseFrame = Type.Object(
  { op: op('release'), ...OfReservation },
  { $id: 'ReleaseFrame', description: 'as DELETE /v1/reservations/{id}' },
)

export const ExtendFrame = Type.Object(
  { op: op('extend'), ...OfReservation },
  { $id: 'ExtendFrame', description: 'as POST /v1/reservations/{id}/extend' },
)

export const FindFrame = Type.Object(
  { op: op('find'), ...OfReservation },
  { $id: 'FindFrame', description: 'as GET /v1/reservations/{id}' },
)

export const CheckoutFrame = Type.Object(
  { op: op('checkout'), ...OfReservation, ...CheckoutRequest.properties },
  { $id: 'CheckoutFrame', description: 'as POST /v1/reservations/{id}/checkout' },
)

/** What a client may send, by `op`. */
export const CLIENT_FRAMES = {
  subscribe: SubscribeFrame,
  unsubscribe: UnsubscribeFrame,
  ping: PingFrame,
  hold: HoldFrame,
  release: ReleaseFrame,
  extend: ExtendFrame,
  checkout: CheckoutFrame,
  find: FindFrame,
} as const
export type ClientOp = keyof typeof CLIENT_FRAMES
export type ClientFrameOf<O extends ClientOp> = Static<(typeof CLIENT_FRAMES)[O]>

export const SnapshotFrame = Type.Object(
  {
    op: op('snapshot'),
    showId: ShowId,
    version: Version,
    states: Type.String({ contentEncoding: 'base64', description: 'as in SeatMap' }),
  },
  { $id: 'SnapshotFrame' },
)

export const ResumedFrame = Type.Object(
  { op: op('resumed'), showId: ShowId, version: Version },
  { $id: 'ResumedFrame', description: 'the version is your `since`; what you missed follows' },
)

export const UnsubscribedFrame = Type.Object(
  { op: op('unsubscribed'), showId: ShowId },
  { $id: 'UnsubscribedFrame' },
)

export const DeltaFrame = Type.Object(
  {
    op: op('delta'),
    showId: ShowId,
    prev: Version,
    version: Version,
    changes: Type.Array(
      Type.Tuple([Type.Integer({ minimum: 0 }), Type.Integer({ minimum: 0, maximum: 3 })]),
      { description: 'index and state of each seat that changed' },
    ),
  },
  {
    $id: 'DeltaFrame',
    description: 'apply it when `prev` equals your version; otherwise subscribe again',
  },
)

export const ReservationFrame = Type.Object(
  { op: op('reservation'), id: Type.Optional(CommandId), reservation: Reservation, now: Now },
  {
    $id: 'ReservationFrame',
    description: 'an answer when it has an id; else one of your reservations has changed',
  },
)

export const ErrorFrame = Type.Object(
  {
    op: op('error'),
    id: Type.Optional(CommandId),
    showId: Type.Optional(ShowId),
    problem: ProblemDocument,
    now: Now,
  },
  { $id: 'ErrorFrame', description: 'of a command by its id, of a subscription by its showId' },
)

export const PongFrame = Type.Object({ op: op('pong'), now: Now }, { $id: 'PongFrame' })

/** What the server may send, by `op`. */
export const SERVER_FRAMES = {
  snapshot: SnapshotFrame,
  resumed: ResumedFrame,
  unsubscribed: UnsubscribedFrame,
  delta: DeltaFrame,
  reservation: ReservationFrame,
  error: ErrorFrame,
  pong: PongFrame,
} as const satisfies Record<string, TSchema>
export type ServerFrame = {
  [O in keyof typeof SERVER_FRAMES]: Static<(typeof SERVER_FRAMES)[O]>
}[keyof typeof SERVER_FRAMES]
