import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { isFullRun, uniqueName } from '../../platform/testing/infra.ts'
import { Buyer, createShow } from '../support/client.ts'
import { healthySystem } from '../support/healthy.ts'
import { expectHealthy } from '../support/quiet.ts'

const RACES = isFullRun() ? 2_000 : 200
const RACERS = 50
const HOLD_TTL_MS = 500
/** How far from the deadline a checkout is sent, either way. */
const SPREAD_MS = 25

interface Result {
  reservationId: string
  status: number
  end: string
}

describe('checkout against the deadline', () => {
  it(`has exactly one winner, ${RACES} times`, async () => {
    const system = healthySystem()
    const showId = uniqueName('race')
    const policy = { holdTtlMs: HOLD_TTL_MS, seatsPerBuyerMax: 1_000 }
    const seatIds = await createShow(system, {
      showId,
      rows: 10,
      seatsPerRow: RACES / 10,
      policy,
    })
    const buyers = await Promise.all(Array.from({ length: RACERS }, () => Buyer.open(system.http)))
    const results: Result[] = []
    await Promise.all(
      buyers.map(async (buyer, lane) => {
        for (let turn = lane; turn < RACES; turn += RACERS) {
          const at = (turn / RACES) * 2 * SPREAD_MS - SPREAD_MS
          results.push(await race(buyer, showId, seatIds[turn]!, at))
        }
      }),
    )
    const paid = results.filter(({ status }) => status === 202)
    const late = results.filter(({ status }) => status === 410)
    expect(paid.length + late.length).toBe(RACES)
    expect(paid.filter(({ end }) => end !== 'confirmed')).toEqual([])
    expect(late.filter(({ end }) => end !== 'expired')).toEqual([])
    // Both sides must have won sometimes, or nothing was raced.
    expect(paid.length).toBeGreaterThan(0)
    expect(late.length).toBeGreaterThan(0)
    await expectHealthy(system)
  })
})

/** Holds a seat and checks out `offsetMs` after its deadline (before it when negative). */
async function race(
  buyer: Buyer,
  showId: string,
  seatId: string,
  offsetMs: number,
): Promise<Result> {
  const held = await buyer.hold(showId, [seatId])
  expect(held.status).toBe(201)
  const { reservationId, expiresAt } = held.body
  await pause(Math.max(0, Date.parse(expiresAt!) - Date.now() + offsetMs))
  const { status } = await buyer.checkout(reservationId, 'tok_ok')
  const { body } = await buyer.find(reservationId, 30)
  return { reservationId, status, end: body.status }
}
