import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RunningServer } from '../platform/infra/server.ts'
import { waitFor } from '../platform/testing/infra.ts'
import { COMMAND_TIMEOUT_MS, createClient, createReader, whenReady } from './client.ts'
import { RedisUnavailable } from './errors.ts'
import { keysOf } from './keys.ts'
import { parseLogs, type StreamReply } from './logEntry.ts'
import { openTestShard, startOwnRedis, type TestShard } from './testing/shard.ts'

let own: Awaited<ReturnType<typeof startOwnRedis>>
let server: RunningServer
let redis: TestShard
beforeAll(async () => {
  own = await startOwnRedis()
  server = own.server
  redis = await openTestShard(server.url)
})
afterEach(async () => {
  if (!server.isAlive()) await server.restart()
  await server.kill('SIGCONT')
  await whenReady(redis.client, 10_000)
})
afterAll(async () => {
  redis?.close()
  await own.end()
})

const faultOfHold = (n: number): Promise<unknown> =>
  redis.hold(n, [n]).then(
    (outcome) => outcome,
    (error: unknown) => error,
  )

describe('a client of scripts', () => {
  it('says that the state is unknown when Redis does not answer, and runs nothing twice', async () => {
    await redis.hold(1, [1])
    await server.kill('SIGSTOP')
    const startMs = performance.now()
    const fault = await faultOfHold(2)
    expect(fault).toBeInstanceOf(RedisUnavailable)
    expect(fault).toMatchObject({ code: 'STATE_UNKNOWN', retriable: true })
    expect(performance.now() - startMs).toBeLessThan(COMMAND_TIMEOUT_MS + 200)
    await server.kill('SIGCONT')
    // The call did run, as soon as it could. Asking again with the same id tells.
    const again = await waitFor('the same answer', async () => {
      const outcome = (await faultOfHold(2)) as { type?: string }
      return outcome.type === 'exists'
    })
    expect(again).toBe(true)
    const ids = (await redis.entries()).filter((entry) => entry.type === 'held')
    expect(ids).toHaveLength(2)
  })

  it('refuses at once while there is no connection, and serves again without being asked', async () => {
    await server.kill('SIGKILL')
    await waitFor('the client to notice', () => redis.client.status !== 'ready')
    const startMs = performance.now()
    expect(await faultOfHold(3)).toMatchObject({ code: 'REDIS_UNAVAILABLE' })
    expect(performance.now() - startMs).toBeLessThan(100)
    await server.restart()
    await waitFor('holds to work again', async () => {
      const outcome = (await faultOfHold(3)) as { type?: string }
      return outcome.type === 'held' || outcome.type === 'exists'
    })
    expect(await redis.record(1)).toMatchObject({ status: 'held' })
  })

  it('sends what is asked in one turn together, also after it has connected anew', async () => {
    const isKeptBack = () => (redis.client as Redis).stream.writableCorked > 0
    const turn = async (first: number) => {
      expect(isKeptBack()).toBe(false)
      const holds = [first, first + 1, first + 2].map((n) => redis.hold(n, [n]))
      await Promise.resolve()
      expect(isKeptBack()).toBe(true)
      expect(await Promise.all(holds)).toMatchObject(holds.map(() => ({ type: 'held' })))
      expect(isKeptBack()).toBe(false)
    }
    await turn(10)
    await server.kill('SIGKILL')
    await waitFor('the client to notice', () => redis.client.status !== 'ready')
    await server.restart()
    await whenReady(redis.client, 10_000)
    // What the client does by itself when it has connected is of other turns.
    await redis.client.call('PING')
    await turn(20)
  })

  it('sends a script whole that Redis has forgotten', async () => {
    await redis.client.script('FLUSH')
    expect(await redis.hold(4, [4])).toMatchObject({ type: 'held' })
  })

  it('gives up waiting for a Redis that is not there', async () => {
    const client = createClient({ url: 'redis://127.0.0.1:1' })
    await expect(whenReady(client, 50)).rejects.toThrow('no connection within 50 ms')
    client.disconnect()
  })
})

describe('a blocking reader', () => {
  it('gets entries as they come, and an empty answer when none does', async () => {
    const reader = createReader({ url: server.url, blockMsMax: 2_000 })
    await whenReady(reader, 5_000)
    const { log } = keysOf(redis.shard)
    const tip = await redis.seats.readTip({ shard: redis.shard })
    const read = (blockMs: number, afterId: string) =>
      reader.xread('BLOCK', blockMs, 'STREAMS', log, afterId) as Promise<StreamReply[] | null>
    expect(parseLogs(await read(10, tip))).toEqual([])
    const [reply] = await Promise.all([read(2_000, tip), redis.hold(5, [5])])
    expect(parseLogs(reply)).toMatchObject([{ key: log, entries: [{ type: 'held', seats: [5] }] }])
    reader.disconnect()
  })
})
