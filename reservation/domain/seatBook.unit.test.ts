import { beforeEach, describe, expect, it } from 'vitest'
import type { HoldRequest } from '../../lua/seatVerbs.ts'
import { buyersOf, deadlinesOf, type Moment, recordsBySeat } from './bookState.ts'
import { SeatBook } from './seatBook.ts'

const PRICE = { currency: 'KRW', value: 5 }
const at = (nowMs: number): Moment => {
  let count = 0
  return { nowMs, nextLogId: () => `${nowMs}-${count++}` }
}

let book: SeatBook
beforeEach(() => {
  book = new SeatBook()
  book.open(at(1))
})

const request = (n: number, seats: readonly number[], changes?: Partial<HoldRequest>) => ({
  reservationId: `r${n}`,
  showId: 'show',
  customerId: 'ann',
  seats,
  amount: PRICE,
  requestHash: `hash of ${seats.join()}`,
  ttlMs: 100,
  buyerSeatsMax: 10,
  ...changes,
})
const hold = (n: number, seats: readonly number[], nowMs = 10) => {
  const answer = book.holdSeats({ shard: 7, requests: [request(n, seats)] }, at(nowMs))
  return answer.type === 'answered' ? answer.outcomes[0] : answer
}
const mine = (n: number) => ({
  shard: 7,
  reservationId: `r${n}`,
  showId: 'show',
  customerId: 'ann',
})
const checkout = (n: number, nowMs = 20) =>
  book.startCheckout(
    {
      ...mine(n),
      checkoutKey: 'key',
      checkoutHash: 'hash',
      windowMs: 100,
      paymentToken: 'tok_ok',
    },
    at(nowMs),
  )
const step = (n: number) => ({ ...mine(n), cause: 'message', paymentId: 'p' })
const expire = (n: number, nowMs = 1_000) =>
  book.expireHolds({ shard: 7, showId: 'show', reservationIds: [`r${n}`] }, at(nowMs))

describe('a seat book', () => {
  it('derives owners, counts and deadlines from its records alone', () => {
    hold(1, [1, 2])
    hold(2, [3])
    checkout(1)
    expect([...recordsBySeat(book.state, 'show').keys()]).toEqual([1, 2, 3])
    expect(buyersOf(book.state, 'show')).toEqual(new Map([['ann', 3]]))
    expect(deadlinesOf(book.state)).toEqual(
      new Map([
        ['show/r1', 120],
        ['show/r2', 110],
      ]),
    )
    book.confirmSeats({ ...step(1), tickets: [] }, at(30))
    expect(deadlinesOf(book.state).size).toBe(1)
    const seats = book.readSeats({ showId: 'show' })
    expect(seats.type === 'seats' && seats.owners.get(1)).toBe('sr1')
  })

  it('chains the entries of a show, beginning with the epoch', () => {
    hold(1, [1])
    hold(2, [2], 11)
    const [opened, first, second] = book.state.log
    expect(first).toMatchObject({ prev: opened?.id })
    expect(second).toMatchObject({ prev: first?.id, id: '11-0' })
  })

  it('honours a late payment while the seats are free, and refunds it otherwise', () => {
    hold(1, [1])
    checkout(1)
    expire(1)
    expect(book.confirmSeats({ ...step(1), tickets: [] }, at(2_000)).type).toBe('confirmed')
    hold(2, [2])
    checkout(2)
    expire(2)
    hold(3, [2], 3_000)
    expect(book.confirmSeats({ ...step(2), tickets: [] }, at(4_000)).type).toBe('refunding')
    expect(book.state.records.r2).toMatchObject({ reason: 'seat_conflict', owns: false })
  })

  it('keeps the seats of a refund until the ticket is void', () => {
    hold(1, [1])
    checkout(1)
    book.confirmSeats({ ...step(1), tickets: [] }, at(30))
    book.cancelSeats({ ...step(1), input: 'refund', reason: 'show_cancelled' }, at(40))
    expect(hold(2, [1], 50)).toEqual({ type: 'taken', seats: [1] })
    const freed = book.cancelSeats({ ...step(1), reason: 'show_cancelled' }, at(60))
    expect(freed.type).toBe('freed')
    expect(hold(2, [1], 70)).toMatchObject({ type: 'held' })
  })

  it('is overdue from the very moment of the deadline', () => {
    hold(1, [1])
    expect(expire(1, 109)).toMatchObject({ outcomes: [{ type: 'early', deadlineMs: 110 }] })
    expect(book.releaseSeats(mine(1), at(109)).type).toBe('released')
    hold(2, [2])
    expect(book.releaseSeats(mine(2), at(110)).type).toBe('overdue')
    expect(hold(3, [2], 110)).toEqual({ type: 'overdue', reservationIds: ['r2'] })
  })

  it('is plain data that can be copied and goes its own way', () => {
    hold(1, [1])
    const copy = new SeatBook(structuredClone(book.state))
    copy.releaseSeats(mine(1), at(20))
    expect(copy.state.records.r1?.status).toBe('released')
    expect(book.state.records.r1?.status).toBe('held')
  })

  it('does nothing without an epoch', () => {
    const closed = new SeatBook()
    const requests = [request(1, [1])]
    expect(closed.holdSeats({ shard: 7, requests }, at(1))).toEqual({ type: 'no_epoch' })
    const permit = { ...step(1), permit: '', tickets: [] }
    expect(closed.confirmSeats(permit, at(1))).toEqual({ type: 'no_epoch' })
  })
})
