import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CancelReason } from '../../contracts/payloads.ts'
import { PAID_RECORD_RETENTION_MS } from '../record.ts'
import { type Cancellation, CONFIRMATIONS_PER_CALL_MAX } from '../seatVerbs.ts'
import { FOREVER_MS, openTestShard, type TestShard } from '../testing/shard.ts'

let redis: TestShard
beforeAll(async () => {
  redis = await openTestShard()
})
afterAll(() => redis.close())
beforeEach(() => redis.empty())

const TICKETS = [{ ticketId: 't-1', seatId: 'A-1-1' }]
const step = (n: number) => ({ ...redis.mine(n), cause: 'message' })
const confirm = (n: number, permit?: string) =>
  redis.seats.confirmSeats({
    ...step(n),
    paymentId: 'p-1',
    tickets: TICKETS,
    ...(permit !== undefined && { permit }),
  })
const cancel = (n: number, reason: CancelReason, input?: Cancellation['input']) =>
  redis.seats.cancelSeats({ ...step(n), reason, paymentId: 'p-1', ...(input && { input }) })
const settle = (n: number, reason: CancelReason = 'late_payment') =>
  redis.seats.settleRefund({ ...step(n), paymentId: 'p-1', reason })

async function pay(n: number, seats: readonly number[], windowMs = FOREVER_MS): Promise<void> {
  await redis.hold(n, seats)
  const outcome = await redis.seats.startCheckout({
    ...redis.mine(n),
    checkoutKey: 'key',
    checkoutHash: 'hash',
    windowMs,
    paymentToken: 'tok_ok',
  })
  expect(outcome.type).toBe('paying')
}

async function expire(n: number, seats: readonly number[]): Promise<void> {
  await pay(n, seats, 0)
  const reservationIds = [redis.id(n)]
  const { shard } = redis
  const answer = await redis.seats.expireHolds({ shard, showId: 'show', reservationIds })
  expect(answer).toMatchObject({ outcomes: [{ type: 'expired', phase: 'paying' }] })
}

const seatsNow = () => redis.client.hgetall(redis.keys.seats('show'))
const haveOf = async (customer: string) =>
  Number(await redis.client.hget(redis.keys.buyers('show'), customer))
const remainingMs = (n: number) => redis.client.pttl(redis.keys.reservation(redis.id(n)))
const lastEntry = async () => (await redis.entries()).at(-1)

describe('confirmSeats', () => {
  it('sells the seats of a paying reservation, once', async () => {
    await pay(1, [1, 2])
    const outcome = await confirm(1)
    const record = await redis.record(1)
    expect(outcome).toEqual({ type: 'confirmed', version: record.version })
    expect(record).toMatchObject({ status: 'confirmed', paymentId: 'p-1', tickets: TICKETS })
    expect(await seatsNow()).toEqual({ 1: `s${redis.id(1)}`, 2: `s${redis.id(1)}` })
    expect(await lastEntry()).toMatchObject({
      id: record.version,
      type: 'confirmed',
      state: 2,
      moved: [1, 2],
      paymentId: 'p-1',
      tickets: TICKETS,
      cause: 'message',
    })
    expect(await redis.client.zcard(redis.keys.deadlines)).toBe(0)
    const count = (await redis.entries()).length
    const same = { type: 'same', status: 'confirmed', version: record.version }
    expect(await confirm(1)).toEqual(same)
    expect(await redis.entries()).toHaveLength(count)
  })

  it('sells a paying reservation whose deadline passed but was not swept', async () => {
    await pay(1, [1], 0)
    expect(await confirm(1)).toMatchObject({ type: 'confirmed' })
    const reservationIds = [redis.id(1)]
    const { shard } = redis
    const answer = await redis.seats.expireHolds({ shard, showId: 'show', reservationIds })
    expect(answer).toMatchObject({ outcomes: [{ type: 'same', status: 'confirmed' }] })
  })

  it('honours a late payment while all seats are free, and keeps the record for good', async () => {
    await expire(1, [1, 2])
    expect(await haveOf('ann')).toBe(0)
    expect(await remainingMs(1)).toBeGreaterThan(PAID_RECORD_RETENTION_MS - 60_000)
    expect(await confirm(1)).toMatchObject({ type: 'confirmed' })
    expect(await haveOf('ann')).toBe(2)
    expect(await remainingMs(1)).toBe(-1)
    expect(await lastEntry()).toMatchObject({ type: 'confirmed', state: 2, moved: [1, 2] })
  })

  it('begins a refund when one seat is taken, and touches no seat', async () => {
    await expire(1, [1, 2])
    await redis.hold(2, [2], { customerId: 'bob' })
    const before = await seatsNow()
    const outcome = await confirm(1)
    const record = await redis.record(1)
    expect(outcome).toEqual({ type: 'refunding', version: record.version })
    expect(record).toMatchObject({ status: 'refunding', reason: 'seat_conflict', owns: false })
    expect(await seatsNow()).toEqual(before)
    expect(await haveOf('ann')).toBe(0)
    expect(await remainingMs(1)).toBe(-1)
    const entry = await lastEntry()
    expect(entry).toMatchObject({ type: 'refunding', reason: 'seat_conflict', moved: [] })
    expect(entry).not.toHaveProperty('state')
  })

  it('begins a refund rather than sell a seat that carries another reservation', async () => {
    await pay(1, [1, 2])
    await redis.client.hset(redis.keys.seats('show'), '2', redis.owner(9))
    expect(await confirm(1)).toMatchObject({ type: 'refunding' })
    expect(await seatsNow()).toEqual({ 2: redis.owner(9) })
    expect(await haveOf('ann')).toBe(1)
    expect(await lastEntry()).toMatchObject({ type: 'refunding', state: 0, moved: [1] })
  })

  it('changes nothing in any other status', async () => {
    await redis.hold(1, [1])
    expect(await confirm(1)).toMatchObject({ type: 'same', status: 'held' })
    await pay(2, [2])
    await cancel(2, 'payment_declined')
    expect(await confirm(2)).toMatchObject({ type: 'same', status: 'cancelled' })
  })

  it('refuses a message about another show as a bug', async () => {
    await pay(1, [1])
    const confirmation = { ...step(1), showId: 'another', paymentId: 'p-1', tickets: TICKETS }
    await expect(redis.seats.confirmSeats(confirmation)).rejects.toThrow('another show')
  })
})

describe('confirmAll', () => {
  const payFor = async (n: number, showId: string) => {
    await redis.hold(n, [n], { showId })
    const checkout = { checkoutKey: 'key', checkoutHash: 'hash', paymentToken: 'tok_ok' }
    const own = { ...redis.mine(n), showId, windowMs: FOREVER_MS }
    await redis.seats.startCheckout({ ...own, ...checkout })
  }
  const all = (asked: readonly (readonly [n: number, showId: string])[]) =>
    redis.seats.confirmAll({
      shard: redis.shard,
      confirmations: asked.map(([n, showId]) => {
        return { ...step(n), showId, paymentId: `p-${n}`, tickets: TICKETS }
      }),
    })

  it('answers each in its order, and each sees what the ones before it did', async () => {
    for (const n of [1, 2, 3]) await payFor(n, n === 2 ? 'matinee' : 'show')
    const tip = (await lastEntry())?.id
    const asked = [
      [3, 'show'],
      [9, 'show'],
      [2, 'matinee'],
      [1, 'show'],
      [3, 'show'],
    ] as const
    const answer = await all(asked)
    const entries = await redis.entries(tip)
    const [third, second, first] = entries.map((entry) => entry.id)
    expect(answer).toEqual({
      type: 'answered',
      outcomes: [
        { type: 'confirmed', version: third },
        { type: 'missing' },
        { type: 'confirmed', version: second },
        { type: 'confirmed', version: first },
        { type: 'same', status: 'confirmed', version: third },
      ],
    })
    // Each show's entries are a chain, and its version is the last of them.
    expect(entries[2]).toMatchObject({ reservationId: redis.id(1), prev: third, paymentId: 'p-1' })
    expect(await redis.client.get(redis.keys.version('show'))).toBe(first)
    expect(await redis.client.get(redis.keys.version('matinee'))).toBe(second)
    expect(await redis.client.zcard(redis.keys.deadlines)).toBe(0)
  })

  it('reports a message about another show as a bug, after it has handled the others', async () => {
    for (const n of [1, 2, 3]) await payFor(n, 'show')
    const answer = all([
      [1, 'show'],
      [2, 'matinee'],
      [3, 'show'],
    ] as const)
    await expect(answer).rejects.toThrow('another show')
    const statuses = await Promise.all([1, 2, 3].map(async (n) => (await redis.record(n)).status))
    expect(statuses).toEqual(['confirmed', 'paying', 'confirmed'])
  })

  it('takes no more than Redis is to work on at a time', async () => {
    const many = Array.from({ length: CONFIRMATIONS_PER_CALL_MAX + 1 }, () => [1, 'show'] as const)
    await expect(all(many)).rejects.toThrow('not 1..64')
    await expect(all([])).rejects.toThrow('not 1..64')
  })
})

describe('cancelSeats', () => {
  it('gives the seats of an unpaid reservation back, once', async () => {
    await pay(1, [1, 2])
    const outcome = await cancel(1, 'payment_declined')
    const record = await redis.record(1)
    expect(outcome).toEqual({ type: 'cancelled', version: record.version })
    expect(record).toMatchObject({ status: 'cancelled', reason: 'payment_declined' })
    expect(await seatsNow()).toEqual({})
    expect(await haveOf('ann')).toBe(0)
    expect(await remainingMs(1)).toBeGreaterThan(0)
    expect(await lastEntry()).toMatchObject({ type: 'cancelled', state: 0, moved: [1, 2] })
    expect(await cancel(1, 'payment_declined')).toMatchObject({ type: 'same' })
  })

  it('begins the refund of what was paid after it had expired or been cancelled', async () => {
    await expire(1, [1])
    await pay(2, [2])
    await cancel(2, 'payment_unavailable')
    for (const n of [1, 2]) {
      expect(await cancel(n, 'late_payment')).toMatchObject({ type: 'refunding' })
      expect(await redis.record(n)).toMatchObject({ reason: 'late_payment', owns: false })
      expect(await remainingMs(n)).toBe(-1)
      expect(await cancel(n, 'late_payment')).toMatchObject({ type: 'same', status: 'refunding' })
    }
  })

  it('leaves a paying reservation alone when the reason says that money was captured', async () => {
    await pay(1, [1])
    expect(await cancel(1, 'late_payment')).toMatchObject({ type: 'same', status: 'paying' })
  })

  it('takes a paying reservation away with its show', async () => {
    await pay(1, [1])
    expect(await cancel(1, 'show_cancelled', 'cancel_show')).toMatchObject({ type: 'cancelled' })
    await redis.hold(2, [2])
    expect(await cancel(2, 'show_cancelled', 'cancel_show')).toMatchObject({ status: 'held' })
  })

  it('keeps the seats of a refund until the ticket is void, then frees them once', async () => {
    await pay(1, [1, 2])
    await confirm(1)
    expect(await cancel(1, 'show_cancelled', 'refund')).toMatchObject({ type: 'refunding' })
    expect(await redis.record(1)).toMatchObject({ owns: true })
    expect(await lastEntry()).toMatchObject({ type: 'refunding', owns: true, moved: [] })
    expect(await redis.hold(2, [1])).toEqual({ type: 'taken', seats: [1] })
    expect(await cancel(1, 'payment_declined')).toMatchObject({ type: 'same' })

    expect(await cancel(1, 'show_cancelled')).toMatchObject({ type: 'freed' })
    expect(await redis.record(1)).toMatchObject({ status: 'refunding', owns: false })
    expect(await lastEntry()).toMatchObject({ type: 'freed', state: 0, moved: [1, 2] })
    expect(await haveOf('ann')).toBe(0)
    expect(await cancel(1, 'show_cancelled')).toMatchObject({ type: 'same' })
  })
})

describe('settleRefund', () => {
  it('ends whatever was paid and not sold, once', async () => {
    await expire(1, [1])
    await pay(2, [2])
    await cancel(2, 'payment_unavailable')
    await expire(3, [3])
    await cancel(3, 'seat_conflict')
    for (const n of [1, 2, 3]) {
      const outcome = await settle(n)
      const record = await redis.record(n)
      expect(outcome).toEqual({ type: 'refunded', version: record.version })
      expect(record).toMatchObject({ status: 'refunded', paymentId: 'p-1', owns: false })
      expect(await remainingMs(n)).toBeGreaterThan(0)
      expect(await settle(n)).toMatchObject({ type: 'same', status: 'refunded' })
    }
    expect((await redis.record(2)).reason).toBe('late_payment')
    expect((await redis.record(3)).reason).toBe('seat_conflict')
  })

  it('frees the seats that a refund still owns', async () => {
    await pay(1, [1, 2])
    await confirm(1)
    await cancel(1, 'show_cancelled', 'refund')
    expect(await settle(1, 'show_cancelled')).toMatchObject({ type: 'refunded' })
    expect(await seatsNow()).toEqual({})
    expect(await lastEntry()).toMatchObject({ type: 'refunded', state: 0, moved: [1, 2] })
  })

  it('changes nothing while the seats are held or sold', async () => {
    await redis.hold(1, [1])
    await pay(2, [2])
    await pay(3, [3])
    await confirm(3)
    expect(await settle(1)).toMatchObject({ type: 'same', status: 'held' })
    expect(await settle(2)).toMatchObject({ type: 'same', status: 'paying' })
    expect(await settle(3)).toMatchObject({ type: 'same', status: 'confirmed' })
  })
})

describe('a message about a reservation', () => {
  it('that Redis does not have says so', async () => {
    expect(await confirm(1)).toEqual({ type: 'missing' })
    expect(await cancel(1, 'late_payment')).toEqual({ type: 'missing' })
    expect(await settle(1)).toEqual({ type: 'missing' })
  })

  it('is handled without an epoch only with the token of the lease', async () => {
    await pay(1, [1])
    await redis.seats.dropEpoch({ shard: redis.shard, token: redis.token })
    expect(await confirm(1)).toEqual({ type: 'no_epoch' })
    expect(await confirm(1, '')).toEqual({ type: 'no_epoch' })
    expect(await confirm(1, 'not the token')).toEqual({ type: 'no_epoch' })
    expect(await confirm(1, redis.token)).toMatchObject({ type: 'confirmed' })
    await redis.seats.releaseLease({ shard: redis.shard, token: redis.token })
    expect(await confirm(1, redis.token)).toEqual({ type: 'no_epoch' })
  })
})
