import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { waitFor } from '../../platform/testing/infra.ts'
import { createClient, whenReady } from '../client.ts'
import type { ReservationEntry } from '../logEntry.ts'
import { SeatScripts } from '../seatScripts.ts'
import type { ExpireOutcome, Expiry } from '../seatVerbs.ts'
import { FOREVER_MS, openTestShard, type TestShard } from '../testing/shard.ts'

let redis: TestShard
beforeAll(async () => {
  redis = await openTestShard()
})
afterAll(() => redis.close())
beforeEach(() => redis.empty())

async function expire(...numbers: number[]): Promise<ExpireOutcome[]> {
  const { shard } = redis
  const reservationIds = numbers.map(redis.id)
  const answer = await redis.seats.expireHolds({ shard, showId: 'show', reservationIds })
  if (answer.type !== 'answered') throw new Error(answer.type)
  return answer.outcomes
}

async function due(limit: number) {
  const answer = await redis.seats.dueHolds({ shard: redis.shard, limit })
  if (answer.type !== 'due') throw new Error(answer.type)
  return answer
}

const checkout = (n: number) =>
  redis.seats.startCheckout({
    ...redis.mine(n),
    checkoutKey: 'key',
    checkoutHash: 'hash',
    windowMs: FOREVER_MS,
    paymentToken: 'tok_ok',
  })

describe('dueHolds', () => {
  it('lists what is due, oldest deadline first, and says what comes next', async () => {
    await redis.hold(1, [1], { ttlMs: 40_000 })
    expect(await due(10)).toMatchObject({
      holds: [],
      nextMs: (await redis.record(1)).deadlineMs,
    })
    await redis.hold(2, [2], { ttlMs: 0 })
    const older = await redis.record(2)
    await waitFor('the next millisecond', async () => (await due(1)).nowMs > older.deadlineMs)
    await redis.hold(3, [3], { ttlMs: 0, showId: 'another' })
    const both = await due(10)
    expect(both.holds).toEqual([
      { showId: 'show', reservationId: redis.id(2) },
      { showId: 'another', reservationId: redis.id(3) },
    ])
    expect(both.nextMs).toBe((await redis.record(1)).deadlineMs)
    const first = await due(1)
    expect(first.holds).toEqual(both.holds.slice(0, 1))
    expect(first.nextMs).toBe((await redis.record(3)).deadlineMs)
  })

  it('says that nothing waits', async () => {
    expect(await due(1)).toMatchObject({ holds: [], nextMs: null })
  })
})

describe('expireHolds', () => {
  it('frees what is due and leaves the rest, each with its own answer', async () => {
    await redis.hold(1, [1, 2], { ttlMs: 0 })
    await redis.hold(2, [3])
    await redis.hold(3, [4])
    await redis.seats.releaseSeats(redis.mine(3))
    const outcomes = await expire(1, 2, 3, 4)
    const record = await redis.record(1)
    expect(outcomes).toEqual([
      { type: 'expired', version: record.version, phase: 'held' },
      { type: 'early', deadlineMs: (await redis.record(2)).deadlineMs },
      { type: 'same', status: 'released' },
      { type: 'missing' },
    ])
    expect(await redis.client.hgetall(redis.keys.seats('show'))).toEqual({ 3: redis.owner(2) })
    expect((await redis.entries()).at(-1)).toMatchObject({
      id: record.version,
      type: 'expired',
      phase: 'held',
      state: 0,
      moved: [1, 2],
    })
    expect(await expire(1)).toEqual([{ type: 'same', status: 'expired' }])
  })

  it('expires a payment with the address and trace that its message needs', async () => {
    await redis.hold(1, [1])
    await redis.seats.startCheckout({
      ...redis.mine(1),
      checkoutKey: 'key',
      checkoutHash: 'hash',
      windowMs: 0,
      paymentToken: 'tok_ok',
      contact: { email: 'ann@example.org' },
      traceparent: 'a trace',
    })
    expect(await expire(1)).toMatchObject([{ phase: 'paying' }])
    expect((await redis.entries()).at(-1)).toMatchObject({
      phase: 'paying',
      contact: { email: 'ann@example.org' },
      traceparent: 'a trace',
    })
  })

  it('forgets a deadline that nothing waits for', async () => {
    await redis.client.zadd(redis.keys.deadlines, 1, `show/${redis.id(1)}`)
    await expire(1)
    expect(await redis.client.zcard(redis.keys.deadlines)).toBe(0)
  })

  it('takes a hundred in one call and refuses more', async () => {
    const requests = Array.from({ length: 50 }, (_, n) => redis.request(n, [n], { ttlMs: 0 }))
    const { shard } = redis
    await redis.seats.holdSeats({ shard, requests })
    const more = requests.map(({ seats }) => redis.request(50 + seats[0]!, [50 + seats[0]!]))
    await redis.seats.holdSeats({ shard, requests: more })
    const outcomes = await expire(...Array.from({ length: 100 }, (_, n) => n))
    expect(outcomes.map(({ type }) => type)).toEqual([
      ...Array.from({ length: 50 }, () => 'expired'),
      ...Array.from({ length: 50 }, () => 'early'),
    ])
    const numbers = Array.from({ length: 101 }, (_, n) => n)
    await expect(expire(...numbers)).rejects.toThrow('101 expiries')
  })

  it('expires none early by the clock of Redis, and all in the end', async () => {
    const { shard } = redis
    const requests = Array.from({ length: 60 }, (_, n) =>
      redis.request(n, [n], { ttlMs: 20 + 5 * n }),
    )
    await redis.seats.holdSeats({ shard, requests })
    const numbers = requests.map((_, n) => n)
    await waitFor('all holds to expire', async () => {
      await expire(...numbers)
      return (await redis.client.zcard(redis.keys.deadlines)) === 0
    })
    const expired = (await redis.entries()).filter((entry) => entry.type === 'expired')
    expect(expired).toHaveLength(60)
    const early = (expired as ReservationEntry[]).filter((entry) => entry.atMs < entry.deadlineMs)
    expect(early).toEqual([])
  })

  it('lets exactly one win when a checkout meets the deadline', async () => {
    const client = createClient({ url: redis.url })
    await whenReady(client, 5_000)
    const sweeper = new SeatScripts(client)
    const { shard } = redis
    const winners: string[] = []
    for (let n = 1; n <= 80; n++) {
      await redis.hold(n, [n], { ttlMs: 12 })
      const { deadlineMs } = await redis.record(n)
      const [paid, swept] = await Promise.all([
        untilClock(deadlineMs - (n % 8) * 2).then(() => checkout(n)),
        sweepUntilDone(sweeper, { shard, showId: 'show', reservationIds: [redis.id(n)] }),
      ])
      const { status } = await redis.record(n)
      expect([paid.type, swept.type, status]).toEqual(
        paid.type === 'paying'
          ? ['paying', 'same or later', 'paying']
          : [expect.stringMatching(/overdue|expired/), 'expired', 'expired'],
      )
      winners.push(status)
    }
    client.disconnect()
    expect(new Set(winners)).toEqual(new Set(['paying', 'expired']))
  })
})

/** Waits until Redis's clock, which the test shares the machine with, shows `timeMs`. */
const untilClock = (timeMs: number) =>
  waitFor('the last moment', () => Date.now() >= timeMs, { everyMs: 0 })

/** Sweeps until the reservation is expired or is not due any more. */
async function sweepUntilDone(
  sweeper: SeatScripts,
  expiry: Expiry,
): Promise<{ type: 'expired' | 'same or later' }> {
  return waitFor('an end', async () => {
    const answer = await sweeper.expireHolds(expiry)
    const outcome = answer.type === 'answered' ? answer.outcomes[0] : undefined
    if (outcome?.type === 'expired') return { type: 'expired' }
    const isPaying = outcome?.type === 'early' && outcome.deadlineMs > Date.now() + 60_000
    return isPaying ? { type: 'same or later' } : null
  })
}
