import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openTestShard, startOwnRedis, type TestShard } from './testing/shard.ts'

let own: Awaited<ReturnType<typeof startOwnRedis>>
let redis: TestShard
beforeAll(async () => {
  own = await startOwnRedis(['--enable-debug-command', 'local'])
  redis = await openTestShard(own.server.url)
})
afterAll(async () => {
  redis?.close()
  await own.end()
})
beforeEach(async () => {
  await allow('0')
  await redis.empty()
})

const allow = (bytes: string) => redis.client.call('CONFIG', 'SET', 'maxmemory', bytes)

async function usedBytes(): Promise<number> {
  const info = String(await redis.client.call('INFO', 'memory'))
  return Number(/used_memory:(\d+)/.exec(info)?.[1])
}

/** A hash of every value in the database. */
const digest = () => redis.client.call('DEBUG', 'DIGEST')

describe('a Redis that is out of memory', () => {
  it('refuses a verb before its first write', async () => {
    await redis.hold(1, [1])
    await redis.hold(2, [2], { ttlMs: 0 })
    const before = await digest()
    await allow('1')
    const { shard, seats } = redis
    const own = redis.mine(1)
    const reservationIds = [redis.id(2)]
    const calls = [
      () => redis.hold(3, [3]),
      () => seats.releaseSeats(own),
      () => seats.expireHolds({ shard, showId: 'show', reservationIds }),
      () => seats.cancelSeats({ ...own, cause: 'message', reason: 'payment_declined' }),
    ]
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' })
    }
    expect(await digest()).toEqual(before)
  })

  it('does everything or nothing of a batch during which memory runs out', async () => {
    const { shard, seats } = redis
    await allow(String((await usedBytes()) + 300_000))
    const traceparent = 'x'.repeat(1_000)
    let held = 0
    let isFull = false
    for (let batch = 0; batch < 100 && !isFull; batch++) {
      const requests = Array.from({ length: 64 }, (_, at) =>
        redis.request(batch * 64 + at, [batch * 64 + at], { traceparent, buyerSeatsMax: 10_000 }),
      )
      await seats.holdSeats({ shard, requests }).then(
        () => {
          held += 64
        },
        () => {
          isFull = true
        },
      )
    }
    expect(isFull).toBe(true)
    expect(held).toBeGreaterThan(0)
    await allow('0')
    expect(await redis.client.hlen(redis.keys.seats('show'))).toBe(held)
    expect(await redis.client.zcard(redis.keys.deadlines)).toBe(held)
    expect(await redis.client.xlen(redis.keys.log)).toBe(held + 1)
    expect(Number(await redis.client.hget(redis.keys.buyers('show'), 'ann'))).toBe(held)
  })

  it('can still be led, read and relieved', async () => {
    const { shard, seats, token } = redis
    await redis.hold(1, [1])
    const tip = await seats.readTip({ shard })
    await allow('1')
    expect(await seats.takeLease({ shard, token, ttlMs: 60_000 })).toEqual({ type: 'renewed' })
    expect(await seats.setPosition({ shard, logId: tip })).toEqual({ logId: tip })
    expect(await seats.trimLog({ shard, keepMs: -60_000 })).toEqual({ trimmed: 1 })
    expect(await seats.dueHolds({ shard, limit: 1 })).toMatchObject({ type: 'due' })
    expect(await seats.readSeats({ shard, showId: 'show' })).toMatchObject({ type: 'seats' })
    expect(await redis.record(1)).toMatchObject({ status: 'held' })
    expect(await seats.dropEpoch({ shard, token })).toEqual({ type: 'dropped' })
    expect(await seats.clearShard({ shard, token })).toMatchObject({ type: 'cleared' })
  })
})
