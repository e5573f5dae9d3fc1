import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../../contracts/payloads.ts'
import {
  type StandingTicket,
  type StoredTicketing,
  seatsOf,
  TicketBook,
  type TicketRequest,
  ticketsOf,
} from './ticketBook.ts'
import type { TicketState } from './ticketing.ts'

const idOf = (letter: string): string => `r00_${letter.repeat(26)}`

const snapshotOf = (letter: string, seatIds: string[]): Snapshot => ({
  reservationId: idOf(letter),
  showId: 'show',
  customerId: `customer-${letter}`,
  seatIds,
  amount: { currency: 'EUR', value: 100 * seatIds.length },
})

const paid = (letter: string, ...seatIds: string[]): TicketRequest => ({
  type: 'payment_create',
  snapshot: snapshotOf(letter, seatIds),
  paymentId: `payment-${letter}`,
  traceparent: `trace-${letter}`,
})

const sold = (letter: string, ...seatIds: string[]): TicketRequest => ({
  type: 'seat_confirm',
  snapshot: snapshotOf(letter, seatIds),
})

const lost = (letter: string, ...seatIds: string[]): TicketRequest => ({
  type: 'seat_cancel',
  reason: 'seat_conflict',
  snapshot: snapshotOf(letter, seatIds),
})

const storedAs = (state: TicketState, request: TicketRequest): StoredTicketing => ({
  reservationId: request.snapshot.reservationId,
  state,
  reason: null,
  paymentId: request.paymentId ?? null,
  traceparent: request.traceparent ?? null,
  snapshot: state === 'waiting' ? request.snapshot : null,
})

const standingAs = (state: 'issued' | 'confirmed', { snapshot }: TicketRequest): StandingTicket[] =>
  seatsOf(snapshot).map((seat) => ({ ...seat, reservationId: snapshot.reservationId, state }))

const movesOf = (book: TicketBook): Record<string, string> =>
  Object.fromEntries(
    book.changes().map((page) => [page.reservationId[4], `${page.from} -> ${page.state}`]),
  )

const newsOf = (book: TicketBook): string[] =>
  book.news().map(({ page, message }) => `${page.reservationId[4]} ${message.topic}`)

const emptyBook = () => new TicketBook({ stored: [], standing: [] })

describe('a batch of payments', () => {
  it('gives a seat to the first of the batch and lets the second wait', () => {
    const book = emptyBook()
    for (const letter of ['a', 'b']) book.decide(paid(letter, 'A-1-1', `A-2-${letter}`))
    expect(movesOf(book)).toEqual({ a: 'null -> issued', b: 'null -> waiting' })
    expect(newsOf(book)).toEqual(['a ticket_confirm'])
  })

  it('changes nothing when the same payment comes twice', () => {
    const book = emptyBook()
    for (const request of [paid('a', 'A-1-1'), paid('a', 'A-1-1')]) book.decide(request)
    expect(newsOf(book)).toEqual(['a ticket_confirm'])
  })

  it('refuses who asks for a confirmed seat, also when another of its seats is only issued', () => {
    const [issued, confirmed] = [paid('a', 'A-1-1'), paid('b', 'A-1-2')]
    const book = new TicketBook({
      stored: [storedAs('issued', issued), storedAs('confirmed', confirmed)],
      standing: [...standingAs('issued', issued), ...standingAs('confirmed', confirmed)],
    })
    book.decide(paid('c', 'A-1-1', 'A-1-2'))
    expect(book.news()).toMatchObject([
      { message: { topic: 'ticket_cancel', reason: 'seat_conflict' } },
    ])
  })

  it('does not mind the same seat of another show', () => {
    const book = emptyBook()
    book.decide(paid('a', 'A-1-1'))
    const elsewhere = paid('b', 'A-1-1')
    book.decide({ ...elsewhere, snapshot: { ...elsewhere.snapshot, showId: 'other' } })
    expect(newsOf(book)).toEqual(['a ticket_confirm', 'b ticket_confirm'])
  })
})

describe('the word on the one in the way', () => {
  const holder = paid('a', 'A-1-1', 'A-1-2')
  const waiter = paid('b', 'A-1-2')
  const known = {
    stored: [storedAs('issued', holder), storedAs('waiting', waiter)],
    standing: standingAs('issued', holder),
  }

  it('refuses the waiting one when the seat is sold', () => {
    const book = new TicketBook(known)
    book.decide(sold('a', 'A-1-1', 'A-1-2'))
    expect(movesOf(book)).toEqual({ a: 'issued -> confirmed', b: 'waiting -> refused' })
    expect(newsOf(book)).toEqual(['b ticket_cancel'])
  })

  it('issues the waiting one when the seat is given back, with its own payment and trace', () => {
    const book = new TicketBook(known)
    book.decide(lost('a', 'A-1-1', 'A-1-2'))
    expect(newsOf(book)).toEqual(['a ticket_cancel', 'b ticket_confirm'])
    expect(book.news()[1]?.page).toMatchObject({
      paymentId: 'payment-b',
      traceparent: 'trace-b',
      snapshot: waiter.snapshot,
    })
  })

  it('leaves the waiting one waiting while another of its seats is taken', () => {
    const other = paid('c', 'A-1-3')
    const greedy = paid('b', 'A-1-2', 'A-1-3')
    const book = new TicketBook({
      stored: [storedAs('issued', holder), storedAs('issued', other), storedAs('waiting', greedy)],
      standing: [...standingAs('issued', holder), ...standingAs('issued', other)],
    })
    book.decide(lost('a', 'A-1-1', 'A-1-2'))
    expect(newsOf(book)).toEqual(['a ticket_cancel'])
    book.decide(lost('c', 'A-1-3'))
    expect(newsOf(book)).toEqual(['a ticket_cancel', 'c ticket_cancel', 'b ticket_confirm'])
  })

  it('lets the longest waiting go first, and the next one wait for that one', () => {
    const next = paid('c', 'A-1-2')
    const book = new TicketBook({
      stored: [...known.stored, storedAs('waiting', next)],
      standing: known.standing,
    })
    book.decide(lost('a', 'A-1-1', 'A-1-2'))
    expect(newsOf(book)).toEqual(['a ticket_cancel', 'b ticket_confirm'])
    book.decide(sold('b', 'A-1-2'))
    expect(movesOf(book)).toMatchObject({ b: 'waiting -> confirmed', c: 'waiting -> refused' })
  })

  it('does not wake one that was refused meanwhile', () => {
    const book = new TicketBook(known)
    book.decide(lost('b', 'A-1-2'))
    book.decide(lost('a', 'A-1-1', 'A-1-2'))
    expect(newsOf(book)).toEqual(['b ticket_cancel', 'a ticket_cancel'])
  })
})

describe('deciding again', () => {
  it('changes nothing while the one in the way is only issued', () => {
    const [holder, waiter] = [paid('a', 'A-1-1'), paid('b', 'A-1-1')]
    const book = new TicketBook({
      stored: [storedAs('waiting', waiter)],
      standing: standingAs('issued', holder),
    })
    book.decideAgain(idOf('b'))
    expect(book.changes()).toEqual([])
  })

  it('issues when nothing is in the way any more', () => {
    const book = new TicketBook({ stored: [storedAs('waiting', paid('b', 'A-1-1'))], standing: [] })
    book.decideAgain(idOf('b'))
    expect(movesOf(book)).toEqual({ b: 'waiting -> issued' })
  })

  it('is a mistake for a reservation that is not known', () => {
    expect(() => emptyBook().decideAgain(idOf('z'))).toThrow(TypeError)
  })
})

describe('ticketsOf', () => {
  it('counts the seats of the reservation from 1, in its order', () => {
    expect(ticketsOf(snapshotOf('a', ['A-1-2', 'A-1-1']))).toEqual([
      { ticketId: `t00_${'a'.repeat(26)}_1`, seatId: 'A-1-2' },
      { ticketId: `t00_${'a'.repeat(26)}_2`, seatId: 'A-1-1' },
    ])
  })
})
