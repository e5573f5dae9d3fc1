import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inTransaction } from '../platform/inbox/unitOfWork.ts'
import { SQL_NOW_MS } from '../platform/mysql/database.ts'
import { applyEvents, type Verdict } from './book.ts'
import { claimDue, claimOrders } from './claims.ts'
import type { PaymentEvent } from './events.ts'
import { paymentIdOf } from './ids.ts'
import type { Order } from './store.ts'
import { type Bench, newReservationId, openBench, PRICE, snapshotFor } from './testkit.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench({ sweeps: false })
})
afterAll(() => bench.stop())

const LEASE_MS = 5_000

function orderFor(reservationId: string, payInMs = 60_000): Order {
  return {
    reservationId,
    paymentId: paymentIdOf(reservationId),
    amount: PRICE,
    token: 'tok_ok',
    payByMs: Date.now() + payInMs,
    snapshot: snapshotFor(reservationId),
  }
}

const receipt = { providerRef: 'ch_1', amount: PRICE, atMs: 1_900_000_000_000 }

async function apply(...events: PaymentEvent[]): Promise<Verdict[]> {
  const { verdicts } = await inTransaction(bench, (unit) => applyEvents(unit, events))
  return verdicts
}

async function requested(payInMs?: number): Promise<Order> {
  const order = orderFor(newReservationId(), payInMs)
  await apply({ type: 'payment_request', reservationId: order.reservationId, order })
  return order
}

const claim = async (order: Order): Promise<string> => {
  const options = { kind: 'requested', orders: [order], leaseMs: LEASE_MS } as const
  const [claimed] = await claimOrders(bench.db, options)
  if (!claimed) throw new Error('nothing was claimed')
  return claimed.claim
}

const topicsOf = async (reservationId: string) =>
  (await bench.published(reservationId)).map((message) => message.topic)

/** Makes everything that waits due, as time would. */
const passTime = () =>
  bench.db.execute(`UPDATE payments SET due_at = ${SQL_NOW_MS} WHERE due_at IS NOT NULL`)

describe('a batch of events', () => {
  it('is judged one by one, in order', async () => {
    const [first, second, unknown] = [await requested(), await requested(), newReservationId()]
    await claim(first)
    const { reservationId } = first
    const verdicts = await apply(
      { type: 'captured', reservationId, receipt },
      { type: 'captured', reservationId, receipt },
      { type: 'captured', reservationId: unknown, receipt },
      { type: 'captured', reservationId: second.reservationId, receipt },
      { type: 'pay_by_passed', reservationId: second.reservationId },
      { type: 'pay_by_passed', reservationId: second.reservationId },
    )
    expect(verdicts).toEqual([
      'changed',
      'unchanged',
      'unknown',
      // Nobody has called the provider about it, so it cannot have been captured.
      'contradiction',
      'changed',
      'unchanged',
    ])
    expect(await topicsOf(reservationId)).toEqual(['payment_create'])
    expect(await topicsOf(second.reservationId)).toEqual(['payment_fail'])
    expect(await bench.ledger(second.reservationId)).toEqual([])
  })

  it('may move one payment more than once', async () => {
    const order = orderFor(newReservationId())
    const { reservationId } = order
    const { snapshot } = order
    const verdicts = await apply(
      { type: 'seat_expired', reservationId, phase: 'paying', order: { snapshot } },
      { type: 'payment_request', reservationId, order },
      { type: 'payment_request', reservationId, order },
    )
    expect(verdicts).toEqual(['changed', 'changed', 'unchanged'])
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'failed', due_at: null })
    expect(await topicsOf(reservationId)).toEqual(['payment_fail'])
  })

  it('writes many of each kind at once', async () => {
    const orders = await Promise.all(Array.from({ length: 60 }, () => requested()))
    const claims = new Map<string, string>()
    for (const { order, claim: word } of await claimOrders(bench.db, {
      kind: 'requested',
      orders,
      leaseMs: LEASE_MS,
    })) {
      claims.set(order.reservationId, word)
    }
    const kinds = ['captured', 'declined', 'refused', 'no_answer'] as const
    const events = orders.map(({ reservationId }, index): PaymentEvent => {
      const type = kinds[index % 4] ?? 'captured'
      if (type === 'captured') {
        const own = { ...receipt, providerRef: `ch_${reservationId}` }
        return { type, reservationId, receipt: own }
      }
      if (type === 'declined') return { type, reservationId }
      return { type, reservationId, claim: claims.get(reservationId) ?? '' }
    })
    expect(new Set(await apply(...events))).toEqual(new Set(['changed']))
    const ends = [
      { state: 'captured', unanswered: 0 },
      { state: 'failed', unanswered: 0, provider_ref: null },
      { state: 'requested', unanswered: 0, provider_ref: null },
      { state: 'charging', unanswered: 1, provider_ref: null },
    ]
    for (const [index, { reservationId }] of orders.entries()) {
      const row = await bench.rowOf(reservationId)
      expect(row).toMatchObject(ends[index % 4] ?? {})
      if (row?.state === 'captured') expect(row.provider_ref).toBe(`ch_${reservationId}`)
    }
  })

  it('is left for later when another one stores the same payment at the same time', async () => {
    const order = orderFor(newReservationId())
    const { reservationId } = order
    const request: PaymentEvent = { type: 'payment_request', reservationId, order }
    const outcomes = await Promise.allSettled([apply(request), apply(request), apply(request)])
    const failed = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    for (const error of failed) {
      expect(error).toMatchObject({ code: 'SQL_CONFLICT', retriable: true })
    }
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'requested' })
  })
})

describe('the outcome of a call', () => {
  it('of the past changes nothing, for another call may be under way', async () => {
    const order = await requested()
    const { reservationId } = order
    const first = await claim(order)
    await apply({ type: 'refused', reservationId, claim: first })
    const second = await claim(order)
    expect(second).not.toBe(first)
    const late = await apply(
      { type: 'refused', reservationId, claim: first },
      { type: 'no_answer', reservationId, claim: first },
    )
    expect(late).toEqual(['stale', 'stale'])
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'charging', unanswered: 0 })
    expect(await apply({ type: 'refused', reservationId, claim: second })).toEqual(['changed'])
  })

  it('that a lost lease hid is still believed when it is final', async () => {
    const order = await requested()
    const { reservationId } = order
    await claim(order)
    await passTime()
    const [taken] = await claimDue(bench.db, { kind: 'unanswered', limit: 100, leaseMs: LEASE_MS })
    expect(taken?.order.reservationId).toBeDefined()
    expect(await apply({ type: 'captured', reservationId, receipt })).toEqual(['changed'])
  })
})

describe('a claim', () => {
  it('gets what is to be had, and each payment goes to one claimer', async () => {
    const orders = await Promise.all(Array.from({ length: 40 }, () => requested()))
    const claimers = [orders, [...orders].reverse(), orders.slice(0, 20)]
    const all = await Promise.all(
      claimers.map((some) =>
        claimOrders(bench.db, { kind: 'requested', orders: some, leaseMs: LEASE_MS }),
      ),
    )
    const ids = all.flat().map(({ order }) => order.reservationId)
    expect(ids.sort()).toEqual(orders.map((order) => order.reservationId).sort())
  })

  it('leaves alone what is not due, settled, or past its time to pay', async () => {
    const [fresh, overdue, settled] = [await requested(), await requested(-1), await requested()]
    await claim(settled)
    await apply({ type: 'declined', reservationId: settled.reservationId })
    const claimAll = async () => {
      const options = { kind: 'requested', limit: 1_000, leaseMs: LEASE_MS } as const
      const claimed = await claimDue(bench.db, options)
      return claimed.map(({ order }) => order.reservationId)
    }
    expect(await claimAll()).not.toContain(fresh.reservationId)
    await passTime()
    const ids = await claimAll()
    expect(ids).toContain(fresh.reservationId)
    expect(ids).not.toContain(overdue.reservationId)
    expect(ids).not.toContain(settled.reservationId)
    expect(await claimAll()).toEqual([])
  })

  it('hands out no more than it was asked for', async () => {
    await Promise.all(Array.from({ length: 5 }, () => requested()))
    await passTime()
    const options = { kind: 'requested', leaseMs: LEASE_MS } as const
    expect(await claimDue(bench.db, { ...options, limit: 2 })).toHaveLength(2)
    expect(await claimDue(bench.db, { ...options, limit: 0 })).toEqual([])
  })
})
