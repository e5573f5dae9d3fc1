import type { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../../lua/client.ts'
import { startOwnRedis } from '../../lua/testing/shard.ts'
import { freePort } from '../../platform/infra/ports.ts'
import {
  freshDatabasePrefix,
  testKafkaBrokers,
  testMysqlUrl,
  uniqueName,
  waitFor,
} from '../../platform/testing/infra.ts'
import {
  CONSUMER,
  checkout,
  confirm,
  hold,
  newShow,
  startEngine,
  type TestEngine,
} from '../testing/engine.ts'

describe('on a Redis Cluster', () => {
  let own: Awaited<ReturnType<typeof startOwnRedis>>
  let one: TestEngine

  beforeAll(async () => {
    // A cluster of one node has met nobody who could tell it its address.
    const address = ['--cluster-announce-ip', '127.0.0.1', '--cluster-port', `${await freePort()}`]
    own = await startOwnRedis(['--cluster-enabled', 'yes', ...address])
    const client = createClient({ url: own.server.url })
    await waitFor('the slots to be served', async () => {
      await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383').catch(() => {})
      return String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')
    })
    client.disconnect()
    one = await startEngine(
      {
        redisUrl: own.server.url.replace('redis:', 'redis-cluster:'),
        ...{ mysqlUrl: await testMysqlUrl(), kafkaBrokers: await testKafkaBrokers() },
        ...{ database: `${freshDatabasePrefix()}_reservation`, group: uniqueName('cluster') },
      },
      { without: [CONSUMER] },
    )
    await one.allOpen()
  })
  afterAll(async () => {
    await one?.stop()
    await own?.end()
  })

  it('logs are followed, projected and swept, and a lost shard is rebuilt', async () => {
    const shows = await Promise.all([1, 2, 3, 4].map(() => newShow(one, 20)))
    for (const show of shows) {
      const paying = await checkout(one, await hold(one, show, [0, 1]))
      await confirm(one, paying, show)
      const { version } = await hold(one, show, [2], { ttlMs: 300 })
      const { held, sold } = await one.engine.maps.snapshot(show, { atLeast: version })
      expect([held, sold]).toEqual([1, 2])
      await waitFor('the expiry', async () => (await one.engine.maps.snapshot(show)).held === 0)
      await waitFor('the confirmation', async () => {
        const record = await one.engine.reservations.find(paying.reservationId)
        return record?.status === 'confirmed'
      })
    }
    const before = shows.map(({ shard }) => one.engine.gate.epochOf(shard))
    for (const node of (one.redis as Cluster).nodes('master')) await node.flushall()
    const areRebuilt = () =>
      shows.every(({ shard }, at) => {
        const epoch = one.engine.gate.epochOf(shard)
        return epoch !== null && epoch !== before[at]
      })
    // A new group reads all that other suites have left in the run's Kafka.
    await waitFor('new epochs', areRebuilt, { timeoutMs: 60_000 })
    for (const show of shows) {
      const { held, sold } = await one.engine.maps.snapshot(show)
      expect([held, sold]).toEqual([0, 2])
    }
  })

  it('the gate shuts when the node goes away, and opens when it is back', async () => {
    const show = await newShow(one, 20)
    const held = await hold(one, show, [5])
    await own.server.restart()
    await waitFor('the shutting', () => !one.engine.gate.isOpen(show.shard))
    await one.allOpen(30_000)
    const { shard } = show
    const { reservationId } = held
    const found = await one.scripts.readReservation({ shard, reservationId })
    expect(found).toMatchObject({ type: 'found' })
  })
})
