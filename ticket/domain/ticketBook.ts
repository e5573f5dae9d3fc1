/**
 * Decides a batch in memory: what is known of the reservations in it and of the tickets around
 * them is laid into a book, messages are decided one after the other, each seeing what those
 * before it did, and the book then tells what became different. No clock, no SQL.
 */
import { ticketIdOf } from '../../contracts/ids.ts'
import type {
  CancelReason,
  IssuedTicket,
  PaymentFailure,
  Snapshot,
} from '../../contracts/payloads.ts'
import {
  decideTickets,
  type InTheWay,
  type TicketDecision,
  type TicketInput,
  type TicketMessage,
  type TicketState,
} from './ticketing.ts'

/** One seat of one show. */
export interface Seat {
  showId: string
  seatId: string
}

/** The tickets of one reservation as they are stored. */
export interface StoredTicketing {
  reservationId: string
  state: TicketState
  reason: CancelReason | null
  paymentId: string | null
  traceparent: string | null
  /** Needed of a waiting one alone, for no message brings it again before it is decided. */
  snapshot: Snapshot | null
}

/** A live ticket. */
export interface StandingTicket extends Seat {
  reservationId: string
  state: 'issued' | 'confirmed'
}

/** What a message asks of the tickets of its reservation. */
export type TicketRequest = {
  snapshot: Snapshot
  paymentId?: string
  traceparent?: string
} & (
  | { type: 'payment_create' }
  | { type: 'seat_confirm' }
  | { type: 'payment_fail'; reason: PaymentFailure }
  | { type: 'seat_cancel'; reason: CancelReason }
)

/** The tickets of one reservation after the batch. */
export interface Page {
  readonly reservationId: string
  /** What is stored; null when nothing is. */
  readonly from: TicketState | null
  readonly state: TicketState
  readonly reason: CancelReason | null
  readonly paymentId: string | null
  readonly traceparent: string | null
  readonly snapshot: Snapshot
}

/** A message to publish and the reservation it is about. */
export interface TicketNews {
  readonly page: Page
  readonly message: TicketMessage
}

type MutablePage = { -readonly [K in keyof Omit<Page, 'state'>]: Page[K] } & {
  state: TicketState | null
}

const keyOf = (seat: Seat): string => `${seat.showId}/${seat.seatId}`

/** The seats of a reservation, one by one. */
export const seatsOf = ({ showId, seatIds }: Snapshot): Seat[] =>
  seatIds.map((seatId) => ({ showId, seatId }))

/** The tickets of a reservation: their ids count its seats from 1. */
export const ticketsOf = ({ reservationId, seatIds }: Snapshot): IssuedTicket[] =>
  seatIds.map((seatId, index) => ({ ticketId: ticketIdOf(reservationId, index + 1), seatId }))

export class TicketBook {
  readonly #pages = new Map<string, MutablePage>()
  readonly #stored = new Map<string, StoredTicketing>()
  readonly #standing = new Map<string, StandingTicket>()
  /** Seat -> reservations that wait for it, the longest waiting first. */
  readonly #waiting = new Map<string, Set<string>>()
  readonly #news: TicketNews[] = []

  /**
   * @param known.stored the locked rows; waiting ones in the order in which they began to wait
   * @param known.standing the live tickets on the seats that the batch asks for
   */
  constructor(known: {
    stored: readonly StoredTicketing[]
    standing: readonly StandingTicket[]
  }) {
    for (const ticketing of known.stored) {
      this.#stored.set(ticketing.reservationId, ticketing)
      const { state, snapshot } = ticketing
      if (state === 'waiting' && snapshot) this.#queue(ticketing.reservationId, snapshot)
    }
    for (const ticket of known.standing) this.#standing.set(keyOf(ticket), ticket)
  }

  /** Decides what a message asks for, and everyone whom that lets go on. */
  decide(request: TicketRequest): void {
    const page = this.#pageOf(request)
    const decision = decideTickets(knownOf(page), this.#inputOf(request))
    if (decision) this.#turn(page, decision)
  }

  /** Decides a stored, waiting reservation again. */
  decideAgain(reservationId: string): void {
    const stored = this.#stored.get(reservationId)
    const snapshot = this.#pages.get(reservationId)?.snapshot ?? stored?.snapshot
    if (!snapshot) throw new TypeError(`${reservationId} cannot wait, it is not known`)
    const page = this.#pageOf({ snapshot })
    const input = { type: 'way_changed' as const, inTheWay: this.#inTheWay(snapshot) }
    const decision = decideTickets(knownOf(page), input)
    if (decision) this.#turn(page, decision)
  }

  /** The reservations whose state differs from what is stored. */
  changes(): Page[] {
    return [...this.#pages.values()].filter(
      (page): page is MutablePage & Page => page.state !== null && page.state !== page.from,
    )
  }

  /** What to publish, in the order of the decisions. */
  news(): readonly TicketNews[] {
    return this.#news
  }

  #inputOf(request: TicketRequest): TicketInput {
    if (request.type !== 'payment_create') return request
    return { type: request.type, inTheWay: this.#inTheWay(request.snapshot) }
  }

  /** What a message tells completes what is stored, it never replaces it. */
  #pageOf(about: Pick<TicketRequest, 'snapshot' | 'paymentId' | 'traceparent'>): MutablePage {
    const { reservationId } = about.snapshot
    const stored = this.#stored.get(reservationId)
    let page = this.#pages.get(reservationId)
    if (!page) {
      page = {
        reservationId,
        from: stored?.state ?? null,
        state: stored?.state ?? null,
        reason: stored?.reason ?? null,
        paymentId: stored?.paymentId ?? null,
        traceparent: stored?.traceparent ?? null,
        snapshot: stored?.snapshot ?? about.snapshot,
      }
      this.#pages.set(reservationId, page)
    }
    page.paymentId ??= about.paymentId ?? null
    page.traceparent = about.traceparent ?? page.traceparent
    return page
  }

  #turn(page: MutablePage, decision: TicketDecision): void {
    const { reservationId, snapshot } = page
    page.state = decision.state
    page.reason = decision.reason ?? null
    if (decision.publish) this.#news.push({ page: page as Page, message: decision.publish })
    switch (decision.state) {
      case 'waiting':
        this.#queue(reservationId, snapshot)
        return
      case 'issued':
        this.#leaveQueue(reservationId, snapshot)
        this.#stand(page, 'issued')
        return
      case 'confirmed':
        this.#stand(page, 'confirmed')
        this.#wake(snapshot)
        return
      case 'void':
        this.#fall(page)
        this.#wake(snapshot)
        return
      case 'refused':
        this.#leaveQueue(reservationId, snapshot)
        return
      case 'tombstone':
        return
      default:
        throw new TypeError(`unknown ticket state ${decision.state satisfies never}`)
    }
  }

  /** The strongest live ticket of somebody else on any of the seats. */
  #inTheWay(snapshot: Snapshot): InTheWay {
    let strongest: InTheWay = 'none'
    for (const seat of seatsOf(snapshot)) {
      const ticket = this.#standing.get(keyOf(seat))
      if (!ticket || ticket.reservationId === snapshot.reservationId) continue
      if (ticket.state === 'confirmed') return 'confirmed'
      strongest = 'issued'
    }
    return strongest
  }

  #stand({ reservationId, snapshot }: MutablePage, state: 'issued' | 'confirmed'): void {
    for (const seat of seatsOf(snapshot)) {
      this.#standing.set(keyOf(seat), { ...seat, reservationId, state })
    }
  }

  #fall({ reservationId, snapshot }: MutablePage): void {
    for (const seat of seatsOf(snapshot)) {
      const isOwn = this.#standing.get(keyOf(seat))?.reservationId === reservationId
      if (isOwn) this.#standing.delete(keyOf(seat))
    }
  }

  #queue(reservationId: string, snapshot: Snapshot): void {
    for (const seat of seatsOf(snapshot)) {
      const queue = this.#waiting.get(keyOf(seat)) ?? new Set()
      this.#waiting.set(keyOf(seat), queue.add(reservationId))
    }
  }

  #leaveQueue(reservationId: string, snapshot: Snapshot): void {
    for (const seat of seatsOf(snapshot)) this.#waiting.get(keyOf(seat))?.delete(reservationId)
  }

  #wake(snapshot: Snapshot): void {
    const waiting = new Set(
      seatsOf(snapshot).flatMap((seat) => [...(this.#waiting.get(keyOf(seat)) ?? [])]),
    )
    for (const reservationId of waiting) this.decideAgain(reservationId)
  }
}

const knownOf = ({ state, reason }: MutablePage) =>
  state === null ? null : { state, ...(reason && { reason }) }
