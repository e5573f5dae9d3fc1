import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { keysOf } from '../../lua/keys.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import {
  freshDatabasePrefix,
  freshRedisUrl,
  testMysqlUrl,
  waitFor,
} from '../../platform/testing/infra.ts'
import type { Show } from '../shows/show.ts'
import {
  checkout,
  confirm,
  hold,
  newShow,
  type Stores,
  startEngine,
  type TestEngine,
} from '../testing/engine.ts'
import { loadSeats } from './loadSeats.ts'
import { PackedSeats } from './packedSeats.ts'
import type { SeatMapChange, SeatMapSnapshot } from './types.ts'

const freshStores = async (): Promise<Stores> => ({
  redisUrl: await freshRedisUrl(),
  mysqlUrl: await testMysqlUrl(),
  database: `${freshDatabasePrefix()}_reservation`,
})

/** The map as Redis has it, seat by seat: 0 free, 1 held, 2 sold, 3 blocked. */
async function truthOf({ redis }: TestEngine, show: Show): Promise<number[]> {
  const key = keysOf(show.shard).seats(show.showId)
  const truth: number[] = []
  for (let from = 0; from < show.layout.total; from += 1_000) {
    const count = Math.min(1_000, show.layout.total - from)
    const owners = await redis.hmget(key, ...Array.from({ length: count }, (_, n) => `${from + n}`))
    truth.push(...owners.map((owner) => 'hsb'.indexOf(owner?.[0] ?? '-') + 1))
  }
  return truth
}

const statesOf = ({ states, total }: SeatMapSnapshot): number[] =>
  Array.from(
    { length: total },
    (_, index) => ((states[index >> 2] as number) >> ((index & 3) * 2)) & 3,
  )

/** A step of a random sequence: the verb, and a number that picks seat or reservation. */
type Step = readonly ['hold' | 'release' | 'checkout' | 'confirm' | 'cancel' | 'expire', number]

const steps = fc.array(
  fc.tuple(
    fc.constantFrom('hold', 'hold', 'release', 'checkout', 'confirm', 'cancel', 'expire'),
    fc.nat(1_000),
  ) as fc.Arbitrary<Step>,
  { minLength: 1, maxLength: 40 },
)

/** Does the steps on the show, whatever they lead to; answers the version of the last change. */
async function walk(
  one: TestEngine,
  show: Show,
  all: readonly Step[],
): Promise<string | undefined> {
  const known: ReservationRecord[] = []
  const { shard, showId } = show
  for (const [verb, pick] of all) {
    const record = known[pick % Math.max(1, known.length)]
    if (verb === 'hold') {
      const seats = [pick % show.layout.total, (pick * 7 + 1) % show.layout.total]
      const ttlMs = pick % 3 === 0 ? 1 : 60_000
      const held = await hold(one, show, [...new Set(seats)], { ttlMs }).catch(() => null)
      if (held) known.push(held)
    } else if (record) {
      const { reservationId, customerId } = record
      const step = { shard, reservationId, showId, cause: 'walk' }
      if (verb === 'release') await one.scripts.releaseSeats({ ...step, customerId })
      if (verb === 'checkout') await checkout(one, record).catch(() => null)
      if (verb === 'confirm') await confirm(one, record, show)
      if (verb === 'cancel') {
        const reason = pick % 2 === 0 ? 'payment_declined' : 'seat_conflict'
        await one.scripts.cancelSeats({ ...step, reason })
      }
      if (verb === 'expire')
        await one.scripts.expireHolds({ shard, showId, reservationIds: [reservationId] })
    }
  }
  return (await one.redis.get(keysOf(shard).version(showId))) ?? undefined
}

/** A map that a client would keep: a snapshot, and every change applied to it. */
class Follower {
  version: string
  readonly states: number[]
  breaks = 0
  /** What the map was at each version it passed: a hold may end by itself while one looks. */
  readonly passed = new Map<string, readonly number[]>()
  constructor(snapshot: SeatMapSnapshot) {
    this.version = snapshot.version
    this.states = statesOf(snapshot)
    this.passed.set(this.version, [...this.states])
  }
  apply({ prev, version, changes }: SeatMapChange): void {
    if (prev !== this.version) this.breaks += 1
    this.version = version
    for (const [index, state] of changes) this.states[index] = state
    this.passed.set(version, [...this.states])
  }
}

/** Map and Redis as of the same version: short holds end by themselves while one looks. */
async function atOneVersion(one: TestEngine, show: Show, atLeast: string | undefined) {
  const versionNow = () => one.redis.get(keysOf(show.shard).version(show.showId))
  return waitFor('map and Redis to be read at one version', async () => {
    const before = await versionNow()
    const truth = await truthOf(one, show)
    const snapshot = await one.engine.maps.snapshot(show, atLeast ? { atLeast } : {})
    const isOne =
      before === (await versionNow()) && (before ?? snapshot.version) === snapshot.version
    return isOne ? { snapshot, truth } : null
  })
}

/** Cuts the tail's connection; it comes back by itself. */
async function cutTail(one: TestEngine): Promise<void> {
  for (const client of one.engine.tail.clients) client.disconnect(true)
}

describe('seat maps', () => {
  let one: TestEngine
  beforeAll(async () => {
    one = await startEngine(await freshStores())
    await one.allOpen()
  })
  afterAll(() => one.stop())

  it('are what Redis is after any sequence of changes, and so are maps that followed them', async () => {
    await fc.assert(
      fc.asyncProperty(steps, steps, async (before, after) => {
        const show = await newShow(one, 30)
        await walk(one, show, before)
        const follower = new Follower(await one.engine.maps.snapshot(show))
        const unsubscribe = one.engine.maps.subscribe(show, (change) => follower.apply(change))
        const atLeast = await walk(one, show, after)
        const { snapshot, truth } = await atOneVersion(one, show, atLeast)
        unsubscribe()
        expect(statesOf(snapshot)).toEqual(truth)
        const { free, held, sold, blocked, total } = snapshot
        const count = (state: number) => truth.filter((other) => other === state).length
        expect([free, held, sold, blocked, total]).toEqual([...[0, 1, 2, 3].map(count), 30])
        expect(follower.breaks).toBe(0)
        expect(follower.passed.get(snapshot.version)).toEqual(truth)
      }),
      { numRuns: 40 },
    )
  })

  it('are right again after the tail lost its connection in the middle of changes', async () => {
    const show = await newShow(one, 200)
    const follower = new Follower(await one.engine.maps.snapshot(show))
    one.engine.maps.subscribe(show, (change) => follower.apply(change))
    for (let round = 0; round < 4; round++) {
      await Promise.all([
        hold(one, show, [round * 3]),
        cutTail(one),
        hold(one, show, [round * 3 + 1]),
      ])
      await hold(one, show, [round * 3 + 2])
      await one.allOpen()
    }
    const truth = await truthOf(one, show)
    await waitFor('the follower', () => follower.states.join() === truth.join())
    expect(follower.breaks).toBe(0)
    expect(statesOf(await one.engine.maps.snapshot(show))).toEqual(truth)
  })

  it('read Redis once, however many ask at once and later', async () => {
    const show = await newShow(one, 50)
    const loads = async () =>
      await one.metrics.registry.getSingleMetricAsString('holdfast_seat_map_loads_total')
    await Promise.all(Array.from({ length: 20 }, () => one.engine.maps.snapshot(show)))
    const after = await loads()
    const { version } = await hold(one, show, [7])
    const snapshot = await one.engine.maps.snapshot(show, { atLeast: version })
    expect(statesOf(snapshot)[7]).toBe(1)
    expect(await one.engine.maps.snapshot(show)).toBe(snapshot)
    expect(await loads()).toBe(after)
  })

  it('are refused within a second when the log does not bring what was answered', async () => {
    const show = await newShow(one, 10)
    await one.engine.maps.snapshot(show)
    const startedAt = performance.now()
    const asked = one.engine.maps.snapshot(show, { atLeast: '9999999999999-0' })
    await expect(asked).rejects.toMatchObject({ code: 'STATE_UNKNOWN' })
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })

  it('are refused while the shard is shut', async () => {
    const show = await newShow(one, 10)
    await one.engine.maps.snapshot(show)
    one.engine.gate.refuse(show.shard, 'redis_unavailable')
    await expect(one.engine.maps.snapshot(show)).rejects.toMatchObject({ code: 'STATE_UNKNOWN' })
    await one.allOpen()
    await one.engine.maps.snapshot(show)
  })

  it('of 200,000 taken seats are read in parts that do not hold Redis up, while it changes', async () => {
    const show = await newShow(one, 200_000)
    await sellAll(one, show)
    const source = { client: one.redis, scripts: one.scripts }
    const latencies: number[] = []
    let isReading = true
    const buyer = (async () => {
      while (isReading) {
        const startedAt = performance.now()
        await one.scripts.readTip({ shard: show.shard })
        latencies.push(performance.now() - startedAt)
        await hold(one, show, [randomInt(199_000, 200_000)]).catch(() => null)
      }
    })()
    const startedAt = performance.now()
    const snapshot = await one.engine.maps.snapshot(show)
    const tookMs = performance.now() - startedAt
    isReading = false
    await buyer
    const last = (await one.redis.get(keysOf(show.shard).version(show.showId))) as string
    const newest = await one.engine.maps.snapshot(show, { atLeast: last })
    console.log(
      `200,000 seats read in ${tookMs.toFixed(0)} ms; Redis answered others within ${Math.max(...latencies).toFixed(0)} ms`,
    )
    expect(snapshot.states).toHaveLength(50_000)
    expect(Buffer.from(newest.states).equals(Buffer.from(await packedTruthOf(one, show)))).toBe(
      true,
    )
    const parts = await loadSeats(source, show)
    expect(parts?.versions.length).toBe(40)
    expect(Buffer.from(parts?.seats.toBytes() ?? []).equals(Buffer.from(newest.states))).toBe(true)
  })
})

/** Marks seats 0..198,999 as sold, straight in Redis: holds for all of them would take minutes. */
async function sellAll({ redis }: TestEngine, show: Show): Promise<void> {
  const key = keysOf(show.shard).seats(show.showId)
  for (let from = 0; from < 199_000; from += 1_000) {
    const fields = Array.from({ length: 1_000 }, (_, at) => [String(from + at), 'sr00_x']).flat()
    await redis.hset(key, ...fields)
  }
}

async function packedTruthOf(one: TestEngine, show: Show): Promise<Uint8Array> {
  const seats = new PackedSeats(show.layout.total)
  for (const [index, state] of (await truthOf(one, show)).entries()) {
    seats.set(index, state as 0 | 1 | 2 | 3)
  }
  return seats.toBytes()
}

describe('a seat map that missed something', () => {
  let one: TestEngine | null = null
  afterEach(async () => {
    await one?.stop()
    one = null
  })

  it('is read afresh when an entry is missing from the log, and tells the difference', async () => {
    one = await startEngine(await freshStores())
    await one.allOpen()
    const show = await newShow(one, 20)
    const follower = new Follower(await one.engine.maps.snapshot(show))
    one.engine.maps.subscribe(show, (change) => follower.apply(change))
    const keys = keysOf(show.shard)
    // A change whose entry the tail never sees: made and removed within one transaction.
    await one.redis
      .multi()
      .hset(keys.seats(show.showId), '5', 'sr00_x')
      .set(keys.version(show.showId), '99-9')
      .exec()
    await hold(one, show, [6])
    const truth = await truthOf(one, show)
    await waitFor('the follower', () => follower.states.join() === truth.join())
    expect(follower.breaks).toBe(0)
  })

  it('is read afresh in a new epoch', async () => {
    one = await startEngine(await freshStores())
    await one.allOpen()
    const show = await newShow(one, 20)
    const { engine } = one
    const follower = new Follower(await engine.maps.snapshot(show))
    engine.maps.subscribe(show, (change) => follower.apply(change))
    await hold(one, show, [1, 2])
    await waitFor('the hold', () => follower.states[1] === 1)
    await one.redis.flushdb()
    await waitFor('the new epoch', () => follower.states[1] === 0)
    await one.allOpen()
    await hold(one, show, [3])
    await waitFor('the next hold', () => follower.states[3] === 1)
    expect(follower.breaks).toBe(0)
    expect(follower.states).toEqual(await truthOf(one, show))
  })
})
