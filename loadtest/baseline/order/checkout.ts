/**
 * A checkout, step by step: pay, issue, sell, tell; and when a step fails, the way back by reverse
 * calls. Every step is safe to repeat, so that the sweep can take up an order wherever it was left,
 * and an order that has turned back never goes forward again.
 */
import { shardOfReservation, ticketIdOf } from '../../../contracts/ids.ts'
import type { CancelReason, IssuedTicket } from '../../../contracts/payloads.ts'
import { isUnpaid } from '../../../contracts/payloads.ts'
import type { SeatScripts } from '../../../lua/seatScripts.ts'
import type { CancelOutcome } from '../../../lua/seatVerbs.ts'
import { OperationalError } from '../../../platform/errors.ts'
import { failpoint } from '../../../platform/failpoints.ts'
import type { NoticeKind } from '../api.ts'
import type { Participants } from './participants.ts'
import type { Show, Shows } from './shows.ts'
import type { End, Order, OrderStore } from './store.ts'

export interface CheckoutOptions {
  scripts: SeatScripts
  store: OrderStore
  shows: Shows
  participants: Participants
  /** How long an order may be in hand. */
  leaseMs: number
}

/** An order that could not be finished is looked at again after this. */
const RETRY_MS = 1_000
/** Whoever has an order in hand for longer than this part of the lease leaves it to the sweep. */
const LEASE_SHARE_MAX = 0.8

export class Checkout {
  readonly #options: CheckoutOptions
  readonly #inHand = new Map<string, Promise<End>>()

  constructor(options: CheckoutOptions) {
    this.#options = options
  }

  /** An order that this process is working on. */
  inHand(reservationId: string): Promise<End> | undefined {
    return this.#inHand.get(reservationId)
  }

  /** Begins an order that was just fenced, then as `settle`. */
  start(order: Order): Promise<End> {
    const { store, leaseMs } = this.#options
    return this.#take(order, async () => {
      await store.begin(order, leaseMs)
      return this.#settle(order)
    })
  }

  /**
   * Brings an order that the caller has begun or claimed to its end.
   * @throws OperationalError (retriable) when that is not possible now; the sweep goes on with it
   */
  settle(order: Order): Promise<End> {
    return this.#take(order, () => this.#settle(order))
  }

  /** In hand from before the first await, so that a repeat at the same time waits for the same. */
  #take({ reservationId }: Order, work: () => Promise<End>): Promise<End> {
    const working = work().finally(() => this.#inHand.delete(reservationId))
    this.#inHand.set(reservationId, working)
    return working
  }

  async #settle(order: Order): Promise<End> {
    try {
      const show = await this.#options.shows.find(order.showId)
      if (!show) throw new TypeError(`an order names the unknown show ${order.showId}`)
      const attempt = new Attempt(this.#options, order, show)
      switch (order.state) {
        case 'paying':
          return await attempt.forward()
        case 'reversing':
          return await attempt.back(order.reason ?? 'late_payment', { mayHaveTickets: true })
        default:
          // It ended, but the buyer could not be told.
          return await attempt.end({
            ...order,
            status: order.state,
            reason: order.reason ?? undefined,
          })
      }
    } catch (error) {
      await this.#options.store.postpone(order, RETRY_MS).catch(() => {
        // Without SQL the lease runs out by itself; the first error is the one to report.
      })
      throw error
    }
  }
}

/** One go at one order. */
class Attempt {
  readonly #options: CheckoutOptions
  readonly #order: Order
  readonly #show: Show
  readonly #tickets: readonly IssuedTicket[]
  readonly #startedMs = performance.now()

  constructor(options: CheckoutOptions, order: Order, show: Show) {
    this.#options = options
    this.#order = order
    this.#show = show
    this.#tickets = order.seats.map((seat, at) => ({
      ticketId: ticketIdOf(order.reservationId, at + 1),
      seatId: show.layout.seatIdAt(seat),
    }))
  }

  async forward(): Promise<End> {
    const { participants } = this.#options
    const { reservationId, showId, amount, paymentToken, payByMs } = this.#order
    // Redis gave this deadline out; a clock that is a little off costs nobody more than a try.
    if (Date.now() > payByMs) return this.back('payment_unavailable', { mayHaveTickets: true })
    const token = paymentToken ?? ''
    const charged = await participants.payment.charge({ reservationId, showId, amount, token })
    failpoint('order.after-payment')
    switch (charged.status) {
      case 'captured':
        break
      case 'declined':
        return this.#giveUp('payment_declined')
      case 'not_charged':
        return this.#giveUp('payment_unavailable')
      case 'unknown':
        return this.back('payment_unavailable', { mayHaveTickets: false })
    }
    const tickets = this.#tickets
    const issued = await participants.ticket.issue({ reservationId, showId, tickets: [...tickets] })
    failpoint('order.after-ticket')
    switch (issued.status) {
      case 'issued':
        return this.#sell()
      case 'refused':
        return this.back('seat_conflict', { mayHaveTickets: false })
      case 'not_issued':
        return this.back('late_payment', { mayHaveTickets: false })
      case 'unknown':
        return this.back('late_payment', { mayHaveTickets: true })
    }
  }

  /** Undoes what was done or may have been done: tickets, seats, money, in this order. */
  async back(reason: CancelReason, { mayHaveTickets }: { mayHaveTickets: boolean }): Promise<End> {
    const { store, participants } = this.#options
    const { reservationId, showId } = this.#order
    await store.reverse(this.#order, reason)
    failpoint('order.reversing')
    if (mayHaveTickets) {
      const tickets = [...this.#tickets]
      const voided = await participants.ticket.void({ reservationId, showId, tickets })
      if (voided.status === 'unknown') throw unfinished('the tickets may still be live')
    }
    const freed = await this.#freeSeats()
    const refunded = await participants.payment.refund({ reservationId, showId })
    if (refunded.status === 'unknown') throw unfinished('the money may not be back')
    if (refunded.status === 'none') return this.end(freed)
    const { scripts } = this.#options
    const settled = await scripts.settleRefund({ ...this.#step(), reason })
    if (settled.type === 'refunded') return this.end({ ...settled, status: 'refunded', reason })
    return this.end(endOf(settled, reason))
  }

  /** Writes the end down, once the buyer has been told. */
  async end(end: End): Promise<End> {
    const { store } = this.#options
    const isTold = await this.#tell(end)
    failpoint('order.after-notice')
    await store.finish(this.#order, end, isTold ? null : RETRY_MS)
    return end
  }

  async #sell(): Promise<End> {
    const { scripts, leaseMs } = this.#options
    // Somebody else may have turned the order back by now, so it must not be sold any more.
    if (performance.now() - this.#startedMs > leaseMs * LEASE_SHARE_MAX)
      throw unfinished('too late')
    const sold = await scripts.confirmSeats({ ...this.#step(), tickets: this.#tickets })
    failpoint('order.after-seats')
    if (sold.type === 'confirmed') return this.end({ status: 'confirmed', version: sold.version })
    if (sold.type === 'same' && sold.status === 'confirmed') return this.end(endOf(sold))
    // The deadline passed and somebody has a seat by now, or the order was turned back.
    if (sold.type === 'refunding' || sold.type === 'same') {
      return this.back('seat_conflict', { mayHaveTickets: true })
    }
    throw unfinished('the seats are not known')
  }

  /** Nothing was captured and no ticket written: the seats are all there is to give back. */
  async #giveUp(reason: 'payment_declined' | 'payment_unavailable'): Promise<End> {
    const { scripts } = this.#options
    return this.end(endOf(await scripts.cancelSeats({ ...this.#step(), reason }), reason))
  }

  async #freeSeats(): Promise<End> {
    const { scripts } = this.#options
    const reason = 'payment_unavailable'
    const outcome = await scripts.cancelSeats({ ...this.#step(), reason })
    if (outcome.type !== 'same' || outcome.status !== 'confirmed') return endOf(outcome, reason)
    // Sold by somebody who held on to the order for too long: its tickets are void now.
    return endOf(await scripts.cancelSeats({ ...this.#step(), input: 'refund', reason }))
  }

  /** Whether the buyer's notice is kept. */
  async #tell({ status, reason }: End): Promise<boolean> {
    const kind = kindOf(status, reason)
    if (!kind) return true
    const { reservationId, showId, customerId, seats, amount, contact } = this.#order
    const { name, startsAt, layout } = this.#show
    const told = await this.#options.participants.notification.tell({
      ...{ kind, reservationId, showId, customerId, amount, show: { name, startsAt } },
      seatIds: seats.map((seat) => layout.seatIdAt(seat)),
      ...(contact && { contact }),
      ...(kind === 'confirmed' && { tickets: [...this.#tickets] }),
      ...(reason && { reason }),
    })
    return told.status === 'kept'
  }

  #step() {
    const { reservationId, showId } = this.#order
    const shard = shardOfReservation(reservationId)
    const paymentId = `p${reservationId.slice(1)}`
    return { shard, reservationId, showId, paymentId, cause: 'checkout' }
  }
}

function kindOf(status: End['status'], reason: CancelReason | undefined): NoticeKind | null {
  switch (status) {
    case 'confirmed':
    case 'refunded':
      return status
    case 'cancelled':
    case 'expired':
      return reason && isUnpaid(reason) ? 'payment_failed' : 'cancelled'
    default:
      return null
  }
}

/** The end that an outcome of the seats means. */
function endOf(outcome: CancelOutcome, reason?: CancelReason): End {
  const because = reason ? { reason } : {}
  switch (outcome.type) {
    case 'cancelled':
    case 'refunding':
      return { status: outcome.type, version: outcome.version, ...because }
    case 'freed':
      return { status: 'refunding', version: outcome.version, ...because }
    case 'same':
      return { status: outcome.status, version: outcome.version, ...because }
    case 'missing':
    case 'no_epoch':
      throw unfinished('the seats are not known')
  }
}

const unfinished = (detail: string) =>
  new OperationalError('STATE_UNKNOWN', { retriable: true, detail })
