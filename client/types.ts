/**
 * What the SDK takes and gives. These are the shapes of the server's contract, written out, so that
 * the package stands alone; a test holds them against the schemas that the server validates with.
 */

/** 0 free, 1 held, 2 sold, 3 blocked. */
export type SeatState = 0 | 1 | 2 | 3

/** An amount in minor units of its currency. */
export interface Money {
  currency: string
  value: number
}

export type ReservationStatus =
  | 'held'
  | 'paying'
  | 'confirmed'
  | 'released'
  | 'expired'
  | 'cancelled'
  | 'refunding'
  | 'refunded'

export interface Reservation {
  reservationId: string
  showId: string
  customerId: string
  seatIds: string[]
  amount: Money
  status: ReservationStatus
  reason?:
    | 'payment_declined'
    | 'payment_unavailable'
    | 'seat_conflict'
    | 'late_payment'
    | 'show_cancelled'
  /** RFC 3339; while held or paying. Server time: see `Connection.countdown`. */
  expiresAt?: string
  /** Opaque. */
  version: string
  /** Once confirmed. */
  tickets?: { ticketId: string; seatId: string }[]
  payment?: {
    status: 'pending' | 'captured' | 'failed' | 'refunding' | 'refunded'
    refunded?: Money
  }
}

interface ProblemBase {
  /** `urn:holdfast:problem:<code>` */
  type: string
  title: string
  status: number
  detail?: string
}

/** Why a command was refused (RFC 9457), told apart by its `code`. */
export type Problem = ProblemBase &
  (
    | { code: 'bad-request'; errors?: { path: string; message: string }[] }
    /** `seatIds`: exactly those that are not free. */
    | { code: 'seats-taken'; seatIds: string[] }
    | { code: 'unknown-seat' | 'duplicate-seats'; seatIds: string[] }
    | { code: 'too-many-seats'; max: number }
    | { code: 'buyer-limit'; max: number; have: number }
    | { code: 'wrong-state'; reservationStatus: ReservationStatus }
    | { code: PlainProblemCode }
  )

type PlainProblemCode =
  | 'idempotency-key-missing'
  | 'idempotency-key-reused'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'hold-expired'
  | 'rate-limited'
  | 'internal'
  | 'unavailable'

export type ProblemCode = Problem['code']

/** What became of a command. */
export type Outcome =
  | { type: 'done'; reservation: Reservation }
  | { type: 'refused'; problem: Problem }
  /**
   * Nobody answered in time, or the connection was closed for good: the command may have had its
   * effect. Giving it again with this `id` is safe, and tells.
   */
  | { type: 'unanswered'; id: string }

/** How the connection is. */
export type ConnectionState =
  | { type: 'connecting' }
  | { type: 'open' }
  /** It was lost, or could not be had; the next attempt begins in `retryInMs`. */
  | { type: 'waiting'; retryInMs: number; attempt: number; code: number }
  /** For good: by `close()`, or for a reason that trying again does not mend. */
  | { type: 'closed'; reason: 'by-request' | 'unauthenticated' | 'bad-frame' }

/** One seat that changed. */
export interface SeatChange {
  index: number
  from: SeatState
  to: SeatState
}

/** How a map changed: by a whole new snapshot (with the seats that differ from before), or a delta. */
export interface MapChange {
  kind: 'snapshot' | 'delta'
  version: string
  changes: readonly SeatChange[]
}

/** Where a watched map stands: not there yet, kept up, as it was when the line went, or not to be had. */
export type WatchState = 'loading' | 'live' | 'stale' | 'refused'

/** The part of a WebSocket that the SDK uses; browsers, undici and ws have it. */
export interface WebSocketLike {
  readonly readyState: number
  send(data: string): void
  close(code?: number, reason?: string): void
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: SocketEvent) => void,
  ): void
}

/** Of an event: `data` of a message, `code` of a close. */
export interface SocketEvent {
  readonly type: string
  readonly data?: unknown
  readonly code?: number
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike

export interface ConnectOptions {
  /** The server: `https://seats.example.org`, as `location.origin` has it. */
  url: string | URL
  /**
   * The buyer's token, or a function that is asked for one before every attempt to connect.
   * Without it the map can be watched, and commands are refused as `unauthenticated`.
   */
  token?: string | (() => string | Promise<string>)
  /** Where the platform has no WebSocket of its own (Node 20): undici's, for example. */
  WebSocket?: WebSocketConstructor
  /** How long a command may remain without an answer, over all retries. Default 30,000. */
  answerMsMax?: number
  /** The longest wait between two attempts to connect. Default 10,000. */
  retryMsMax?: number
}

export interface CommandOptions {
  /**
   * The command's idempotency key, 1 to 64 of `A-Z a-z 0-9 _ -`; made up when it is not given.
   * The same command under the same id has one effect, over any connection and over HTTP.
   */
  id?: string
}

export interface CheckoutOptions extends CommandOptions {
  contact?: { email: string; locale?: string }
}
