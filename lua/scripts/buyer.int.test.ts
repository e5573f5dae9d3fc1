import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ReservationEntry } from '../logEntry.ts'
import type { Checkout } from '../seatVerbs.ts'
import { FOREVER_MS, openTestShard, PRICE, type TestShard } from '../testing/shard.ts'

let redis: TestShard
beforeAll(async () => {
  redis = await openTestShard()
})
afterAll(() => redis.close())
beforeEach(() => redis.empty())

const checkout = (n: number, changes?: Partial<Checkout>): Checkout => ({
  ...redis.mine(n),
  checkoutKey: 'key',
  checkoutHash: 'hash',
  windowMs: FOREVER_MS,
  paymentToken: 'tok_ok',
  ...changes,
})

describe('holdSeats', () => {
  it('gives the seats, a deadline by its own clock, and one log entry', async () => {
    const outcome = await redis.hold(1, [3, 1], { ttlMs: 60_000, traceparent: 'a trace' })
    const record = await redis.record(1)
    expect(outcome).toEqual({ type: 'held', record })
    expect(record).toMatchObject({ status: 'held', seats: [3, 1], owns: true })
    expect(record.deadlineMs).toBe(record.createdMs + 60_000)
    const [opened, entry] = await redis.entries()
    expect(entry).toEqual({
      id: record.version,
      type: 'held',
      status: 'held',
      showId: 'show',
      prev: opened?.id,
      reservationId: redis.id(1),
      customerId: 'ann',
      seats: [3, 1],
      state: 1,
      moved: [3, 1],
      owns: true,
      amount: PRICE,
      createdMs: record.createdMs,
      deadlineMs: record.deadlineMs,
      atMs: record.createdMs,
      traceparent: 'a trace',
    })
  })

  it('holds nothing when one seat is taken, and names exactly the seats that are', async () => {
    await redis.hold(1, [1, 2])
    expect(await redis.hold(2, [0, 1, 2, 3])).toEqual({ type: 'taken', seats: [1, 2] })
    const seats = await redis.seats.readSeats({ shard: redis.shard, showId: 'show' })
    expect(seats).toMatchObject({ owners: new Map([1, 2].map((seat) => [seat, redis.owner(1)])) })
    expect(await redis.entries()).toHaveLength(2)
  })

  it('counts blocked seats as taken', async () => {
    await redis.client.hset(redis.keys.seats('show'), '4', 'bbox-office')
    expect(await redis.hold(1, [3, 4])).toEqual({ type: 'taken', seats: [4] })
  })

  it('answers a repeat with the reservation as it is, and refuses another body', async () => {
    await redis.hold(1, [1])
    await redis.seats.startCheckout(checkout(1))
    const record = await redis.record(1)
    expect(await redis.hold(1, [1])).toEqual({ type: 'exists', record })
    expect(record.status).toBe('paying')
    expect(await redis.hold(1, [2])).toEqual({ type: 'reused' })
    expect(await redis.entries()).toHaveLength(3)
  })

  it('knows a repeat by its seats where the record was recreated without a hash', async () => {
    await redis.hold(1, [1])
    const recreated = { ...(await redis.record(1)), status: 'expired' as const, owns: false }
    await redis.empty()
    const reservations = [{ ...recreated, requestHash: '' }]
    await redis.seats.restore({ shard: redis.shard, showId: 'show', reservations })
    expect(await redis.hold(1, [1])).toMatchObject({ type: 'exists' })
    expect(await redis.hold(1, [2])).toEqual({ type: 'reused' })
  })

  it('lets later requests of a batch see what earlier ones took', async () => {
    const { shard } = redis
    const requests = [
      redis.request(1, [1]),
      redis.request(2, [1, 2]),
      redis.request(3, [2], { buyerSeatsMax: 2 }),
      redis.request(4, [3], { buyerSeatsMax: 2 }),
      redis.request(1, [1]),
      redis.request(5, [1], { showId: 'another' }),
    ]
    const answer = await redis.seats.holdSeats({ shard, requests })
    expect(answer).toMatchObject({
      outcomes: [
        { type: 'held' },
        { type: 'taken', seats: [1] },
        { type: 'held' },
        { type: 'buyer_limit', have: 2 },
        { type: 'exists' },
        { type: 'held' },
      ],
    })
    const entries = (await redis.entries()) as ReservationEntry[]
    expect(entries.map((entry) => entry.reservationId).slice(1)).toEqual([1, 3, 5].map(redis.id))
    const [opened, first, second, third] = entries
    expect([first?.prev, second?.prev, third?.prev]).toEqual([opened?.id, first?.id, opened?.id])
  })

  it('names overdue holds only when nothing else is in the way', async () => {
    await redis.hold(1, [1, 2], { ttlMs: 0 })
    await redis.hold(2, [3], { ttlMs: 0 })
    await redis.hold(3, [4])
    const reservationIds = [1, 2].map(redis.id)
    expect(await redis.hold(4, [1, 2, 3])).toEqual({ type: 'overdue', reservationIds })
    expect(await redis.hold(4, [1, 3, 4])).toEqual({ type: 'taken', seats: [4] })
    await redis.seats.expireHolds({ shard: redis.shard, showId: 'show', reservationIds })
    expect(await redis.hold(4, [1, 2, 3])).toMatchObject({ type: 'held' })
  })

  it('counts the live seats of a buyer per show, and forgets them when they are given back', async () => {
    const limit = { buyerSeatsMax: 2 }
    await redis.hold(1, [1, 2], limit)
    expect(await redis.hold(2, [3], limit)).toEqual({ type: 'buyer_limit', have: 2 })
    expect(await redis.hold(3, [3], { ...limit, customerId: 'bob' })).toMatchObject({
      type: 'held',
    })
    expect(await redis.hold(4, [3], { ...limit, showId: 'another' })).toMatchObject({
      type: 'held',
    })
    await redis.seats.releaseSeats(redis.mine(1))
    expect(await redis.client.hexists(redis.keys.buyers('show'), 'ann')).toBe(0)
    expect(await redis.hold(2, [1], limit)).toMatchObject({ type: 'held' })
  })

  it('takes a thousand seats in one request, and gives them back', async () => {
    const indexes = Array.from({ length: 1_000 }, (_, at) => at)
    expect(await redis.hold(1, indexes, { buyerSeatsMax: 1_000 })).toMatchObject({ type: 'held' })
    expect(await redis.client.hlen(redis.keys.seats('show'))).toBe(1_000)
    expect(await redis.hold(2, indexes)).toEqual({ type: 'taken', seats: indexes })
    expect(await redis.seats.releaseSeats(redis.mine(1))).toMatchObject({ type: 'released' })
    expect(await redis.client.exists(redis.keys.seats('show'))).toBe(0)
  })

  it('refuses a call without requests or with too many as a bug', async () => {
    const { shard } = redis
    await expect(redis.seats.holdSeats({ shard, requests: [] })).rejects.toThrow(TypeError)
    const requests = Array.from({ length: 65 }, (_, n) => redis.request(n, [n]))
    await expect(redis.seats.holdSeats({ shard, requests })).rejects.toThrow('65 holds')
  })
})

describe('the verbs on one own hold', () => {
  it('do not know the hold of another customer, or of another show', async () => {
    await redis.hold(1, [1])
    const theirs = { ...redis.mine(1), customerId: 'bob' }
    const elsewhere = { ...redis.mine(1), showId: 'another' }
    const nobodys = redis.mine(2)
    for (const who of [theirs, elsewhere, nobodys]) {
      const none = { type: 'not_found' }
      expect(await redis.seats.releaseSeats(who)).toEqual(none)
      expect(await redis.seats.extendHold({ ...who, ttlMs: 1, extensionMaxMs: 1 })).toEqual(none)
      expect(await redis.seats.startCheckout({ ...checkout(1), ...who })).toEqual(none)
    }
    expect(await redis.record(1)).toMatchObject({ status: 'held' })
    expect(await redis.entries()).toHaveLength(2)
  })

  it('say overdue when the deadline has passed, and expired once it is swept', async () => {
    await redis.hold(1, [1], { ttlMs: 0 })
    const verbs = [
      () => redis.seats.releaseSeats(redis.mine(1)),
      () => redis.seats.extendHold({ ...redis.mine(1), ttlMs: 5_000, extensionMaxMs: 5_000 }),
      () => redis.seats.startCheckout(checkout(1)),
    ]
    for (const verb of verbs) expect(await verb()).toEqual({ type: 'overdue' })
    const reservationIds = [redis.id(1)]
    await redis.seats.expireHolds({ shard: redis.shard, showId: 'show', reservationIds })
    for (const verb of verbs) expect(await verb()).toEqual({ type: 'expired' })
  })

  it('say the status when it is neither', async () => {
    await redis.hold(1, [1])
    await redis.seats.startCheckout(checkout(1))
    const wrong = { type: 'wrong_state', status: 'paying' }
    expect(await redis.seats.releaseSeats(redis.mine(1))).toEqual(wrong)
    const extension = { ...redis.mine(1), ttlMs: 5_000, extensionMaxMs: 5_000 }
    expect(await redis.seats.extendHold(extension)).toEqual(wrong)
    expect(await redis.seats.startCheckout(checkout(1, { checkoutKey: 'other' }))).toEqual(wrong)
  })
})

describe('releaseSeats', () => {
  it('frees the seats once, however often it is asked', async () => {
    await redis.hold(1, [1, 2])
    const released = await redis.seats.releaseSeats(redis.mine(1))
    const record = await redis.record(1)
    expect(released).toEqual({ type: 'released', record })
    expect(record).toMatchObject({ status: 'released', owns: false })
    expect(await redis.seats.releaseSeats(redis.mine(1))).toEqual({ type: 'already', record })
    expect((await redis.entries()).at(-1)).toMatchObject({
      id: record.version,
      type: 'released',
      state: 0,
      moved: [1, 2],
    })
    expect(await redis.entries()).toHaveLength(3)
  })

  it('leaves a seat alone that carries another reservation, and says which ones it freed', async () => {
    await redis.hold(1, [1, 2, 3])
    await redis.client.hset(redis.keys.seats('show'), '2', redis.owner(9))
    await redis.seats.releaseSeats(redis.mine(1))
    expect(await redis.client.hgetall(redis.keys.seats('show'))).toEqual({ 2: redis.owner(9) })
    expect((await redis.entries()).at(-1)).toMatchObject({ seats: [1, 2, 3], moved: [1, 3] })
  })
})

describe('extendHold', () => {
  it('counts from now, but never past the limit and never back', async () => {
    await redis.hold(1, [1], { ttlMs: 10_000 })
    const { createdMs } = await redis.record(1)
    const extend = async (ttlMs: number, extensionMaxMs: number) => {
      const outcome = await redis.seats.extendHold({ ...redis.mine(1), ttlMs, extensionMaxMs })
      expect(outcome).toEqual({ type: 'extended', record: await redis.record(1) })
      return (await redis.record(1)).deadlineMs
    }
    const fromNowMs = await extend(20_000, 60_000)
    expect((await redis.entries()).at(-1)).toMatchObject({ atMs: fromNowMs - 20_000 })
    expect(await extend(30_000, 0)).toBe(createdMs + 30_000)
    const count = (await redis.entries()).length
    expect(await extend(5_000, 60_000)).toBe(createdMs + 30_000)
    expect(await redis.entries()).toHaveLength(count)
    const score = await redis.client.zscore(redis.keys.deadlines, `show/${redis.id(1)}`)
    expect(Number(score)).toBe(createdMs + 30_000)
  })
})

describe('startCheckout', () => {
  it('sets the time to pay, and logs what payment and projection need', async () => {
    await redis.hold(1, [1, 2], { traceparent: 'trace of the hold' })
    const contact = { email: 'ann@example.org', locale: 'ko' }
    const asked = checkout(1, { windowMs: 90_000, contact, traceparent: 'trace of the checkout' })
    const outcome = await redis.seats.startCheckout(asked)
    const record = await redis.record(1)
    expect(outcome).toEqual({ type: 'paying', record })
    expect(record).toMatchObject({ status: 'paying', contact, traceparent: asked.traceparent })
    const entry = (await redis.entries()).at(-1)
    expect(entry).toMatchObject({
      id: record.version,
      type: 'paying',
      moved: [],
      paymentToken: 'tok_ok',
      contact,
      requestHash: record.requestHash,
      checkoutKey: 'key',
      checkoutHash: 'hash',
      traceparent: 'trace of the checkout',
    })
    expect(record.deadlineMs).toBe(Number(entry?.atMs) + 90_000)
    expect(Object.keys(await redis.raw(1))).not.toContain('token')
  })

  it('answers a repeat whatever became of it, and refuses the key for another body', async () => {
    await redis.hold(1, [1])
    await redis.seats.startCheckout(checkout(1, { windowMs: 0 }))
    const repeat = () => redis.seats.startCheckout(checkout(1))
    expect(await repeat()).toEqual({ type: 'exists', record: await redis.record(1) })
    const reservationIds = [redis.id(1)]
    await redis.seats.expireHolds({ shard: redis.shard, showId: 'show', reservationIds })
    expect(await repeat()).toMatchObject({ type: 'exists', record: { status: 'expired' } })
    const other = checkout(1, { checkoutHash: 'another' })
    expect(await redis.seats.startCheckout(other)).toEqual({ type: 'reused' })
  })
})
