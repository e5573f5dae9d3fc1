import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { waitFor } from '../../platform/testing/infra.ts'
import { openTestShard, type TestShard } from '../testing/shard.ts'

let redis: TestShard
let at: { shard: number; token: string }
beforeAll(async () => {
  redis = await openTestShard()
  at = { shard: redis.shard, token: redis.token }
})
afterAll(() => redis.close())
beforeEach(() => redis.empty())

const FAR_FUTURE = '9000000000000-5'
const drop = () => redis.seats.dropEpoch(at)

describe('takeLease', () => {
  it('gives the lease to one holder, who alone renews and returns it', async () => {
    const { shard, seats } = redis
    await seats.releaseLease(at)
    expect(await seats.takeLease({ ...at, ttlMs: 60_000 })).toEqual({ type: 'taken' })
    expect(await seats.takeLease({ ...at, ttlMs: 90_000 })).toEqual({ type: 'renewed' })
    const busy = await seats.takeLease({ shard, token: 'other', ttlMs: 60_000 })
    expect(busy.type === 'busy' && busy.remainingMs).toBeGreaterThan(60_000)
    expect(await seats.releaseLease({ shard, token: 'other' })).toEqual({ type: 'not_holder' })
    expect(await seats.releaseLease(at)).toEqual({ type: 'released' })
    expect(await seats.releaseLease(at)).toEqual({ type: 'not_holder' })
    expect(await seats.takeLease({ shard, token: 'other', ttlMs: 60_000 })).toEqual({
      type: 'taken',
    })
  })

  it('tells a holder who comes too late that his term had ended', async () => {
    await redis.seats.takeLease({ ...at, ttlMs: 1 })
    const again = () => redis.seats.takeLease({ ...at, ttlMs: 1 })
    await waitFor('the lease to run out', async () => (await again()).type === 'taken')
  })
})

describe('openShard', () => {
  it('sets a new epoch, greater than the last, and says so in the log', async () => {
    const before = await redis.seats.readEpoch(at)
    await drop()
    const opened = await redis.seats.openShard({ ...at, pastId: '0-0' })
    const epoch = await redis.seats.readEpoch(at)
    expect(opened).toEqual({ type: 'opened', epoch })
    const entries = await redis.entries()
    expect(entries.map(({ id, type }) => [id, type])).toEqual([
      [before, 'opened'],
      [epoch, 'opened'],
    ])
    expect(await redis.seats.openShard({ ...at, pastId: '0-0' })).toEqual({ type: 'open', epoch })
  })

  it('begins behind what SQL has projected, be the clock as it may', async () => {
    await drop()
    expect(await redis.seats.moveLog({ ...at, pastId: FAR_FUTURE })).toEqual({
      type: 'moved',
      tip: FAR_FUTURE,
    })
    expect(await redis.seats.readTip(at)).toBe(FAR_FUTURE)
    const opened = await redis.seats.openShard({ ...at, pastId: FAR_FUTURE })
    expect(opened).toEqual({ type: 'opened', epoch: '9000000000000-6' })
    expect(await redis.hold(1, [1])).toMatchObject({ record: { version: '9000000000000-7' } })
  })

  it('makes the log where there is none', async () => {
    await redis.client.call('FLUSHDB')
    expect(await redis.seats.readTip(at)).toBe('0-0')
    await redis.seats.takeLease({ ...at, ttlMs: 60_000 })
    await redis.seats.moveLog({ ...at, pastId: FAR_FUTURE })
    expect(await redis.entries()).toEqual([])
    expect(await redis.seats.openShard({ ...at, pastId: '5-5' })).toMatchObject({
      epoch: '9000000000000-6',
    })
  })

  it('leaves a log alone that is ahead already', async () => {
    const tip = await redis.seats.readTip(at)
    await drop()
    expect(await redis.seats.moveLog({ ...at, pastId: '5-5' })).toEqual({ type: 'moved', tip })
  })

  it('is for the leader only, and only while there is no epoch', async () => {
    const { shard, seats } = redis
    const stranger = { shard, token: 'other', pastId: '0-0' }
    const epoch = await seats.readEpoch(at)
    expect(await seats.moveLog({ ...at, pastId: FAR_FUTURE })).toEqual({ type: 'open', epoch })
    await drop()
    expect(await seats.openShard(stranger)).toEqual({ type: 'not_leader' })
    expect(await seats.moveLog(stranger)).toEqual({ type: 'not_leader' })
    expect(await seats.readEpoch(at)).toBeNull()
  })

  it('is the version of every show without a later change', async () => {
    const { shard, seats } = redis
    const epoch = await seats.readEpoch(at)
    const untouched = await seats.readSeats({ shard, showId: 'show' })
    expect(untouched).toEqual({ type: 'seats', epoch, version: epoch, owners: new Map() })
    const held = await redis.hold(1, [1])
    const version = held.type === 'held' && held.record.version
    expect(await seats.readSeats({ shard, showId: 'show' })).toMatchObject({ epoch, version })
  })
})

describe('dropEpoch', () => {
  it('is for the leader, and for whoever proves that the log lost its end', async () => {
    const { shard, seats } = redis
    const tip = await seats.readTip(at)
    const refused = { type: 'not_leader' }
    expect(await seats.dropEpoch({ shard })).toEqual(refused)
    expect(await seats.dropEpoch({ shard, token: 'other' })).toEqual(refused)
    expect(await seats.dropEpoch({ shard, projectedId: tip })).toEqual(refused)
    expect(await seats.dropEpoch({ shard, projectedId: FAR_FUTURE })).toEqual({ type: 'dropped' })
    expect(await seats.dropEpoch({ shard, projectedId: FAR_FUTURE })).toEqual({ type: 'absent' })
    await seats.openShard({ ...at, pastId: '0-0' })
    expect(await drop()).toEqual({ type: 'dropped' })
  })
})

describe('clearShard', () => {
  it('deletes the state of one shard, and spares lease, log and position', async () => {
    const { shard, seats, client, keys } = redis
    for (let n = 0; n < 20; n++) await redis.hold(n, [n])
    await seats.setPosition({ shard, logId: '5-5' })
    await client.set('{s08}:epoch', 'of another shard')
    expect(await seats.clearShard(at)).toMatchObject({ type: 'open' })
    await drop()
    expect(await seats.clearShard({ shard, token: 'other' })).toEqual({ type: 'not_leader' })
    expect(await seats.clearShard(at)).toEqual({ type: 'cleared', keys: 24 })
    const left = ((await client.call('KEYS', '*')) as string[]).sort()
    expect(left).toEqual([keys.lease, keys.log, keys.position, '{s08}:epoch'].sort())
  })
})

describe('trimLog', () => {
  it('deletes what is old and projected, and nothing else', async () => {
    const { shard, seats } = redis
    for (let n = 0; n < 10; n++) await redis.hold(n, [n])
    const ids = (await redis.entries()).map(({ id }) => id)
    expect(await seats.trimLog({ shard, keepMs: 0 })).toEqual({ trimmed: 0 })
    await seats.setPosition({ shard, logId: ids[4]! })
    expect(await seats.trimLog({ shard, keepMs: 60_000 })).toEqual({ trimmed: 0 })
    expect(await seats.trimLog({ shard, keepMs: -60_000 })).toEqual({ trimmed: 4 })
    expect((await redis.entries()).map(({ id }) => id)).toEqual(ids.slice(4))
    expect(await seats.readTip(at)).toBe(ids.at(-1))
  })
})

describe('setPosition', () => {
  it('never goes back', async () => {
    const { shard, seats } = redis
    expect(await seats.readPosition(at)).toBe('0-0')
    expect(await seats.setPosition({ shard, logId: '100-9' })).toEqual({ logId: '100-9' })
    expect(await seats.setPosition({ shard, logId: '100-10' })).toEqual({ logId: '100-10' })
    expect(await seats.setPosition({ shard, logId: '99-11' })).toEqual({ logId: '100-10' })
    expect(await seats.readPosition(at)).toBe('100-10')
  })
})
