/**
 * What the ticket service does with a batch: it reads what is known around the reservations in
 * it, lets the book decide message by message, and writes and says what became different.
 */
import type { MessageOf } from '../contracts/message.ts'
import { type PayloadOf, type Snapshot, snapshotOf } from '../contracts/payloads.ts'
import type { TopicHandlers, UnitOfWork } from '../platform/inbox/unitOfWork.ts'
import type { Transaction } from '../platform/mysql/database.ts'
import type { NewMessage } from '../platform/outbox/outbox.ts'
import {
  type Page,
  type Seat,
  type StandingTicket,
  type StoredTicketing,
  seatsOf,
  TicketBook,
  type TicketNews,
  type TicketRequest,
  ticketsOf,
} from './domain/ticketBook.ts'
import {
  findStanding,
  findWaiting,
  insertPages,
  lockTicketings,
  movePages,
  postpone,
} from './store.ts'

export const TICKET_TOPICS = [
  'payment_create',
  'payment_fail',
  'seat_confirm',
  'seat_cancel',
] as const

export interface HandlerOptions {
  /** How long a ticket waits for the word on the one in its way before it is looked at again. */
  waitingRecheckMs: number
}

export const ticketHandlers = (options: HandlerOptions) =>
  ({
    payment_create: (messages, unit) =>
      issue(messages.map(paymentCreated).map(checked), unit, options),
    payment_fail: (messages, unit) => refuse(messages.map(paymentFailed), unit, options),
    seat_confirm: (messages, unit) => settle(messages.map(seatConfirmed), unit, options),
    seat_cancel: (messages, unit) => settle(messages.map(seatCancelled), unit, options),
  }) satisfies TopicHandlers

/** What every message tells of its reservation. */
const told = (message: { traceparent?: string; payload: Snapshot & { paymentId?: string } }) => ({
  snapshot: snapshotOf(message.payload),
  ...(message.payload.paymentId && { paymentId: message.payload.paymentId }),
  ...(message.traceparent && { traceparent: message.traceparent }),
})

const paymentCreated = (message: MessageOf<'payment_create'>): TicketRequest => ({
  type: 'payment_create',
  ...told(message),
})

const paymentFailed = (message: MessageOf<'payment_fail'>): TicketRequest => ({
  type: 'payment_fail',
  reason: message.payload.reason,
  ...told(message),
})

const seatConfirmed = (message: MessageOf<'seat_confirm'>): TicketRequest => ({
  type: 'seat_confirm',
  ...told(message),
})

const seatCancelled = (message: MessageOf<'seat_cancel'>): TicketRequest => ({
  type: 'seat_cancel',
  reason: message.payload.reason,
  ...told(message),
})

/** A seat twice in one reservation would look for ever like a race with somebody else. */
function checked(request: TicketRequest): TicketRequest {
  const { reservationId, seatIds } = request.snapshot
  if (new Set(seatIds).size !== seatIds.length) {
    throw new TypeError(`${reservationId} names a seat twice`)
  }
  return request
}

const reservationIdOf = (request: TicketRequest): string => request.snapshot.reservationId

/** Paid reservations: the rows of those whose tickets are in the way are locked as well. */
async function issue(
  requests: readonly TicketRequest[],
  unit: UnitOfWork,
  options: HandlerOptions,
): Promise<void> {
  const { tx } = unit
  const seen = await findStanding(
    tx,
    requests.flatMap((request) => seatsOf(request.snapshot)),
  )
  const stored = await lockTicketings(tx, [
    ...requests.map(reservationIdOf),
    ...seen.map((ticket) => ticket.reservationId),
  ])
  const book = new TicketBook({ stored, standing: stillStanding(seen, stored) })
  for (const request of requests) book.decide(request)
  await write(book, unit, options)
}

/**
 * What was in the way when we looked may have been confirmed or withdrawn before we had its lock;
 * the locked row knows. Whatever took its place since then is told by the unique key.
 */
function stillStanding(
  seen: readonly StandingTicket[],
  locked: readonly StoredTicketing[],
): StandingTicket[] {
  const states = new Map(locked.map(({ reservationId, state }) => [reservationId, state]))
  return seen.flatMap((ticket) => {
    const state = states.get(ticket.reservationId)
    return state === 'issued' || state === 'confirmed' ? [{ ...ticket, state }] : []
  })
}

/** Unpaid reservations: they stand in nobody's way. */
async function refuse(
  requests: readonly TicketRequest[],
  unit: UnitOfWork,
  options: HandlerOptions,
): Promise<void> {
  const stored = await lockTicketings(unit.tx, requests.map(reservationIdOf))
  const book = new TicketBook({ stored, standing: [] })
  for (const request of requests) book.decide(request)
  await write(book, unit, options)
}

/** The seat service's word: with it, those that wait for the same seats are decided again. */
async function settle(
  requests: readonly TicketRequest[],
  unit: UnitOfWork,
  options: HandlerOptions,
): Promise<void> {
  const { tx } = unit
  const stored = await lockTicketings(tx, requests.map(reservationIdOf))
  const waiting = await lockWaiting(
    tx,
    requests.flatMap((request) => seatsOf(request.snapshot)),
  )
  const standing = await findStanding(
    tx,
    waiting.flatMap(({ snapshot }) => (snapshot ? seatsOf(snapshot) : [])),
  )
  const locked = new Map([...stored, ...waiting].map((row) => [row.reservationId, row]))
  const book = new TicketBook({ stored: [...locked.values()], standing })
  for (const request of requests) book.decide(request)
  await write(book, unit, options)
}

/**
 * The reservations that wait for any of the seats. Read after the rows of the tickets in their way
 * were locked: whoever begins to wait holds such a lock, so none is missed.
 */
async function lockWaiting(tx: Transaction, seats: readonly Seat[]): Promise<StoredTicketing[]> {
  const showIds = [...new Set(seats.map((seat) => seat.showId))]
  const waiting = await findWaiting(tx, showIds)
  if (waiting.length === 0) return []
  const wanted = new Set(seats.map(({ showId, seatId }) => `${showId}/${seatId}`))
  return lockTicketings(
    tx,
    waiting
      .filter(({ showId, seatId }) => wanted.has(`${showId}/${seatId}`))
      .map((ticket) => ticket.reservationId),
  )
}

/** Decides reservations that wait once more; what the sweep does. */
export async function reconsider(
  reservationIds: readonly string[],
  unit: UnitOfWork,
  options: HandlerOptions,
): Promise<void> {
  const { tx } = unit
  const stored = await lockTicketings(tx, reservationIds)
  const waiting = stored.filter(({ state }) => state === 'waiting')
  const standing = await findStanding(
    tx,
    waiting.flatMap(({ snapshot }) => (snapshot ? seatsOf(snapshot) : [])),
  )
  const book = new TicketBook({ stored, standing })
  for (const { reservationId } of waiting) book.decideAgain(reservationId)
  await write(book, unit, options)
  const moved = new Set(book.changes().map((page) => page.reservationId))
  const patient = waiting.map((row) => row.reservationId).filter((id) => !moved.has(id))
  await postpone(tx, patient, options.waitingRecheckMs)
}

async function write(book: TicketBook, unit: UnitOfWork, options: HandlerOptions): Promise<void> {
  const changes = book.changes()
  const isNew = (page: Page): boolean => page.from === null
  // What falls makes room for what is issued in the same batch.
  await movePages(
    unit.tx,
    changes.filter((page) => !isNew(page)),
  )
  await insertPages(unit.tx, changes.filter(isNew))
  const waiting = changes.filter((page) => page.state === 'waiting')
  await postpone(
    unit.tx,
    waiting.map((page) => page.reservationId),
    options.waitingRecheckMs,
  )
  for (const news of book.news()) unit.publish(messageOf(news))
}

function messageOf({ page, message }: TicketNews): NewMessage {
  const { snapshot, paymentId, traceparent } = page
  const trace = traceparent ? { traceparent } : {}
  switch (message.topic) {
    case 'ticket_confirm':
      return { topic: 'ticket_confirm', payload: confirmOf(page), ...trace }
    case 'ticket_cancel': {
      const { topic, reason } = message
      return { topic, payload: { ...snapshot, reason, ...(paymentId && { paymentId }) }, ...trace }
    }
    default:
      throw new TypeError(`unknown message ${message satisfies never}`)
  }
}

function confirmOf({ snapshot, paymentId }: Page): PayloadOf<'ticket_confirm'> {
  if (!paymentId) throw new TypeError(`${snapshot.reservationId} has tickets without a payment`)
  return { ...snapshot, paymentId, tickets: ticketsOf(snapshot) }
}
