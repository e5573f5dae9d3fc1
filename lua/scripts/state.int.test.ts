import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ReservationRecord, ReservationStatus } from '../record.ts'
import type { RestoreOutcome, SeatVerbs } from '../seatVerbs.ts'
import { FOREVER_MS, openTestShard, PRICE, type TestShard } from '../testing/shard.ts'

let redis: TestShard
beforeAll(async () => {
  redis = await openTestShard()
})
afterAll(() => redis.close())
beforeEach(() => redis.empty())

const FULL = {
  reason: 'late_payment',
  contact: { email: 'ann@example.org', locale: 'ko' },
  checkoutKey: 'key',
  checkoutHash: 'hash',
  paymentId: 'p-1',
  tickets: [{ ticketId: 't-1', seatId: 'A-1-1' }],
  traceparent: 'a trace',
} as const

const recordOf = (
  n: number,
  status: ReservationStatus,
  seats: readonly number[],
  changes?: Partial<ReservationRecord>,
): ReservationRecord => ({
  reservationId: redis.id(n),
  status,
  showId: 'show',
  customerId: 'ann',
  seats,
  amount: PRICE,
  requestHash: 'hash of the request',
  createdMs: 1_000_000_000_000,
  deadlineMs: 1_000_000_300_000,
  version: `1000000000000-${n}`,
  owns: ['held', 'paying', 'confirmed'].includes(status),
  ...changes,
})

async function restore(
  records: ReservationRecord[],
  permit?: string,
): Promise<RestoreOutcome[] | string> {
  const answer = await redis.seats.restore({
    shard: redis.shard,
    showId: 'show',
    reservations: records,
    ...(permit && { permit }),
  })
  return answer.type === 'answered' ? answer.outcomes : answer.type
}

const lose = async () => {
  await redis.client.call('FLUSHDB')
  await redis.seats.takeLease({ shard: redis.shard, token: redis.token, ttlMs: FOREVER_MS })
}
const reopen = () =>
  redis.seats.openShard({ shard: redis.shard, token: redis.token, pastId: '1000000000000-99' })

describe('restore into a lost Redis', () => {
  const records = () => [
    recordOf(1, 'paying', [1, 2], FULL),
    recordOf(2, 'confirmed', [3], FULL),
    recordOf(3, 'refunding', [4, 5], { ...FULL, owns: true }),
    recordOf(4, 'refunding', [6], { customerId: 'bob' }),
    recordOf(5, 'expired', [1], { customerId: 'bob' }),
    recordOf(6, 'refunded', [1]),
    recordOf(7, 'held', [7], { customerId: 'bob' }),
  ]

  it('writes records with exactly the seats, counts and deadlines that they imply', async () => {
    await lose()
    const outcomes = await restore(records(), redis.token)
    expect(outcomes).toEqual(records().map(() => ({ type: 'restored' })))
    await reopen()
    for (const record of records()) {
      const { reservationId } = record
      const found = await redis.seats.readReservation({ shard: redis.shard, reservationId })
      expect(found).toEqual({ type: 'found', record })
    }
    const sold = (n: number) => `s${redis.id(n)}`
    expect(await redis.client.hgetall(redis.keys.seats('show'))).toEqual({
      1: redis.owner(1),
      2: redis.owner(1),
      3: sold(2),
      4: sold(3),
      5: sold(3),
      7: redis.owner(7),
    })
    const buyers = await redis.client.hgetall(redis.keys.buyers('show'))
    expect(buyers).toEqual({ ann: '5', bob: '1' })
    const deadlines = await redis.client.zrange(redis.keys.deadlines, '0', '-1')
    expect(deadlines).toEqual([1, 7].map((n) => `show/${redis.id(n)}`))
  })

  it('changes nothing when it is repeated', async () => {
    await lose()
    await restore(records(), redis.token)
    const again = await restore(records(), redis.token)
    expect(again).toEqual(records().map(({ version }) => ({ type: 'kept', version })))
    const buyers = await redis.client.hgetall(redis.keys.buyers('show'))
    expect(buyers).toEqual({ ann: '5', bob: '1' })
  })

  it('brings an older record up to date with its seats, and keeps a newer one', async () => {
    await lose()
    await restore([recordOf(1, 'paying', [1, 2]), recordOf(2, 'paying', [3])], redis.token)
    const later = { version: '1000000000001-0' }
    const earlier = { version: '999999999999-9' }
    const outcomes = await restore(
      [recordOf(1, 'confirmed', [1, 2], later), recordOf(2, 'cancelled', [3], later)],
      redis.token,
    )
    expect(outcomes).toEqual([{ type: 'restored' }, { type: 'restored' }])
    expect(await restore([recordOf(1, 'expired', [1, 2], earlier)], redis.token)).toEqual([
      { type: 'kept', version: later.version },
    ])
    const sold = `s${redis.id(1)}`
    expect(await redis.client.hgetall(redis.keys.seats('show'))).toEqual({ 1: sold, 2: sold })
    expect(await redis.client.hgetall(redis.keys.buyers('show'))).toEqual({ ann: '2' })
    expect(await redis.client.zcard(redis.keys.deadlines)).toBe(0)
  })

  it('writes nothing of a reservation whose seats are someone else’s', async () => {
    await lose()
    await restore([recordOf(1, 'confirmed', [2])], redis.token)
    expect(await restore([recordOf(2, 'paying', [1, 2])], redis.token)).toEqual([
      { type: 'clash', seats: [2] },
    ])
    expect(await redis.raw(2)).toEqual({})
    expect(await redis.client.hgetall(redis.keys.buyers('show'))).toEqual({ ann: '1' })
  })

  it('is for the holder of the lease', async () => {
    await lose()
    expect(await restore([recordOf(1, 'paying', [1])])).toBe('no_epoch')
    expect(await restore([recordOf(1, 'paying', [1])], 'not the token')).toBe('no_epoch')
    expect(await redis.raw(1)).toEqual({})
  })
})

describe('restore into a complete shard', () => {
  it('creates a missing record that owns no seat, once', async () => {
    const record = recordOf(1, 'expired', [1], { version: '0-0', requestHash: '' })
    expect(await restore([record])).toEqual([{ type: 'restored' }])
    expect(await restore([record])).toEqual([{ type: 'kept', version: '0-0' }])
    expect(await redis.record(1)).toEqual(record)
    const confirmed = await redis.seats.confirmSeats({
      ...redis.mine(1),
      paymentId: 'p-1',
      tickets: FULL.tickets,
      cause: 'message',
    })
    expect(confirmed).toMatchObject({ type: 'confirmed' })
    expect(await restore([record])).toMatchObject([{ type: 'kept' }])
    expect(await redis.record(1)).toMatchObject({ status: 'confirmed' })
  })

  it('refuses one that owns seats, whoever asks', async () => {
    for (const status of ['held', 'paying', 'confirmed'] as const) {
      expect(await restore([recordOf(1, status, [1])], redis.token)).toEqual([{ type: 'refused' }])
    }
    const owner = recordOf(1, 'refunding', [1], { owns: true })
    expect(await restore([owner], redis.token)).toEqual([{ type: 'refused' }])
    expect(await redis.client.exists(redis.keys.seats('show'))).toBe(0)
  })

  it('takes reservations of one show at a time', async () => {
    const other = recordOf(1, 'expired', [1], { showId: 'another' })
    await expect(restore([other])).rejects.toThrow('one show')
  })
})

describe('without an epoch', () => {
  it('every verb refuses, and leaves no trace', async () => {
    await redis.client.call('FLUSHDB')
    const { shard, seats } = redis
    const own = redis.mine(1)
    const step = { ...own, cause: 'message', paymentId: 'p-1' }
    const { tickets } = FULL
    const verbs: { [Verb in keyof SeatVerbs]: () => Promise<{ type: string }> } = {
      holdSeats: () => seats.holdSeats({ shard, requests: [redis.request(1, [1])] }),
      releaseSeats: () => seats.releaseSeats(own),
      extendHold: () => seats.extendHold({ ...own, ttlMs: 1, extensionMaxMs: 1 }),
      startCheckout: () =>
        seats.startCheckout({
          ...own,
          checkoutKey: 'key',
          checkoutHash: 'hash',
          windowMs: 1,
          paymentToken: 'tok_ok',
        }),
      confirmSeats: () => seats.confirmSeats({ ...step, tickets }),
      startAll: () =>
        seats.startAll({
          shard,
          checkouts: [
            { ...own, checkoutKey: 'k', checkoutHash: 'h', windowMs: 1, paymentToken: 't' },
          ],
        }),
      confirmAll: () => seats.confirmAll({ shard, confirmations: [{ ...step, tickets }] }),
      cancelSeats: () => seats.cancelSeats({ ...step, reason: 'late_payment' }),
      settleRefund: () => seats.settleRefund({ ...step, reason: 'late_payment' }),
      dueHolds: () => seats.dueHolds({ shard, limit: 1 }),
      expireHolds: () =>
        seats.expireHolds({ shard, showId: 'show', reservationIds: [redis.id(1)] }),
      readSeats: () => seats.readSeats({ shard, showId: 'show' }),
      readReservation: () => seats.readReservation({ shard, reservationId: redis.id(1) }),
      restore: () =>
        seats.restore({ shard, showId: 'show', reservations: [recordOf(1, 'expired', [1])] }),
    }
    for (const [name, call] of Object.entries(verbs)) {
      expect(await call(), name).toEqual({ type: 'no_epoch' })
    }
    expect(await redis.client.dbsize()).toBe(0)
  })
})
