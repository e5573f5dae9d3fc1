import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shardOfReservation } from '../../contracts/ids.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import { judge } from '../../operator/checker/judge.ts'
import { isFullRun, waitFor } from '../../platform/testing/infra.ts'
import type { Show } from '../../reservation/shows/show.ts'
import { hold, newShow, type TestEngine } from '../../reservation/testing/engine.ts'
import { type House, openHouse } from './house.ts'
import { type Dice, diceOf, PostOffice } from './postOffice.ts'

/** Each world is one show whose messages arrive in an order of their own. */
const WORLDS = isFullRun() ? 1_000 : 200
const WORLDS_AT_ONCE = 40
const LONG_MS = 60_000
/** A payment window that some cards miss. */
const SHORT_MS = 250
const CARDS = ['tok_ok', 'tok_declined', 'tok_slow_350', 'tok_lost'] as const
const ENDS = ['confirmed', 'released', 'expired', 'cancelled', 'refunded']
const QUIET_WITHIN_MS = 90_000

describe('the saga, every message twice and in any order', () => {
  const seed = randomInt(2 ** 31)
  const dice = diceOf(seed)
  const post = new PostOffice(dice)
  let house: House

  beforeAll(async () => {
    house = await openHouse(post)
  })
  afterAll(() => house?.stop())

  it(`ends legally in ${WORLDS} shuffled orders (seed ${seed})`, async () => {
    const pump = startPump(house, post)
    try {
      for (let begun = 0; begun < WORLDS; begun += WORLDS_AT_ONCE) {
        const worlds = Array.from({ length: WORLDS_AT_ONCE }, () => world(house.engine, dice))
        await Promise.race([Promise.all(worlds), pump.failed])
      }
      await Promise.race([quiet(house, post), pump.failed])
    } finally {
      await pump.stop()
    }
    const facts = await house.facts(post)
    expect(judge(facts)).toEqual([])
    const states = new Set(facts.records.map(({ status }) => status))
    expect([...states].filter((status) => !ENDS.includes(status))).toEqual([])
    // The interesting ends must have been reached, or the orders were not worth much.
    for (const status of ['confirmed', 'expired', 'cancelled', 'refunded']) {
      expect(states).toContain(status)
    }
    expect(post.delivered).toBeGreaterThanOrEqual(2 * post.messages().length)
  })
})

/** One show with three seats: a first buyer takes two, a second tries for one of them later. */
async function world(engine: TestEngine, dice: Dice): Promise<void> {
  const show = await newShow(engine, 3)
  const card = CARDS[Math.floor(dice() * CARDS.length)]!
  const windowMs = dice() < 0.6 ? SHORT_MS : LONG_MS
  const first = await hold(engine, show, [0, 1], { ttlMs: LONG_MS })
  await checkout(engine, first, { card, windowMs })
  await pause(dice() * 2 * SHORT_MS)
  const second = await tryToHold(engine, show, [1, 2])
  if (second && dice() < 0.8) {
    await checkout(engine, second, { card: 'tok_ok', windowMs: LONG_MS })
  }
}

/** A hold that nobody pays must end soon, so that the house gets quiet. */
async function tryToHold(
  engine: TestEngine,
  show: Show,
  seats: readonly number[],
): Promise<ReservationRecord | null> {
  try {
    return await hold(engine, show, seats, { ttlMs: 2_000 })
  } catch (error) {
    if (/taken|overdue/.test(String(error))) return null
    throw error
  }
}

async function checkout(
  { scripts }: TestEngine,
  { reservationId, showId, customerId }: ReservationRecord,
  { card, windowMs }: { card: string; windowMs: number },
): Promise<void> {
  const outcome = await scripts.startCheckout({
    ...{ shard: shardOfReservation(reservationId), reservationId, showId, customerId },
    ...{ checkoutKey: 'key', checkoutHash: 'hash', windowMs, paymentToken: card },
  })
  expect(outcome.type).toBe('paying')
}

/** Takes what the outboxes publish to the post office, and delivers, until it is stopped. */
function startPump(house: House, post: PostOffice) {
  let isRunning = true
  let taken = 0
  const run = async (): Promise<void> => {
    while (isRunning) {
      const { sent } = house.engine
      await post.send(sent.slice(taken))
      taken = sent.length
      if (post.waiting > 0) await post.deliverSome(house.applies)
      else await pause(5)
    }
  }
  const running = run()
  const failed = running.then(() => new Promise<never>(() => {}))
  failed.catch(() => undefined)
  return {
    failed,
    async stop() {
      isRunning = false
      await running
    },
  }
}

async function quiet(house: House, post: PostOffice): Promise<void> {
  await waitFor(
    'the house to be quiet',
    async () => {
      if (post.waiting > 0) throw new Error(`${post.waiting} messages wait`)
      const facts = await house.facts(post)
      // A hold within its time is nothing wrong, but it has an expiry still to come.
      if (facts.records.some(({ status }) => status === 'held')) throw new Error('a hold is open')
      const findings = judge(facts)
      if (findings.length > 0) throw new Error(JSON.stringify(findings.slice(0, 5)))
      return post.waiting === 0
    },
    { timeoutMs: QUIET_WITHIN_MS, everyMs: 250 },
  )
}
