import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createClient, type RedisClient, whenReady } from './client.ts'
import { SeatScripts } from './seatScripts.ts'
import { FOREVER_MS, openTestShard, startOwnRedis, type TestShard } from './testing/shard.ts'

let own: Awaited<ReturnType<typeof startOwnRedis>>
let redis: TestShard
beforeAll(async () => {
  own = await startOwnRedis()
  redis = await openTestShard(own.server.url)
})
afterAll(async () => {
  redis?.close()
  await own.end()
})
beforeEach(() => redis.empty())

const checkout = (n: number) => ({
  ...redis.mine(n),
  checkoutKey: 'key',
  checkoutHash: 'hash',
  windowMs: FOREVER_MS,
  paymentToken: 'tok_ok',
})
const step = (n: number) => ({ ...redis.mine(n), cause: 'message', paymentId: 'p-1' })

/** Takes reservations through every verb; answers the median microseconds of a script. */
async function medianMicros(rounds: number): Promise<number> {
  const { client, seats, shard } = redis
  await client.call('CONFIG', 'RESETSTAT')
  for (let n = 1; n <= rounds; n++) {
    const [first, second, third] = [3 * n, 3 * n + 1, 3 * n + 2]
    await redis.hold(first, [first], { buyerSeatsMax: 1_000_000 })
    await seats.extendHold({ ...redis.mine(first), ttlMs: FOREVER_MS, extensionMaxMs: 1_000 })
    await seats.startCheckout(checkout(first))
    await seats.confirmSeats({ ...step(first), tickets: [] })
    await seats.cancelSeats({ ...step(first), input: 'refund', reason: 'show_cancelled' })
    await seats.settleRefund({ ...step(first), reason: 'show_cancelled' })
    await redis.hold(second, [second], { buyerSeatsMax: 1_000_000 })
    await seats.releaseSeats(redis.mine(second))
    await redis.hold(third, [third], { ttlMs: 0, buyerSeatsMax: 1_000_000 })
    const { holds } = await redis.seats.dueHolds({ shard, limit: 1 }).then((answer) => {
      if (answer.type !== 'due') throw new Error(answer.type)
      return answer
    })
    const reservationIds = holds.map(({ reservationId }) => reservationId)
    await seats.expireHolds({ shard, showId: 'show', reservationIds })
  }
  return medianOf((await client.call('LATENCY', 'HISTOGRAM', 'evalsha')) as Histogram)
}

type Histogram = [command: string, details: ['calls', number, 'histogram_usec', number[]]]

/** Upper bound of the bucket that the median is in; `buckets` are bound, calls up to it, ... */
function medianOf([, [, calls, , buckets]]: Histogram): number {
  for (let at = 0; at < buckets.length; at += 2) {
    if (buckets[at + 1]! * 2 >= calls) return buckets[at]!
  }
  throw new Error('the histogram is empty')
}

describe('the work of a verb', () => {
  it('does not grow with the show', async () => {
    const rounds = 40
    const smallMicros = await medianMicros(rounds)
    await redis.empty()
    const base = 1_000_000
    for (let batch = 0; batch < 20_000; batch += 64) {
      const requests = Array.from({ length: 64 }, (_, at) =>
        redis.request(base + batch + at, [base + batch + at], { buyerSeatsMax: base }),
      )
      await redis.seats.holdSeats({ shard: redis.shard, requests })
    }
    expect(await redis.client.hlen(redis.keys.seats('show'))).toBeGreaterThan(20_000)
    const largeMicros = await medianMicros(rounds)
    // Reading all 20,000 seats but once per verb would take more than a hundred times as long.
    expect(largeMicros).toBeLessThan(smallMicros * 8)
  })
})

describe('several clients at once', () => {
  const clients: RedisClient[] = []
  afterAll(() => {
    for (const client of clients) client.disconnect()
  })

  it('leave each seat with one owner, and counts and deadlines that fit', async () => {
    for (let n = 0; n < 4; n++) clients.push(createClient({ url: redis.url }))
    await Promise.all(clients.map((client) => whenReady(client, 5_000)))
    const players = clients.map((client) => new SeatScripts(client))
    await Promise.all(players.map((player, at) => play(player, at * 1_000)))
    await expectConsistent()
  })

  /** Buys, gives back and lets run out on a dozen seats, as fast as it can. */
  async function play(seats: SeatScripts, base: number): Promise<void> {
    const { shard } = redis
    const moves = fc.sample(
      fc.record({
        seats: fc.uniqueArray(fc.nat(11), { minLength: 1, maxLength: 4 }),
        ttlMs: fc.constantFrom(0, FOREVER_MS, FOREVER_MS),
        end: fc.constantFrom('release', 'expire', 'confirm', 'cancel', 'refund'),
      }),
      { numRuns: 150, seed: base + 1 },
    )
    for (const [at, { seats: wanted, ttlMs, end }] of moves.entries()) {
      const n = base + at
      const changes = { customerId: `c${n % 3}`, buyerSeatsMax: 8, ttlMs }
      const requests = [redis.request(n, wanted, changes)]
      const answer = await seats.holdSeats({ shard, requests })
      const outcome = answer.type === 'answered' ? answer.outcomes[0] : undefined
      if (outcome?.type === 'overdue') {
        const { reservationIds } = outcome
        await seats.expireHolds({ shard, showId: 'show', reservationIds })
      }
      if (outcome?.type === 'held') await finish(seats, n, end, changes.customerId)
    }
  }

  async function finish(
    seats: SeatScripts,
    n: number,
    end: 'release' | 'expire' | 'confirm' | 'cancel' | 'refund',
    customerId: string,
  ): Promise<void> {
    const { shard } = redis
    const mine = { ...redis.mine(n), customerId }
    if (end === 'release') return void (await seats.releaseSeats(mine))
    const windowMs = end === 'expire' ? 0 : FOREVER_MS
    await seats.startCheckout({ ...checkout(n), customerId, windowMs })
    const reservationIds = [redis.id(n)]
    if (end === 'expire') {
      return void (await seats.expireHolds({ shard, showId: 'show', reservationIds }))
    }
    if (end === 'cancel') {
      return void (await seats.cancelSeats({ ...step(n), reason: 'payment_declined' }))
    }
    await seats.confirmSeats({ ...step(n), tickets: [] })
    if (end === 'confirm' && n % 4 > 0) return
    await seats.cancelSeats({ ...step(n), input: 'refund', reason: 'show_cancelled' })
    await seats.cancelSeats({ ...step(n), reason: 'show_cancelled' })
  }

  async function expectConsistent(): Promise<void> {
    const { client, keys, shard, seats } = redis
    const owners = (await client.hgetall(keys.seats('show'))) as Record<string, string>
    const counts: Record<string, number> = {}
    const open = new Set<string>()
    const states = { h: 0, s: 0 }
    for (const [seat, owner] of Object.entries(owners)) {
      const reservationId = owner.slice(1)
      const found = await seats.readReservation({ shard, reservationId })
      if (found.type !== 'found') throw new Error(`${owner} is ${found.type}`)
      const { record } = found
      expect(record.owns).toBe(true)
      expect(record.seats).toContain(Number(seat))
      const isOpen = record.status === 'held' || record.status === 'paying'
      expect(owner[0]).toBe(isOpen ? 'h' : 's')
      states[isOpen ? 'h' : 's'] += 1
      if (isOpen) open.add(`show/${reservationId}`)
      counts[record.customerId] = (counts[record.customerId] ?? 0) + 1
    }
    expect(states.h + states.s).toBe(Object.keys(owners).length)
    const buyers = (await client.hgetall(keys.buyers('show'))) as Record<string, string>
    expect(buyers).toEqual(
      Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)])),
    )
    expect(new Set(await client.zrange(keys.deadlines, '0', '-1'))).toEqual(open)
    await expectLogReplaysTo(owners)
  }

  /** Whoever only follows the log has the same map, and misses no entry of the show. */
  async function expectLogReplaysTo(owners: Record<string, string>): Promise<void> {
    const map = new Map<number, number>()
    const [opened, ...entries] = await redis.entries()
    let version = opened?.id
    for (const entry of entries) {
      if (entry.type === 'opened') throw new Error('opened twice')
      expect(entry.prev).toBe(version)
      version = entry.id
      for (const seat of entry.moved) map.set(seat, entry.state ?? -1)
    }
    const followed = [...map].filter(([, state]) => state > 0).sort(([a], [b]) => a - b)
    const known = Object.entries(owners).map(([seat, owner]) => [
      Number(seat),
      owner.startsWith('h') ? 1 : 2,
    ])
    expect(followed).toEqual(known.sort(([a], [b]) => Number(a) - Number(b)))
  }
})
