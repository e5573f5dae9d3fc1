import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient, type RedisClient, whenReady } from '../../lua/client.ts'
import { keysOf } from '../../lua/keys.ts'
import { SeatScripts } from '../../lua/seatScripts.ts'
import { createLog } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { freshRedisUrl, waitFor } from '../../platform/testing/infra.ts'
import { Leases } from './leases.ts'
import { RedisClock } from './redisClock.ts'

const SHARDS = 7
const TTL_MS = 600

describe('leases', () => {
  let redis: RedisClient
  let members: Leases[]

  beforeEach(async () => {
    redis = createClient({ url: await freshRedisUrl() })
    await whenReady(redis, 5_000)
    members = []
  })
  afterEach(async () => {
    for (const member of members) await member.stop()
    redis.disconnect()
  })

  const join = async (): Promise<Leases> => {
    const member = new Leases({
      ...{ client: redis, scripts: new SeatScripts(redis), shards: SHARDS, ttlMs: TTL_MS },
      ...{ renewMs: 100, clock: new RedisClock(), metrics: new Metrics() },
      log: createLog('test', 'silent'),
    })
    members.push(member)
    await member.start()
    return member
  }
  const counts = () => members.map((member) => member.led().length)
  const split = (...wanted: number[]) =>
    waitFor(`a split of ${wanted}`, () => counts().toSorted().join() === wanted.toSorted().join())

  it('are shared evenly, and never by two at once', async () => {
    await join()
    await split(7)
    await join()
    await split(3, 4)
    await join()
    await split(1, 3, 3)
    const led = members.flatMap((member) => member.led())
    expect(led.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('pass on when their holder stops, without waiting for them to lapse', async () => {
    const first = await join()
    await split(7)
    await join()
    await split(3, 4)
    await first.stop()
    expect(await redis.zcard('holdfast:members')).toBe(1)
    await split(0, 7)
  })

  it('are left by their own clock when Redis does not answer, before Redis lets others in', async () => {
    const first = await join()
    await split(7)
    const lost: number[] = []
    first.subscribe({ lost: (shard) => lost.push(shard) })
    redis.disconnect()
    const startedAt = performance.now()
    await waitFor('the end of leading', () => first.led().length === 0)
    expect(performance.now() - startedAt).toBeLessThan(TTL_MS)
    await waitFor('the notice', () => lost.length === SHARDS)
    const taken: number[] = []
    first.subscribe({ taken: (shard) => taken.push(shard) })
    void redis.connect()
    await split(7)
    expect(taken.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('are taken anew, and said to be, when Redis was emptied', async () => {
    const first = await join()
    await split(7)
    const heard: string[] = []
    first.subscribe({
      lost: (shard) => heard.push(`lost ${shard}`),
      taken: (shard) => heard.push(`taken ${shard}`),
    })
    await redis.flushdb()
    first.poke()
    await waitFor('the last word', () => heard.at(-1) === 'taken 6')
    expect(heard.slice(0, 2)).toEqual(['lost 0', 'taken 0'])
    expect(await redis.get(keysOf(3).lease)).toBe(first.token)
  })

  it('of a member that died are taken over when they lapse', async () => {
    for (let shard = 0; shard < SHARDS; shard++) {
      await redis.set(keysOf(shard).lease, 'somebody-dead', 'PX', 300)
    }
    const first = await join()
    await split(7)
    expect(first.led().length).toBe(7)
  })
})
