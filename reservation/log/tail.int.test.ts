import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient, type RedisClient, whenReady } from '../../lua/client.ts'
import { keysOf } from '../../lua/keys.ts'
import { SeatScripts } from '../../lua/seatScripts.ts'
import { createLog } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { freshRedisUrl, waitFor } from '../../platform/testing/infra.ts'
import { RedisClock } from './redisClock.ts'
import { LogTail } from './tail.ts'

const SHARDS = 3

describe('the tail of the logs', () => {
  let redis: RedisClient
  let tail: LogTail
  let heard: string[]
  let backwards: number[]
  let fatal: unknown

  beforeEach(async () => {
    const redisUrl = await freshRedisUrl()
    redis = createClient({ url: redisUrl })
    await whenReady(redis, 5_000)
    const scripts = new SeatScripts(redis)
    tail = new LogTail({
      ...{ redisUrl, shards: SHARDS, clock: new RedisClock(), metrics: new Metrics() },
      readTip: (query) => scripts.readTip(query),
      log: createLog('test', 'silent'),
    })
    heard = []
    backwards = []
    fatal = null
    tail.subscribe((shard, entries) => {
      for (const { id } of entries) heard.push(`${shard} ${id}`)
    })
    tail.onBackwards = (shard) => backwards.push(shard)
    tail.onFatal((error) => {
      fatal = error
    })
  })
  afterEach(async () => {
    await tail.stop()
    redis.disconnect()
  })

  /** Appends an entry; answers how a listener names it. */
  const append = async (shard: number, id = '*'): Promise<string> => {
    const { log } = keysOf(shard)
    return `${shard} ${await redis.xadd(log, id, 'opened', '["1"]')}`
  }

  it('hears what is appended after its start, of every shard, in order', async () => {
    await append(0)
    await tail.start()
    const expected: string[] = []
    for (let round = 0; round < 50; round++) expected.push(await append(round % SHARDS))
    await waitFor('all entries', () => heard.length === 50)
    for (let shard = 0; shard < SHARDS; shard++) {
      const ofShard = (all: string[]) => all.filter((one) => one.startsWith(`${shard} `))
      expect(ofShard(heard)).toEqual(ofShard(expected))
    }
  })

  it('hears each entry once, however often its connection is lost', async () => {
    await tail.start()
    const expected: string[] = []
    for (let round = 0; round < 6; round++) {
      expected.push(await append(1))
      for (const client of tail.clients) client.disconnect(true)
      expected.push(await append(1), await append(1))
      await waitFor('the last entry', () => heard.at(-1) === expected.at(-1))
    }
    expect(heard).toEqual(expected)
    expect(backwards).toEqual([])
  })

  it('reads more than one page of what came while it was away', async () => {
    await tail.start()
    for (const client of tail.clients) client.disconnect()
    await waitFor('no connection', () => tail.clients.every(({ status }) => status === 'end'))
    const pipeline = redis.pipeline()
    for (let n = 0; n < 1_000; n++) pipeline.xadd(keysOf(2).log, '*', 'opened', '["1"]')
    await pipeline.exec()
    for (const client of tail.clients) await client.connect()
    await waitFor('all entries', () => heard.length === 1_000)
    expect(new Set(heard).size).toBe(1_000)
  })

  it('tells when a log ends before what it has read of it, and follows what comes then', async () => {
    await append(0, '5000000000000-1')
    await tail.start()
    expect(tail.positionOf(0)).toBe('5000000000000-1')
    await redis.del(keysOf(0).log)
    await append(0, '7-1')
    for (const client of tail.clients) client.disconnect(true)
    await waitFor('the notice', () => backwards.length > 0)
    expect(backwards).toEqual([0])
    const next = await append(0, '7-2')
    await waitFor('the next entry', () => heard.length > 0)
    expect(heard).toEqual([next])
  })

  it('reads again from where it is rewound to', async () => {
    await append(0, '5000000000000-1')
    await tail.start()
    await redis.del(keysOf(0).log)
    const first = await append(0, '8-1')
    tail.rewind(0, '8-0')
    await waitFor('the entry', () => heard.length > 0)
    expect(heard).toEqual([first])
  })

  it('lets one wait until it has heard of an entry', async () => {
    await tail.start()
    const early = tail.reached(1, '5-1', { timeoutMs: 5_000 })
    await append(1, '5-1')
    expect(await early).toBe(true)
    expect(await tail.reached(1, '5-1', { timeoutMs: 0 })).toBe(true)
    expect(await tail.reached(1, '5-2', { timeoutMs: 20 })).toBe(false)
  })

  it('does not go on past an entry that it cannot read', async () => {
    await tail.start()
    await redis.xadd(keysOf(1).log, '*', 'nonsense', '["1"]')
    await waitFor('the report', () => fatal)
    expect(String(fatal)).toContain('nonsense')
  })
})
