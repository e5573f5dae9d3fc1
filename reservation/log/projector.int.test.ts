import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { logEventIdOf } from '../../contracts/ids.ts'
import { decodeMessage } from '../../contracts/message.ts'
import { keysOf } from '../../lua/keys.ts'
import { parseLogEntry, type ReservationEntry } from '../../lua/logEntry.ts'
import { createLog } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import {
  freshDatabasePrefix,
  freshRedisUrl,
  testMysqlUrl,
  waitFor,
} from '../../platform/testing/infra.ts'
import { readPositions } from '../projection/positions.ts'
import { isProjected } from '../projection/rows.ts'
import type { Show } from '../shows/show.ts'
import {
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
import type { Leases } from './leases.ts'
import { Projector } from './projector.ts'
import { RedisClock } from './redisClock.ts'

const freshStores = async (): Promise<Stores> => ({
  redisUrl: await freshRedisUrl(),
  mysqlUrl: await testMysqlUrl(),
  database: `${freshDatabasePrefix()}_reservation`,
})

const SHARDS = Array.from({ length: TEST_SHARDS }, (_, shard) => shard)

/** All reservation entries that stand in the logs. */
async function entriesOf({ redis }: TestEngine): Promise<[number, ReservationEntry][]> {
  const entries: [number, ReservationEntry][] = []
  for (const shard of SHARDS) {
    for (const [id, fields] of await redis.xrange(keysOf(shard).log, '-', '+')) {
      const entry = parseLogEntry(id, fields)
      if (entry.type !== 'opened') entries.push([shard, entry])
    }
  }
  return entries
}

async function allProjected(one: TestEngine): Promise<void> {
  for (const shard of SHARDS) {
    const tip = await one.scripts.readTip({ shard })
    await waitFor(`shard ${shard} projected up to ${tip}`, async () => {
      const [position] = await readPositions(one.db, [shard])
      return position?.logId === tip
    })
  }
}

const TOPIC_OF: Partial<Record<ReservationEntry['type'], string>> = {
  paying: 'payment_request',
  confirmed: 'seat_confirm',
  cancelled: 'seat_cancel',
  refunding: 'seat_cancel',
  expired: 'seat_expired',
}

/** Every projected entry has exactly one message, and SQL and Redis agree on every reservation. */
async function expectExactlyOnce(one: TestEngine): Promise<void> {
  await allProjected(one)
  const entries = await entriesOf(one)
  const expected = entries.flatMap(([shard, entry]) => {
    const topic = TOPIC_OF[entry.type]
    return topic ? [`${logEventIdOf(shard, entry.id)} ${topic}`] : []
  })
  const outbox = await outboxOf(one.db)
  expect(outbox.map((row) => `${row.event_id} ${row.topic}`).toSorted()).toEqual(
    expected.toSorted(),
  )
  for (const row of outbox) expect(decodeMessage(row.topic, row.body)).toMatchObject({ ok: true })
  const projected = new Set(
    entries.filter(([, entry]) => isProjected(entry)).map(([, entry]) => entry.reservationId),
  )
  for (const reservationId of projected) {
    const shard = Number(reservationId.slice(1, 3))
    const found = await one.scripts.readReservation({ shard, reservationId })
    const record = await one.engine.reservations.find(reservationId)
    expect(found).toMatchObject({ type: 'found' })
    expect(found.type === 'found' && { ...found.record, requestHash: '' }).toEqual({
      ...record,
      requestHash: '',
    })
  }
}

/** Reservations that go different ways, `count` of each. */
async function bustle(one: TestEngine, show: Show, count: number, from = 0): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const base = from + at * 4
      const sold = await checkout(one, await hold(one, show, [base]))
      await confirm(one, sold, show)
      const lost = await checkout(one, await hold(one, show, [base + 1]))
      const { shard } = show
      const { reservationId, showId } = lost
      const step = { shard, reservationId, showId, cause: 'test' }
      await one.scripts.cancelSeats({ ...step, reason: 'payment_declined' })
      await one.scripts.cancelSeats({ ...step, reason: 'late_payment', paymentId: 'pay-2' })
      await one.scripts.settleRefund({ ...step, reason: 'late_payment', paymentId: 'pay-2' })
      await hold(one, show, [base + 2])
    }),
  )
}

describe('the projector', () => {
  let one: TestEngine
  beforeAll(async () => {
    one = await startEngine(await freshStores())
    await one.allOpen()
  })
  afterAll(() => one.stop())

  it('keeps everything of a reservation that a rebuild needs', async () => {
    const show = await newShow(one)
    const paying = await checkout(one, await hold(one, show, [3, 4]))
    const { reservationId } = paying
    await waitFor('the row', () => one.engine.reservations.find(reservationId))
    expect(await one.engine.reservations.find(reservationId)).toEqual(paying)
    await confirm(one, paying, show)
    await waitFor('the confirmation', async () => {
      return (await one.engine.reservations.find(reservationId))?.status === 'confirmed'
    })
    const found = await one.scripts.readReservation({ shard: show.shard, reservationId })
    const record = await one.engine.reservations.find(reservationId)
    expect(found).toEqual({ type: 'found', record })
    expect(record).toMatchObject({ checkoutKey: 'key-1', checkoutHash: 'hash-1', owns: true })
  })

  it('does not write holds, but moves past them', async () => {
    const show = await newShow(one)
    const held = await hold(one, show, [1])
    await one.engine.projector.passed(show.shard, held.version, { timeoutMs: 5_000 })
    expect(await one.engine.reservations.find(held.reservationId)).toBe(null)
  })

  it('tells in Redis how far it is', async () => {
    const show = await newShow(one)
    const paying = await checkout(one, await hold(one, show, [1]))
    await waitFor('the position', async () => {
      return (await one.scripts.readPosition({ shard: show.shard })) === paying.version
    })
    expect(one.engine.projector.lagMs()).toBe(0)
  })

  it('shows in ops_reservation what operators ask for', async () => {
    const show = await newShow(one)
    const { reservationId } = await checkout(one, await hold(one, show, [1, 2]))
    const rows = await waitFor('the row', async () => {
      const sql = 'SELECT * FROM ops_reservation WHERE reservation_id = ?'
      const found = await one.db.query<{ updated_at: number }>(sql, [reservationId])
      return found.length > 0 ? found : null
    })
    expect(rows).toEqual([
      {
        reservation_id: reservationId,
        show_id: show.showId,
        service: 'reservation',
        state: 'paying',
        detail: null,
        amount: 200,
        currency: 'KRW',
        updated_at: expect.any(Number),
      },
    ])
  })
})

describe('projection exactly once', () => {
  let one: TestEngine | null = null
  let other: EngineProcess | null = null
  afterEach(async () => {
    await other?.kill()
    await one?.stop()
    one = null
    other = null
  })

  it('holds with three projectors that all believe to lead', async () => {
    one = await startEngine(await freshStores())
    await one.allOpen()
    const { engine, redis, scripts, db, outbox, shows } = one
    const alwaysLeads = {
      leads: () => true,
      led: () => SHARDS,
      subscribe: () => () => {},
    } as unknown as Leases
    const log = createLog('test', 'silent')
    const rivals = [1, 2].map(
      () =>
        new Projector({
          ...{ client: redis, scripts, db, outbox, log, metrics: new Metrics() },
          ...{ tail: engine.tail, gate: engine.gate, leases: alwaysLeads },
          reservations: engine.reservations,
          clock: new RedisClock(),
          findShow: (showId) => shows.find(showId),
        }),
    )
    for (const rival of rivals) await rival.start()
    const show = await newShow(one, 400)
    await bustle(one, show, 60)
    await expectExactlyOnce(one)
    for (const rival of rivals) await rival.stop()
  })

  it('survives kill -9 between the commit and the position in Redis', async () => {
    const stores = await freshStores()
    one = await startEngine(stores, { without: ['leases', 'projector', 'rebuilder'] })
    // The first transactions are those of the opening; a later one is struck.
    other = await startEngineProcess({ stores, failpoints: 'projector.after-commit=kill@4' })
    await one.allOpen()
    const show = await newShow(one, 400)
    await bustle(one, show, 5)
    let isDead = false
    other.ended.then(() => {
      isDead = true
    })
    for (let from = 24; !isDead && from < 390; from += 4) await bustle(one, show, 1, from)
    expect(isDead).toBe(true)
    const second = await startEngine(stores)
    await bustle(second, await newShow(second), 5)
    await expectExactlyOnce(second)
    await second.stop()
  })

  it('holds when a leader is frozen beyond its lease and comes back', async () => {
    const stores = await freshStores()
    other = await startEngineProcess({ stores })
    one = await startEngine(stores)
    await one.allOpen()
    const me = one
    const show = await newShow(me, 400)
    await bustle(me, show, 10)
    other.signal('SIGSTOP')
    await bustle(me, show, 10, 40)
    await waitFor('all leases', () => me.engine.leases.led().length === TEST_SHARDS)
    await expectExactlyOnce(me)
    other.signal('SIGCONT')
    await bustle(me, show, 10, 80)
    await waitFor('an even split again', () => me.engine.leases.led().length === TEST_SHARDS / 2)
    await bustle(me, show, 10, 120)
    await expectExactlyOnce(me)
  })
})
