import { expect, it } from 'vitest'
import { keysOf } from '../../lua/keys.ts'
import { createLog } from '../../platform/log.ts'
import {
  freshDatabasePrefix,
  freshRedisUrl,
  testMysqlUrl,
  waitFor,
} from '../../platform/testing/infra.ts'
import { checkout, hold, newShow, startEngine } from '../testing/engine.ts'
import { Trimmer } from './trimmer.ts'

it('the log is shortened behind the projector, and keeps what is young', async () => {
  const one = await startEngine({
    redisUrl: await freshRedisUrl(),
    mysqlUrl: await testMysqlUrl(),
    database: `${freshDatabasePrefix()}_reservation`,
  })
  await one.allOpen()
  const show = await newShow(one)
  const { log } = keysOf(show.shard)
  await checkout(one, await hold(one, show, [0]))
  const young = await one.redis.xrange(log, '-', '+')
  await waitFor('the projection', async () => {
    return (await one.scripts.readPosition({ shard: show.shard })) === young.at(-1)?.[0]
  })
  // Entries of long ago, which a stream takes only at its beginning: it is written anew.
  await one.redis.rename(log, 'aside')
  const old = ['1000-1', '1000-2']
  for (const id of old) await one.redis.xadd(log, id, 'opened', '["1000"]')
  for (const [id, fields] of young) await one.redis.xadd(log, id, ...fields)

  const { engine, scripts } = one
  const trimmer = new Trimmer({
    ...{ scripts, leases: engine.leases, gate: engine.gate, log: createLog('test', 'silent') },
    positionOf: (shard) => engine.projector.positionOf(shard),
  })
  await trimmer.trim()
  const left = await one.redis.xrange(log, '-', '+')
  expect(left.map(([id]) => id)).toEqual(young.map(([id]) => id))
  await one.stop()
})
