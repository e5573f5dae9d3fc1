/**
 * What every store says about the same reservations, side by side: the input of the judge. Facts
 * are gathered when the system is quiet; while it works, the stores differ for some milliseconds.
 */

export interface ShowFact {
  showId: string
  shard: number
  /** Seat ids in layout order: a seat's index is its position here. */
  seatIds: readonly string[]
}

/** A reservation's record in Redis. */
export interface RecordFact {
  reservationId: string
  showId: string
  customerId: string
  status: string
  /** Seat indexes. */
  seats: readonly number[]
  amount: number
  /** Milliseconds of the Redis clock. */
  deadlineMs: number
  /** When it last changed, by the Redis clock. */
  changedAtMs?: number
}

/** A seat in Redis: the owner's mark, `h<reservation>`, `s<reservation>` or `b<block>`. */
export interface SeatFact {
  showId: string
  index: number
  owner: string
}

export interface ShardFact {
  shard: number
  isOpen: boolean
  /** Log id of the last entry, and the log id up to which the projector has committed to SQL. */
  logTip: string
  projected: string
}

/** The state of one reservation in a service; of notification, the state of one notice. */
export interface ServiceFact {
  service: 'reservation' | 'payment' | 'ticket' | 'notification'
  reservationId: string
  state: string
  /** When it last changed, in epoch milliseconds. */
  changedAtMs?: number
}

export interface TicketFact {
  ticketId: string
  reservationId: string
  showId: string
  seatId: string
  isLive: boolean
  state: string
}

export interface LedgerFact {
  reservationId: string
  kind: 'capture' | 'refund'
  amount: number
}

/** A capture or refund in the provider's own record. */
export interface ProviderFact {
  reservationId: string
  kind: 'capture' | 'refund'
  amount: number
}

export interface OutboxFact {
  service: string
  eventId: string
  topic: string
  isPublished: boolean
  /** The key of the message. */
  reservationId?: string
}

export interface MessageFact {
  eventId: string
  topic: string
  reservationId: string
  /** Of a replay: the one group that it is meant for. */
  onlyFor?: string
}

/** A message id that a consumer group has acted on (inbox) or given up (dead letter). */
export interface HandledFact {
  group: string
  eventId: string
}

export interface DeadLetterFact extends HandledFact {
  /** `<topic>.DLQ/<partition>/<offset>`. */
  id?: string
}

/** Records of a topic that a group has not committed yet. */
export interface LagFact {
  group: string
  topic: string
  lag: number
}

export interface Facts {
  /** Milliseconds of the Redis clock at the time of gathering. */
  nowMs: number
  shows: readonly ShowFact[]
  shards: readonly ShardFact[]
  records: readonly RecordFact[]
  seats: readonly SeatFact[]
  /** Live seat count of a customer, as the buyer limit counts it: `<show>/<customer>` to count. */
  buyers: ReadonlyMap<string, number>
  services: readonly ServiceFact[]
  tickets: readonly TicketFact[]
  ledger: readonly LedgerFact[]
  provider: readonly ProviderFact[]
  outbox: readonly OutboxFact[]
  messages: readonly MessageFact[]
  inbox: readonly HandledFact[]
  deadLetters: readonly DeadLetterFact[]
  lag: readonly LagFact[]
}
