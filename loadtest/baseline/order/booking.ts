/** What a buyer can do: hold, check out, look. */
import { hash } from 'node:crypto'
import type { CheckoutRequest, HoldRequest, Reservation } from '../../../contracts/http.ts'
import {
  isReservationId,
  reservationIdOf,
  shardOfReservation,
  ticketIdOf,
} from '../../../contracts/ids.ts'
import { isUnpaid } from '../../../contracts/payloads.ts'
import { type ProblemCode, problemOf } from '../../../contracts/problem.ts'
import type { ReservationRecord } from '../../../lua/record.ts'
import type { SeatScripts } from '../../../lua/seatScripts.ts'
import { OperationalError } from '../../../platform/errors.ts'
import type { Checkout } from './checkout.ts'
import type { Holder } from './holder.ts'
import type { Show, Shows } from './shows.ts'
import { type End, type Order, type OrderStore, orderOf } from './store.ts'

export interface BookingOptions {
  scripts: SeatScripts
  holder: Holder
  shows: Shows
  store: OrderStore
  checkout: Checkout
  leaseMs: number
}

export type Outcome =
  | { type: 'done'; reservation: Reservation }
  | { type: 'refused'; problem: ReturnType<typeof problemOf> }

const ATTEMPTS_MAX = 3
const HOLDS_REMEMBERED_MAX = 50_000

export class Booking {
  readonly #options: BookingOptions
  /** The shows of holds made here: their checkout need not ask for it. */
  readonly #showOf = new Map<string, string>()

  constructor(options: BookingOptions) {
    this.#options = options
  }

  async hold(command: {
    customerId: string
    showId: string
    key: string
    body: HoldRequest
  }): Promise<Outcome> {
    const show = await this.#options.shows.find(command.showId)
    if (!show) return refused('not-found', 'there is no such show')
    const { seatIds } = command.body
    const seats = seatIds.map((seatId) => show.layout.indexOf(seatId))
    const fault = faultOf(show, seatIds, seats)
    if (fault) return fault
    const request = requestOf(show, command, seats)
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const answer = await this.#options.holder.hold(show.shard, request)
      switch (answer.type) {
        case 'held':
        case 'exists':
          this.#remember(answer.record)
          return done(viewOf(answer.record, show))
        case 'reused':
          return refused('idempotency-key-reused')
        case 'taken':
          return refused('seats-taken', undefined, {
            seatIds: answer.seats.map((seat) => show.layout.seatIdAt(seat)),
          })
        case 'buyer_limit': {
          const max = show.policy.seatsPerBuyerMax
          return refused('buyer-limit', undefined, { max, have: answer.have })
        }
        case 'overdue':
          await this.#expire(show, answer.reservationIds)
          break
        case 'no_epoch':
          throw stateUnknown('no epoch')
      }
    }
    throw stateUnknown('overdue holds are in the way')
  }

  async find(customerId: string, reservationId: string): Promise<Outcome> {
    const record = await this.#read(reservationId)
    if (record?.customerId !== customerId) return noSuchReservation()
    return done(viewOf(record, await this.#showNamed(record.showId)))
  }

  /** Pays for a hold and does all that follows, before it answers. */
  async checkOut(command: {
    customerId: string
    reservationId: string
    key: string
    body: CheckoutRequest
  }): Promise<Outcome> {
    const { customerId, reservationId, key, body } = command
    const { scripts } = this.#options
    const show = await this.#showOfReservation(reservationId)
    if (!show) return noSuchReservation()
    const contact = body.contact && contactOf(body.contact)
    const outcome = await scripts.startCheckout({
      ...{ shard: show.shard, reservationId, showId: show.showId, customerId },
      ...{ checkoutKey: key, checkoutHash: checkoutHashOf(body) },
      windowMs: show.policy.paymentWindowMs,
      paymentToken: body.payment.token,
      ...(contact && { contact }),
    })
    switch (outcome.type) {
      case 'paying': {
        const order = orderOf(outcome.record, body.payment.token)
        return done(ended(outcome.record, await this.#options.checkout.start(order), show))
      }
      case 'exists':
        return done(await this.#again(outcome.record, body.payment.token, show))
      case 'reused':
        return refused('idempotency-key-reused', 'the key was used for another payment')
      case 'wrong_state':
        return refused('wrong-state', undefined, { reservationStatus: outcome.status })
      case 'overdue':
        await this.#expire(show, [reservationId])
        return refused('hold-expired')
      case 'expired':
        return refused('hold-expired')
      case 'not_found':
        return noSuchReservation()
      case 'no_epoch':
        throw stateUnknown('no epoch')
    }
  }

  /** The same checkout once more: its answer, or what a crash has left of it. */
  async #again(record: ReservationRecord, token: string, show: Show): Promise<Reservation> {
    const { store, checkout, leaseMs } = this.#options
    const { reservationId } = record
    const inHand = checkout.inHand(reservationId)
    if (inHand) return ended(record, await inHand, show)
    const begun = orderOf(record, token)
    if (record.status === 'paying' && (await store.begin(begun, leaseMs))) {
      return ended(record, await checkout.settle(begun), show)
    }
    const order = (await store.find(reservationId)) ?? begun
    if (!isUnfinished(order)) return viewOf(record, show)
    if (!(await store.claim(reservationId, leaseMs))) throw stateUnknown('it is in hand elsewhere')
    return ended(record, await checkout.settle(order), show)
  }

  async #expire(show: Show, reservationIds: readonly string[]): Promise<void> {
    const { shard, showId } = show
    await this.#options.scripts.expireHolds({ shard, showId, reservationIds })
  }

  async #showOfReservation(reservationId: string): Promise<Show | null> {
    const known = this.#showOf.get(reservationId)
    if (known !== undefined) return this.#showNamed(known)
    const record = await this.#read(reservationId)
    return record && this.#showNamed(record.showId)
  }

  async #showNamed(showId: string): Promise<Show> {
    const show = await this.#options.shows.find(showId)
    if (!show) throw new TypeError(`a reservation names the unknown show ${showId}`)
    return show
  }

  async #read(reservationId: string): Promise<ReservationRecord | null> {
    if (!isReservationId(reservationId)) return null
    const shard = shardOfReservation(reservationId)
    const found = await this.#options.scripts.readReservation({ shard, reservationId })
    if (found.type === 'no_epoch') throw stateUnknown('no epoch')
    return found.type === 'found' ? found.record : null
  }

  #remember({ reservationId, showId }: ReservationRecord): void {
    if (this.#showOf.size >= HOLDS_REMEMBERED_MAX) {
      for (const oldest of this.#showOf.keys()) {
        this.#showOf.delete(oldest)
        break
      }
    }
    this.#showOf.set(reservationId, showId)
  }
}

const done = (reservation: Reservation): Outcome => ({ type: 'done', reservation })
const refused = (code: ProblemCode, detail?: string, extra?: object): Outcome => ({
  type: 'refused',
  problem: problemOf(code, detail, extra),
})
const noSuchReservation = (): Outcome =>
  refused('not-found', 'there is no such reservation of yours')
const stateUnknown = (detail: string) =>
  new OperationalError('STATE_UNKNOWN', { retriable: true, detail })

const isUnfinished = ({ state, isOver }: Order): boolean =>
  !isOver && (state === 'paying' || state === 'reversing')

function faultOf(show: Show, seatIds: readonly string[], seats: readonly number[]): Outcome | null {
  if (new Set(seatIds).size < seatIds.length) {
    const repeated = seatIds.filter((seatId, at) => seatIds.indexOf(seatId) !== at)
    return refused('duplicate-seats', undefined, { seatIds: [...new Set(repeated)] })
  }
  const { seatsPerHoldMax: max } = show.policy
  if (seatIds.length > max) return refused('too-many-seats', undefined, { max })
  if (!seats.includes(-1)) return null
  const unknown = seatIds.filter((_, at) => seats[at] === -1)
  return refused('unknown-seat', undefined, { seatIds: unknown })
}

/** The parts are joined by a line feed, which none can contain: different requests read differently. */
const fingerprintOf = (...parts: readonly string[]): string =>
  hash('sha256', parts.join('\n'), 'base64url').slice(0, 22)

function requestOf(
  show: Show,
  { customerId, key }: { customerId: string; key: string },
  seats: readonly number[],
) {
  const { shard, showId, currency, policy, layout } = show
  const digest = Buffer.from(
    hash('sha256', ['hold', customerId, key, showId].join('\n'), 'hex'),
    'hex',
  )
  return {
    reservationId: reservationIdOf(shard, digest),
    ...{ showId, customerId, seats },
    amount: { currency, value: seats.reduce((sum, seat) => sum + layout.priceAt(seat), 0) },
    requestHash: fingerprintOf(seats.join(',')),
    ttlMs: policy.holdTtlMs,
    buyerSeatsMax: policy.seatsPerBuyerMax,
  }
}

const checkoutHashOf = ({ payment, contact }: CheckoutRequest): string =>
  fingerprintOf(payment.token, ...(contact ? [contact.email, contact.locale ?? ''] : []))

/** Only the members that the contract knows. */
const contactOf = ({ email, locale }: NonNullable<CheckoutRequest['contact']>) => ({
  email,
  ...(locale && { locale }),
})

/** The reservation after its checkout. */
function ended(record: ReservationRecord, end: End, show: Show): Reservation {
  const { status, reason, version } = end
  const tickets = record.seats.map((seat, at) => ({
    ticketId: ticketIdOf(record.reservationId, at + 1),
    seatId: show.layout.seatIdAt(seat),
  }))
  return viewOf({ ...record, status, version, tickets, ...(reason && { reason }) }, show)
}

/** A reservation as its customer sees it. */
function viewOf(record: ReservationRecord, show: Show): Reservation {
  const { status, reason, tickets, amount } = record
  const isOpen = status === 'held' || status === 'paying'
  const payment = paymentOf(record)
  return {
    reservationId: record.reservationId,
    showId: record.showId,
    customerId: record.customerId,
    seatIds: record.seats.map((seat) => show.layout.seatIdAt(seat)),
    amount,
    status,
    ...(reason && { reason }),
    ...(isOpen && { expiresAt: new Date(record.deadlineMs).toISOString() }),
    version: record.version,
    ...(status === 'confirmed' && tickets && { tickets: [...tickets] }),
    ...(payment && { payment }),
  }
}

function paymentOf({ status, reason, amount }: ReservationRecord): Reservation['payment'] {
  switch (status) {
    case 'paying':
      return { status: 'pending' }
    case 'confirmed':
      return { status: 'captured' }
    case 'cancelled':
      return reason && isUnpaid(reason) ? { status: 'failed' } : undefined
    case 'refunding':
      return { status: 'refunding' }
    case 'refunded':
      return { status: 'refunded', refunded: amount }
    default:
      return undefined
  }
}
