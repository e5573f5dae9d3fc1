/**
 * What the stores say about the reservation of one dead letter, as far as the tables of the saga
 * look at it: the input of `label`.
 */
import type { Money } from '../../contracts/payloads.ts'
import type { ReservationStatus } from '../../lua/record.ts'

/** What a replay of a dead letter would do now. */
export const LABELS = ['apply', 'already applied', 'superseded', 'invalid', 'human'] as const
export type Label = (typeof LABELS)[number]

export interface Verdict {
  label: Label
  /** In words for the operator. */
  why: string
  /** It takes the buyer's money: what they asked for, and still nothing to be done unasked. */
  isCharge?: true
}

export type PaymentState =
  | 'tombstone'
  | 'requested'
  | 'charging'
  | 'captured'
  | 'failed'
  | 'refunding'
  | 'refunded'

export type TicketState = 'tombstone' | 'waiting' | 'issued' | 'confirmed' | 'refused' | 'void'

/** Why a show, a seat or a shard cannot be found. */
export interface Unknown {
  what: string
}

export interface TakenSeat {
  seatId: string
  by: 'held' | 'sold' | 'blocked'
}

export interface Situation {
  /** Milliseconds since 1970. */
  nowMs: number
  /** The group's inbox has the message. */
  isHandled: boolean
  /** An operator has dealt with this very dead letter before, in words. */
  dealtWith: string | null
  /** Something that the message names does not exist. */
  unknown: Unknown | null
  /** Redis's word, or SQL's where Redis has forgotten the reservation. */
  reservation: {
    status: ReservationStatus
    reason: string | null
    showId: string
    /** Null where only SQL remembers it. */
    customerId: string | null
    amount: Money
    /** Null where only SQL remembers it. */
    seatIds: readonly string[] | null
  } | null
  payment: { state: PaymentState; detail: string; amount: Money } | null
  ticketing: { state: TicketState; reason: string | null } | null
  /** What the customer was told. */
  conversation: {
    lastLogId: string | null
    said: readonly string[]
  } | null
  /**
   * Who owns the seats in Redis: `own` all this reservation, `free` nobody any of them, `mixed`
   * this reservation a part and nobody the rest, `taken` somebody else at least one.
   */
  seats: 'own' | 'free' | 'mixed' | 'taken'
  taken: readonly TakenSeat[]
  /** The strongest live ticket of somebody else on any of the seats. */
  inTheWay: 'none' | 'issued' | 'confirmed'
}

export const apply = (why: string): Verdict => ({ label: 'apply', why })
export const charge = (why: string): Verdict => ({ label: 'apply', why, isCharge: true })
export const already = (why: string): Verdict => ({ label: 'already applied', why })
export const superseded = (why: string): Verdict => ({ label: 'superseded', why })
export const invalid = (why: string): Verdict => ({ label: 'invalid', why })
export const human = (why: string): Verdict => ({ label: 'human', why })

/** `A-1-3 is held, A-1-4 is sold`, shortened. */
export function takenInWords({ taken }: Situation): string {
  const NAMED_MAX = 3
  const named = taken.slice(0, NAMED_MAX).map(({ seatId, by }) => `${seatId} is ${by}`)
  const more = taken.length - named.length
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ')
}

/** `captured`, or `unknown` where the service has no such row. */
export const paymentIn = ({ payment }: Situation): PaymentState | 'unknown' =>
  payment?.state ?? 'unknown'

export const ticketsIn = ({ ticketing }: Situation): TicketState | 'none' =>
  ticketing?.state ?? 'none'

export const statusIn = ({ reservation }: Situation): ReservationStatus | 'unknown' =>
  reservation?.status ?? 'unknown'
