import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ReservationEntry } from '../../lua/logEntry.ts'
import {
  freshDatabasePrefix,
  freshRedisUrl,
  testMysqlUrl,
  waitFor,
} from '../../platform/testing/infra.ts'
import {
  checkout,
  hold,
  newShow,
  outboxOf,
  type Stores,
  startEngine,
  type TestEngine,
} from '../testing/engine.ts'

const freshStores = async (): Promise<Stores> => ({
  redisUrl: await freshRedisUrl(),
  mysqlUrl: await testMysqlUrl(),
  database: `${freshDatabasePrefix()}_reservation`,
})

/** Collects expiries from the tail for as long as the test runs. */
function expiriesOf({ engine }: TestEngine): ReservationEntry[] {
  const expiries: ReservationEntry[] = []
  engine.tail.subscribe((_shard, entries) => {
    for (const entry of entries) if (entry.type === 'expired') expiries.push(entry)
  })
  return expiries
}

const lagsOf = (expiries: readonly ReservationEntry[]): number[] =>
  expiries.map((entry) => entry.atMs - entry.deadlineMs).toSorted((a, b) => a - b)

describe('the sweeper', () => {
  let one: TestEngine
  beforeAll(async () => {
    one = await startEngine(await freshStores())
    await one.allOpen()
  })
  afterAll(() => one.stop())
  afterEach(() => {
    vi.useRealTimers()
  })

  it('expires 1,000 holds once each, none early, p99 within a second, on a clock 60 s off', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
    const expiries = expiriesOf(one)
    const shows = await Promise.all([1, 2, 3, 4].map(() => newShow(one, 500)))
    const holds = await Promise.all(
      Array.from({ length: 1_000 }, (_, at) => {
        const show = shows[at % 4] as (typeof shows)[number]
        return hold(one, show, [(at - (at % 4)) / 4], { ttlMs: 2_000 })
      }),
    )
    await waitFor('all expiries', () => expiries.length >= 1_000, { timeoutMs: 15_000 })
    const lags = lagsOf(expiries)
    const p99 = lags[989] as number
    console.log(
      `expiry lag of 1,000 holds: p50 ${lags[499]} ms, p99 ${p99} ms, max ${lags[999]} ms`,
    )
    expect(lags[0]).toBeGreaterThanOrEqual(0)
    expect(p99).toBeLessThanOrEqual(1_000)
    const ids = (all: readonly { reservationId: string }[]) =>
      all.map(({ reservationId }) => reservationId).toSorted()
    expect(ids(expiries)).toEqual(ids(holds))
    const messages = await waitFor('the messages', async () => {
      const found = (await outboxOf(one.db)).filter(({ topic }) => topic === 'seat_expired')
      return found.length >= 1_000 ? found : null
    })
    expect(messages.map(({ event_key }) => event_key).toSorted()).toEqual(ids(holds))
  })

  it('follows a deadline that was moved: extended holds and payments live longer', async () => {
    const expiries = expiriesOf(one)
    const show = await newShow(one)
    const { shard, showId } = show
    const held = await hold(one, show, [0], { ttlMs: 400 })
    const { reservationId, customerId } = held
    const extended = await one.scripts.extendHold({
      ...{ shard, reservationId, showId, customerId, ttlMs: 1_200, extensionMaxMs: 60_000 },
    })
    if (extended.type !== 'extended') throw new Error(extended.type)
    const paying = await checkout(one, await hold(one, show, [1], { ttlMs: 400 }), {
      windowMs: 800,
    })
    await waitFor('both expiries', () => expiries.length === 2)
    expect(expiries.map((entry) => [entry.reservationId, entry.phase, entry.deadlineMs])).toEqual([
      [paying.reservationId, 'paying', paying.deadlineMs],
      [reservationId, 'held', extended.record.deadlineMs],
    ])
    for (const lag of lagsOf(expiries)) expect(lag).toBeGreaterThanOrEqual(0)
  })

  it('leaves a hold alone that was released in time', async () => {
    const expiries = expiriesOf(one)
    const show = await newShow(one)
    const held = await hold(one, show, [0], { ttlMs: 300 })
    const { shard, showId } = show
    const { reservationId, customerId } = held
    await one.scripts.releaseSeats({ shard, showId, reservationId, customerId })
    const witness = await hold(one, show, [0], { ttlMs: 500 })
    await waitFor('the other expiry', () => expiries.length > 0)
    expect(expiries.map((entry) => entry.reservationId)).toEqual([witness.reservationId])
  })
})

describe('a sweeper that was down', () => {
  it('expires what fell due meanwhile as soon as it runs', async () => {
    const stores = await freshStores()
    const awake = await startEngine(stores, { without: ['sweeper'] })
    await awake.allOpen()
    const show = await newShow(awake)
    const held = await hold(awake, show, [0], { ttlMs: 1 })
    await awake.stop()
    const later = await startEngine(stores)
    const expiries = expiriesOf(later)
    await waitFor('the expiry', () => expiries.length === 1)
    expect(expiries[0]?.reservationId).toBe(held.reservationId)
    await later.stop()
  })
})
