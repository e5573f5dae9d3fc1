/**
 * What can be done to the seats of a shard, as types: each verb takes one options object and
 * answers a named outcome. SeatScripts does it in Redis; the pure twin does it in memory.
 *
 * `no_epoch` means that the shard's state is not complete (a new or a lost Redis): nothing was
 * looked at or changed. `version` is the log id of the change. All lists of seats are indexes.
 */
import type { CancelReason, Contact, IssuedTicket, Money } from '../contracts/payloads.ts'
import type { ReservationRecord, ReservationStatus } from './record.ts'

export const HOLDS_PER_CALL_MAX = 64
export const CHECKOUTS_PER_CALL_MAX = 64
export const CONFIRMATIONS_PER_CALL_MAX = 64
export const EXPIRIES_PER_CALL_MAX = 100
export const RESTORES_PER_CALL_MAX = 100

export type NoEpoch = { type: 'no_epoch' }

/** One answer for each item of the request, in its order. */
export type Answered<Outcome> = { type: 'answered'; outcomes: Outcome[] } | NoEpoch

// --- the buyer's verbs -------------------------------------------------------------------------

export interface HoldRequest {
  /** Derived from customer, idempotency key and show, so that a repeat finds its record. */
  reservationId: string
  showId: string
  customerId: string
  /** Distinct indexes, at least one. */
  seats: readonly number[]
  amount: Money
  /** Hash of the request body: the same id with another body is refused. */
  requestHash: string
  ttlMs: number
  /** The most seats of the show that the customer may have, this hold included. */
  buyerSeatsMax: number
  traceparent?: string
}

export interface HoldBatch {
  shard: number
  /** 1..HOLDS_PER_CALL_MAX independent requests; later ones see the effects of earlier ones. */
  requests: readonly HoldRequest[]
}

export type HoldOutcome =
  | { type: 'held'; record: ReservationRecord }
  /** The same request was answered before: this is its reservation as it stands now. */
  | { type: 'exists'; record: ReservationRecord }
  | { type: 'reused' }
  /** Exactly the seats that are not free, those in an overdue hold excluded. */
  | { type: 'taken'; seats: number[] }
  /** Only overdue holds are in the way: expire these, then ask once more. */
  | { type: 'overdue'; reservationIds: string[] }
  | { type: 'buyer_limit'; have: number }

/** Which reservation, on whose behalf. Another customer's reservation is `not_found`. */
export interface OwnedReservation {
  shard: number
  reservationId: string
  showId: string
  customerId: string
}

export type NotFound = { type: 'not_found' }
/** The deadline has passed but nobody swept yet: expire it (expireHolds), then it is expired. */
export type Overdue = { type: 'overdue' }
export type Expired = { type: 'expired' }
export type WrongState = { type: 'wrong_state'; status: ReservationStatus }
type Refused = NotFound | Overdue | Expired | WrongState | NoEpoch

export type Release = OwnedReservation & { traceparent?: string }
export type ReleaseOutcome =
  | { type: 'released'; record: ReservationRecord }
  | { type: 'already'; record: ReservationRecord }
  | Refused

export interface Extension extends OwnedReservation {
  ttlMs: number
  /** How far beyond its first time to live a hold may be extended. */
  extensionMaxMs: number
  traceparent?: string
}
/** `extended` also where the limit leaves the deadline as it was (then nothing is logged). */
export type ExtendOutcome = { type: 'extended'; record: ReservationRecord } | Refused

export interface Checkout extends OwnedReservation {
  checkoutKey: string
  checkoutHash: string
  windowMs: number
  /** The payment provider's token; it is logged for the payment service and not kept. */
  paymentToken: string
  contact?: Contact
  traceparent?: string
}
export type CheckoutRequest = Omit<Checkout, 'shard'>

export interface CheckoutBatch {
  shard: number
  /** 1..CHECKOUTS_PER_CALL_MAX independent checkouts; later ones see the effects of earlier ones. */
  checkouts: readonly CheckoutRequest[]
}

export type CheckoutOutcome =
  | { type: 'paying'; record: ReservationRecord }
  /** The same checkout was made before: the reservation as it stands now, whatever its status. */
  | { type: 'exists'; record: ReservationRecord }
  | { type: 'reused' }
  | Refused

// --- the saga's verbs --------------------------------------------------------------------------

/** What the verbs have in common that a message of the saga causes. */
export interface SagaStep {
  shard: number
  reservationId: string
  showId: string
  /** The token of the shard's lease: lets a rebuild re-handle messages while there is no epoch. */
  permit?: string
  /** Id of the message. */
  cause: string
  traceparent?: string
}

/** Nothing changed; `version` is that of the reservation's last change. */
export type Same = { type: 'same'; status: ReservationStatus; version: string }
/** Redis has no such reservation: restore it from SQL or recreate it, then ask again. */
export type Missing = { type: 'missing' }

export type Confirmation = SagaStep & { paymentId: string; tickets: readonly IssuedTicket[] }

export interface ConfirmBatch {
  shard: number
  /** As in SagaStep, for all of them. */
  permit?: string
  /** 1..CONFIRMATIONS_PER_CALL_MAX; later ones see the effects of earlier ones. */
  confirmations: readonly Omit<Confirmation, 'shard' | 'permit'>[]
}

export type ConfirmOutcome =
  | { type: 'confirmed'; version: string }
  /** Paid too late and a seat is someone's: reason `seat_conflict`. */
  | { type: 'refunding'; version: string }
  | Same
  | Missing
  | NoEpoch

export interface Cancellation extends SagaStep {
  /**
   * Why seats are given back. `ticket_cancel` is the saga's message; `cancel_show` takes a paying
   * reservation away; `refund` begins the refund of a confirmed one. Default `ticket_cancel`.
   */
  input?: 'ticket_cancel' | 'cancel_show' | 'refund'
  reason: CancelReason
  paymentId?: string
}
export type CancelOutcome =
  | { type: 'cancelled'; version: string }
  | { type: 'refunding'; version: string }
  /** Still refunding, but the seats that it owned are free now. */
  | { type: 'freed'; version: string }
  | Same
  | Missing
  | NoEpoch

export type Settlement = SagaStep & { paymentId: string; reason: CancelReason }
export type SettleOutcome = { type: 'refunded'; version: string } | Same | Missing | NoEpoch

// --- expiry ------------------------------------------------------------------------------------

export interface DueQuery {
  shard: number
  /** The most holds to list, 1..1,000. */
  limit: number
}
export type DueOutcome =
  | {
      type: 'due'
      holds: { showId: string; reservationId: string }[]
      /** Redis's clock. */
      nowMs: number
      /** Earliest deadline that is not in `holds`; null when there is none. */
      nextMs: number | null
    }
  | NoEpoch

export interface Expiry {
  shard: number
  showId: string
  /** 1..EXPIRIES_PER_CALL_MAX reservations of that show. */
  reservationIds: readonly string[]
}
export type ExpireOutcome =
  | { type: 'expired'; version: string; phase: 'held' | 'paying' }
  | { type: 'early'; deadlineMs: number }
  /** It is neither held nor paying any more. */
  | { type: 'same'; status: ReservationStatus }
  | Missing

// --- reading -----------------------------------------------------------------------------------

export type SeatsOutcome =
  | {
      type: 'seats'
      epoch: string
      /** The show's version; a show without a change in this epoch has the epoch as version. */
      version: string
      /** Seats that are not free: `h<reservationId>`, `s<reservationId>` or `b<blockId>`. */
      owners: Map<number, string>
    }
  | NoEpoch

export type FoundReservation =
  | { type: 'found'; record: ReservationRecord }
  | { type: 'missing' }
  | NoEpoch

// --- rebuilding and running --------------------------------------------------------------------

export interface Restoration {
  shard: number
  showId: string
  /**
   * With the lease's token and no epoch, records of every status are written with the seats they
   * own. With an epoch only missing records are created that own no seat.
   */
  permit?: string
  /** 1..RESTORES_PER_CALL_MAX reservations of that show, as SQL (or a message) knows them. */
  reservations: readonly ReservationRecord[]
}
export type RestoreOutcome =
  | { type: 'restored' }
  /** Redis knows it at this version, which is at least as new. */
  | { type: 'kept'; version: string }
  /** These of its seats belong to someone else; nothing was written. */
  | { type: 'clash'; seats: number[] }
  /** It owns seats, and the epoch says that the shard's state is complete without it. */
  | { type: 'refused' }

export type LeaseOutcome =
  /** Nobody had it: whatever was known from an earlier term may be stale. */
  { type: 'taken' } | { type: 'renewed' } | { type: 'busy'; remainingMs: number }

export type NotLeader = { type: 'not_leader' }
export type OpenOutcome =
  | { type: 'opened'; epoch: string }
  /** There is an epoch already. */
  | { type: 'open'; epoch: string }
  | NotLeader
export type MoveLogOutcome =
  /** The log's next id is greater than `tip`. */
  { type: 'moved'; tip: string } | { type: 'open'; epoch: string } | NotLeader
export type DropOutcome = { type: 'dropped' } | { type: 'absent' } | NotLeader

/** All verbs on the state of a shard. Each throws RedisUnavailable, and nothing else by design. */
export interface SeatVerbs {
  /** Takes seats for up to 64 independent requests of one shard in one call. */
  holdSeats(batch: HoldBatch): Promise<Answered<HoldOutcome>>
  /** Gives a hold back. Safe to repeat. */
  releaseSeats(release: Release): Promise<ReleaseOutcome>
  /** Moves a hold's deadline, within the limit. */
  extendHold(extension: Extension): Promise<ExtendOutcome>
  /** Fences a hold for payment. Safe to repeat with the same key and hash. */
  startCheckout(checkout: Checkout): Promise<CheckoutOutcome>
  /** startCheckout for up to 64 reservations of one shard in one call. */
  startAll(batch: CheckoutBatch): Promise<Answered<CheckoutOutcome>>
  /** ticket_confirm: sells the seats, or begins the refund when they are someone else's. */
  confirmSeats(confirmation: Confirmation): Promise<ConfirmOutcome>
  /** confirmSeats for up to 64 reservations of one shard in one call. */
  confirmAll(batch: ConfirmBatch): Promise<Answered<ConfirmOutcome>>
  /** ticket_cancel and its kin: gives seats back or begins the refund. */
  cancelSeats(cancellation: Cancellation): Promise<CancelOutcome>
  /** payment_refund: the money is back, the reservation is over. */
  settleRefund(settlement: Settlement): Promise<SettleOutcome>
  /** Lists holds and payments whose deadline has passed, oldest deadline first. */
  dueHolds(query: DueQuery): Promise<DueOutcome>
  /** Expires those of the reservations that are due. Safe to repeat. */
  expireHolds(expiry: Expiry): Promise<Answered<ExpireOutcome>>
  /** All seats of a show that are not free; its cost grows with their number. */
  readSeats(query: { shard: number; showId: string }): Promise<SeatsOutcome>
  /** One reservation. `missing` only if the shard's state is complete. */
  readReservation(query: { shard: number; reservationId: string }): Promise<FoundReservation>
  /** Writes reservations that SQL knows into a lost Redis. Safe to repeat. */
  restore(restoration: Restoration): Promise<Answered<RestoreOutcome>>
}

/** What the leader of a shard does to run it. */
export interface ShardVerbs {
  /** Takes the lease of the shard, or renews it when the token holds it. */
  takeLease(lease: { shard: number; token: string; ttlMs: number }): Promise<LeaseOutcome>
  releaseLease(lease: {
    shard: number
    token: string
  }): Promise<{ type: 'released' } | { type: 'not_holder' }>
  /** Moves the log's next id past `pastId` (SQL's position) while there is no epoch. */
  moveLog(move: { shard: number; token: string; pastId: string }): Promise<MoveLogOutcome>
  /** moveLog, then declares the shard's state complete; appends `opened` to the log. */
  openShard(opening: { shard: number; token: string; pastId: string }): Promise<OpenOutcome>
  /**
   * Declares the state incomplete: by the lease's `token`, or by anyone who knows that SQL has
   * projected up to `projectedId` when the log's tip is behind that.
   */
  dropEpoch(drop: { shard: number; token?: string; projectedId?: string }): Promise<DropOutcome>
  /**
   * Deletes all state of a shard that has no epoch, except lease, log and position, so that a
   * rebuild starts from nothing. Scans the keys; answers how many it deleted.
   */
  clearShard(clearing: {
    shard: number
    token: string
  }): Promise<{ type: 'cleared'; keys: number } | { type: 'open'; epoch: string } | NotLeader>
  /** Deletes entries older than `keepMs`, but never one past the projector's position. */
  trimLog(trim: { shard: number; keepMs: number }): Promise<{ trimmed: number }>
  /** Records how far the projector has committed; never goes back. Answers what it is now. */
  setPosition(position: { shard: number; logId: string }): Promise<{ logId: string }>
  /** Log id up to which the projector has committed; `0-0` before the first. */
  readPosition(query: { shard: number }): Promise<string>
  /** Id of the last entry that was ever appended to the log; `0-0` when there is no log. */
  readTip(query: { shard: number }): Promise<string>
  /** The shard's epoch; null when its state is not complete. */
  readEpoch(query: { shard: number }): Promise<string | null>
}
