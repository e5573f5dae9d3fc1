import type { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../platform/infra/ports.ts'
import { waitFor } from '../platform/testing/infra.ts'
import { createClient } from './client.ts'
import { openTestShard, startOwnRedis, type TestShard } from './testing/shard.ts'

let own: Awaited<ReturnType<typeof startOwnRedis>>
let redis: TestShard
beforeAll(async () => {
  // A cluster of one node has met nobody who could tell it its address.
  const address = ['--cluster-announce-ip', '127.0.0.1', '--cluster-port', String(await freePort())]
  own = await startOwnRedis(['--cluster-enabled', 'yes', ...address])
  const client = createClient({ url: own.server.url })
  await waitFor('the slots to be served', async () => {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383').catch(() => {})
    return String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')
  })
  client.disconnect()
  redis = await openTestShard(own.server.url.replace('redis:', 'redis-cluster:'))
})
afterAll(async () => {
  redis?.close()
  await own.end()
})

describe('on a Redis Cluster', () => {
  it('what is asked in one turn goes to each node together', async () => {
    const [node] = (redis.client as Cluster).nodes('master')
    const tips = [1, 2].map(() => redis.seats.readTip({ shard: redis.shard }))
    expect(node?.stream.writableCorked).toBe(1)
    await Promise.all(tips)
    expect(node?.stream.writableCorked).toBe(0)
  })

  it('a reservation lives its whole life, for a script’s keys are declared and share a slot', async () => {
    const { shard, seats, token } = redis
    await redis.hold(1, [1, 2])
    await redis.hold(2, [3], { ttlMs: 0 })
    const reservationIds = [redis.id(2)]
    const due = await seats.dueHolds({ shard, limit: 10 })
    expect(due).toMatchObject({ holds: [{ reservationId: redis.id(2) }] })
    await seats.expireHolds({ shard, showId: 'show', reservationIds })
    await seats.extendHold({ ...redis.mine(1), ttlMs: 1, extensionMaxMs: 1 })
    await seats.startCheckout({
      ...redis.mine(1),
      checkoutKey: 'key',
      checkoutHash: 'hash',
      windowMs: 60_000,
      paymentToken: 'tok_ok',
    })
    const step = { ...redis.mine(1), cause: 'message', paymentId: 'p-1' }
    expect(await seats.confirmSeats({ ...step, tickets: [] })).toMatchObject({ type: 'confirmed' })
    await seats.cancelSeats({ ...step, input: 'refund', reason: 'show_cancelled' })
    expect(await seats.settleRefund({ ...step, reason: 'show_cancelled' })).toMatchObject({
      type: 'refunded',
    })
    expect(await redis.record(1)).toMatchObject({ status: 'refunded' })
    const types = (await redis.entries()).map((entry) => entry.type)
    expect(types).toEqual('opened held held expired paying confirmed refunding refunded'.split(' '))
    await seats.setPosition({ shard, logId: await seats.readTip({ shard }) })
    await seats.dropEpoch({ shard, token })
    expect(await seats.clearShard({ shard, token })).toMatchObject({ type: 'cleared', keys: 3 })
  })
})
