import { describe, expect, it } from 'vitest'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { scan, wholeTopics } from '../../platform/kafka/scan.ts'
import { createLog } from '../../platform/log.ts'
import { uniqueName, waitFor } from '../../platform/testing/infra.ts'
import { ask, Buyer, createShow } from '../support/client.ts'
import { healthySystem } from '../support/healthy.ts'
import { expectHealthy } from '../support/quiet.ts'
import type { System } from '../support/system.ts'

const HOLDS = 1_000
const BUYERS = 20
const TTL_MS = 2_000
const LAG_P99_MS_MAX = 1_000

interface Expired {
  reservationId: string
  expiredAtMs: number
}

describe('holds that nobody pays', () => {
  /** Every seat_expired record of the show on Kafka, one per message id. */
  const expiries = async (system: System, showId: string): Promise<Expired[]> => {
    const connection = new KafkaConnection({
      brokers: system.infra.kafkaBrokers,
      clientId: 'expiry-test',
      log: createLog('expiry-test', 'silent'),
    })
    const byId = new Map<string, Expired>()
    await scan({
      connection,
      stretches: (admin) => wholeTopics(admin, ['seat_expired']),
      each(records) {
        for (const { value } of records) {
          const { id, data } = JSON.parse(String(value))
          const { reservationId, expiredAt } = data.payload
          if (data.payload.showId !== showId) continue
          byId.set(id, { reservationId, expiredAtMs: Date.parse(expiredAt) })
        }
      },
    })
    return [...byId.values()]
  }

  it(`all ${HOLDS} of them end once, none early, soon after their time`, async () => {
    const system = healthySystem()
    const showId = uniqueName('forgotten')
    const policy = { holdTtlMs: TTL_MS, seatsPerBuyerMax: HOLDS }
    const seatIds = await createShow(system, {
      showId,
      rows: 10,
      seatsPerRow: HOLDS / 10,
      policy,
    })
    const buyers = await Promise.all(Array.from({ length: BUYERS }, () => Buyer.open(system.http)))
    const deadlines = new Map<string, number>()
    await Promise.all(
      buyers.map(async (buyer, lane) => {
        for (let at = lane; at < HOLDS; at += BUYERS) {
          const { status, body } = await buyer.hold(showId, [seatIds[at]!])
          expect(status).toBe(201)
          deadlines.set(body.reservationId, Date.parse(body.expiresAt!))
        }
      }),
    )
    const url = `${system.http}/v1/shows/${showId}/seats`
    const areFree = async () => (await ask<{ free: number }>(url, null)).body.free === HOLDS
    await waitFor('every seat to be free again', areFree, { timeoutMs: 30_000 })
    // The checker sees each seat_expired in the inbox of both of its consumers, and once.
    const facts = await expectHealthy(system)
    expect(facts.seats.filter((seat) => seat.showId === showId)).toEqual([])

    const seen = await expiries(system, showId)
    expect(seen).toHaveLength(HOLDS)
    const lags = seen
      .map(({ reservationId, expiredAtMs }) => expiredAtMs - deadlines.get(reservationId)!)
      .toSorted((a, b) => a - b)
    console.info(`expiry lag of ${HOLDS} holds: p50 ${lags[HOLDS / 2]} ms, p99 ${lags[990]} ms`)
    expect(lags[0]).toBeGreaterThanOrEqual(0)
    expect(lags[HOLDS * 0.99]).toBeLessThanOrEqual(LAG_P99_MS_MAX)
  })
})
