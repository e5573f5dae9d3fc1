import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { keysOf } from '../../lua/keys.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import {
  freshDatabasePrefix,
  freshRedisUrl,
  isFullRun,
  testKafkaBrokers,
  testMysqlUrl,
  uniqueName,
  waitFor,
} from '../../platform/testing/infra.ts'
import { readPositions } from '../projection/positions.ts'
import type { Show } from '../shows/show.ts'
import {
  CONSUMER,
  checkout,
  confirm,
  hold,
  newShow,
  outboxOf,
  type Stores,
  startEngine,
  TEST_SHARDS,
  type TestEngine,
} from '../testing/engine.ts'
import { type EngineProcess, startEngineProcess } from '../testing/engineProcess.ts'
import { type OtherServices, startOtherServices, ticketConfirm } from '../testing/sagaMessages.ts'

const without = [CONSUMER]
const SHARDS = Array.from({ length: TEST_SHARDS }, (_, shard) => shard)

/** One reservation of each kind that a rebuild must bring back, and one hold that it cannot. */
interface Cast {
  show: Show
  held: ReservationRecord
  paying: ReservationRecord
  confirmed: ReservationRecord
  cancelled: ReservationRecord
  /** A sold ticket being refunded: it still owns its seats. */
  refunding: ReservationRecord
}

async function playCast(one: TestEngine): Promise<Cast> {
  const show = await newShow(one, 50)
  const { shard, showId } = show
  const step = ({ reservationId }: ReservationRecord) => ({
    ...{ shard, showId, reservationId, cause: 'test', paymentId: 'pay-1' },
  })
  const held = await hold(one, show, [0, 1])
  const paying = await checkout(one, await hold(one, show, [2, 3]))
  const confirmed = await checkout(one, await hold(one, show, [4, 5]))
  await confirm(one, confirmed, show)
  const cancelled = await checkout(one, await hold(one, show, [6]))
  await one.scripts.cancelSeats({ ...step(cancelled), reason: 'payment_declined' })
  const refunding = await checkout(one, await hold(one, show, [7]))
  await confirm(one, refunding, show)
  await one.scripts.cancelSeats({
    ...{ ...step(refunding), input: 'refund', reason: 'show_cancelled' },
  })
  return { show, held, paying, confirmed, cancelled, refunding }
}

async function allProjected(one: TestEngine): Promise<void> {
  for (const shard of SHARDS) {
    const tip = await one.scripts.readTip({ shard })
    await waitFor(`shard ${shard} up to ${tip}`, async () => {
      const [position] = await readPositions(one.db, [shard])
      return position?.logId === tip
    })
  }
}

/** Redis knows every reservation as SQL does, and nobody else owns a seat. */
async function expectRestored(one: TestEngine, { show, ...cast }: Cast): Promise<void> {
  const owners: Record<string, string> = {}
  for (const { reservationId } of Object.values(cast)) {
    const record = await one.engine.reservations.find(reservationId)
    const found = await one.scripts.readReservation({ shard: show.shard, reservationId })
    expect(found).toEqual(record ? { type: 'found', record } : { type: 'missing' })
    if (!record?.owns) continue
    const mark = record.status === 'paying' ? 'h' : 's'
    for (const seat of record.seats) owners[seat] = `${mark}${reservationId}`
  }
  const keys = keysOf(show.shard)
  expect(await one.redis.hgetall(keys.seats(show.showId))).toEqual(owners)
  const { paying, confirmed, refunding } = cast
  expect(await one.redis.hgetall(keys.buyers(show.showId))).toEqual({
    [paying.customerId]: '2',
    [confirmed.customerId]: '2',
    [refunding.customerId]: '1',
  })
  const deadlines = await one.redis.zrange(keys.deadlines, '0', '-1')
  expect(deadlines.filter((member) => member.startsWith(`${show.showId}/`))).toEqual([
    `${show.showId}/${paying.reservationId}`,
  ])
  const { held, sold, free } = await one.engine.maps.snapshot(show)
  expect([held, sold, free]).toEqual([2, 3, 45])
}

/** Everything in Redis as it is now; `restore` puts it back, as an old append-only file would. */
async function photograph({ redis }: TestEngine): Promise<{ restore(): Promise<void> }> {
  const keys = await redis.keys('*')
  const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)))
  return {
    async restore() {
      const all = redis.multi().flushdb()
      for (const [at, key] of keys.entries()) {
        const dump = dumps[at]
        if (dump) all.call('RESTORE', key, '0', dump)
      }
      await all.exec()
    },
  }
}

/** Loses all of Redis and waits until every shard is open in a new epoch. */
async function flushAndRebuild(one: TestEngine): Promise<void> {
  const before = SHARDS.map((shard) => one.engine.gate.epochOf(shard))
  await one.redis.flushdb()
  await newEpochs(one, before)
}

const newEpochs = (one: TestEngine, before: readonly (string | null)[]) =>
  waitFor(
    'new epochs',
    () =>
      before.every((epoch, shard) => {
        const now = one.engine.gate.epochOf(shard)
        return now !== null && now !== epoch
      }),
    { timeoutMs: 30_000 },
  )

/** Every connection ends, as they do when Redis restarts. */
function cutConnections(one: TestEngine): void {
  one.redis.disconnect(true)
  for (const client of one.engine.tail.clients) client.disconnect(true)
}

describe('a rebuild', () => {
  // Nobody commits for this group, so what a test publishes stays to be handled again.
  const group = uniqueName('rebuild')
  let stores: Stores
  let others: OtherServices
  let one: TestEngine | null = null
  let other: EngineProcess | null = null

  beforeAll(async () => {
    others = await startOtherServices(await testKafkaBrokers())
    await others.skipToEnd(group)
  })
  afterAll(() => others?.stop())
  beforeEach(async () => {
    stores = {
      ...{ group, kafkaBrokers: await testKafkaBrokers(), redisUrl: await freshRedisUrl() },
      ...{ mysqlUrl: await testMysqlUrl(), database: `${freshDatabasePrefix()}_reservation` },
    }
  })
  afterEach(async () => {
    await other?.kill()
    await one?.stop()
    one = null
    other = null
  })

  const begin = async (): Promise<TestEngine> => {
    one = await startEngine(stores, { without })
    await one.allOpen()
    return one
  }

  it('brings back all that SQL knows after FLUSHALL, and shuts the shards meanwhile', async () => {
    const me = await begin()
    const cast = await playCast(me)
    await allProjected(me)
    const heard: string[] = []
    me.engine.gate.subscribe({ shut: (shard, why) => heard.push(`${shard} ${why}`) })
    await flushAndRebuild(me)
    expect(heard.toSorted()).toEqual(SHARDS.map((shard) => `${shard} no_epoch`))
    await expectRestored(me, cast)
    // Life goes on: the payment is confirmed, and the lost hold's seats are free.
    expect(await confirm(me, cast.paying, cast.show)).toMatchObject({ type: 'confirmed' })
    await checkout(me, await hold(me, cast.show, [0, 1]))
    await allProjected(me)
  })

  it('keeps idempotency: a checkout that was answered is answered the same again', async () => {
    const me = await begin()
    const { paying } = await playCast(me)
    await allProjected(me)
    await flushAndRebuild(me)
    const { reservationId, showId, customerId } = paying
    const again = await me.scripts.startCheckout({
      ...{ shard: Number(reservationId.slice(1, 3)), reservationId, showId, customerId },
      ...{ checkoutKey: 'key-1', checkoutHash: 'hash-1', windowMs: 1_000, paymentToken: 'tok_ok' },
    })
    expect(again).toEqual({ type: 'exists', record: paying })
  })

  it('is made when Redis comes back without the end of its log', async () => {
    const me = await begin()
    const show = await newShow(me, 50)
    const early = await hold(me, show, [30])
    await allProjected(me)
    const photo = await photograph(me)
    const cast = await playCast(me)
    await allProjected(me)
    const before = SHARDS.map((shard) => me.engine.gate.epochOf(shard))
    await photo.restore()
    cutConnections(me)
    await waitFor('a new epoch', async () => {
      const now = me.engine.gate.epochOf(cast.show.shard)
      return now !== null && now !== before[cast.show.shard]
    })
    await me.allOpen()
    await expectRestored(me, cast)
    // Its shard lost nothing that the world was told, or it was rebuilt: then the hold is gone.
    const isSame = show.shard === cast.show.shard
    const found = await me.scripts.readReservation({
      ...{ shard: show.shard, reservationId: early.reservationId },
    })
    expect(found.type).toBe(isSame ? 'missing' : 'found')
  })

  it('is not made, and no hold is lost, when Redis only restarted', async () => {
    const me = await begin()
    const show = await newShow(me, 50)
    const held = await hold(me, show, [1])
    await allProjected(me)
    const epoch = me.engine.gate.epochOf(show.shard)
    const reasons: string[] = []
    me.engine.gate.subscribe({ shut: (_shard, why) => reasons.push(why) })
    cutConnections(me)
    await waitFor('the shutting', () => reasons.length >= TEST_SHARDS)
    await me.allOpen()
    expect(new Set(reasons)).toEqual(new Set(['unverified']))
    expect(me.engine.gate.epochOf(show.shard)).toBe(epoch)
    const { shard } = show
    const { reservationId } = held
    expect(await me.scripts.readReservation({ shard, reservationId })).toMatchObject({
      type: 'found',
    })
  })

  it('handles again what was confirmed but not projected, before anyone can expire it', async () => {
    const first = await begin()
    const show = await newShow(first)
    const paying = await checkout(first, await hold(first, show, [0]), { windowMs: 700 })
    await allProjected(first)
    await first.stop()
    one = null
    // The message is applied, the buyer has seen "confirmed", SQL has not: then Redis is lost.
    const bare = await startEngine(stores, {
      without: [...without, 'leases', 'projector', 'sweeper', 'rebuilder'],
    })
    await bare.allOpen()
    await others.publish(ticketConfirm(paying, show))
    expect(await confirm(bare, paying, show)).toMatchObject({ type: 'confirmed' })
    await waitFor('the deadline', async () => {
      const [seconds] = await bare.redis.time()
      return Number(seconds) * 1_000 > paying.deadlineMs + 1_000
    })
    await bare.redis.flushdb()
    await bare.stop()

    const second = await begin()
    const { shard } = show
    const { reservationId } = paying
    const found = await second.scripts.readReservation({ shard, reservationId })
    expect(found).toMatchObject({ type: 'found', record: { status: 'confirmed' } })
    expect((await second.engine.reservations.find(reservationId))?.status).toBe('confirmed')
    expect((await outboxOf(second.db)).map(({ topic }) => topic)).toEqual([
      ...['payment_request', 'seat_confirm'],
    ])
  })

  it.each(['rebuild.after-restore', 'rebuild.after-rehandle'])(
    'may die at %s: the next one does it all again',
    async (failpoint) => {
      const first = await begin()
      const cast = await playCast(first)
      await allProjected(first)
      await others.publish(ticketConfirm(cast.paying, cast.show))
      await first.redis.flushdb()
      await first.stop()
      one = null
      await startEngineProcess({ stores, without, failpoints: `${failpoint}=kill` }).then(
        (victim) => victim.ended,
        () => 'dead before it was ready',
      )
      const second = await begin()
      const { reservationId } = cast.paying
      const found = await second.scripts.readReservation({
        ...{ shard: cast.show.shard, reservationId },
      })
      expect(found).toMatchObject({ type: 'found', record: { status: 'confirmed' } })
      await allProjected(second)
      const topics = (await outboxOf(second.db))
        .filter((row) => row.event_key === reservationId)
        .map(({ topic }) => topic)
      expect(topics).toEqual(['payment_request', 'seat_confirm'])
      const { held, sold } = await second.engine.maps.snapshot(cast.show)
      expect([held, sold]).toEqual([0, 5])
    },
  )

  it('is shared by the processes that lead the shards', async () => {
    other = await startEngineProcess({ stores, without })
    const me = await begin()
    await waitFor('an even split', () => me.engine.leases.led().length === TEST_SHARDS / 2)
    const casts = await Promise.all(SHARDS.map(() => playCast(me)))
    await allProjected(me)
    await flushAndRebuild(me)
    for (const cast of casts) await expectRestored(me, cast)
  })

  it(`of ${isFullRun() ? 10_000 : 1_000} reservations takes seconds`, async () => {
    const me = await begin()
    const count = isFullRun() ? 10_000 : 1_000
    const shows = await Promise.all(SHARDS.map(() => newShow(me, 4_000)))
    for (let at = 0; at < count; at += 250) {
      await Promise.all(
        Array.from({ length: 250 }, async (_, more) => {
          const show = shows[(at + more) % TEST_SHARDS] as Show
          await checkout(me, await hold(me, show, [Math.floor((at + more) / TEST_SHARDS)]))
        }),
      )
    }
    await allProjected(me)
    const startedAt = performance.now()
    await flushAndRebuild(me)
    const tookMs = performance.now() - startedAt
    console.log(`${count} reservations were back ${tookMs.toFixed(0)} ms after FLUSHALL`)
    for (const show of shows) {
      expect((await me.engine.maps.snapshot(show)).held).toBe(count / TEST_SHARDS)
    }
  })
})
