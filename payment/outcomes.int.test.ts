import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bench, newReservationId, openBench, requestFor } from './testkit.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench()
})
afterAll(() => bench.stop())

describe('outcomes', () => {
  it('that come while SQL is away are written when it is back', async () => {
    const reservationId = newReservationId()
    await bench.feed([requestFor(reservationId, 'tok_slow_300')])
    await bench.until(reservationId, 'charging')
    await bench.db.stop()
    const isCaptured = async () => (await bench.charges(reservationId)).length === 1
    await expect.poll(isCaptured, { timeout: 10_000 }).toBe(true)
    await bench.db.start()
    await bench.until(reservationId, 'captured')
    expect(await bench.published(reservationId)).toHaveLength(1)
  })

  it('of several hundred calls are all written, few statements for many', async () => {
    const ids = Array.from({ length: 300 }, newReservationId)
    await bench.feed(ids.map((id) => requestFor(id, 'tok_ok')))
    for (const id of ids) await bench.until(id, 'captured')
    const [told] = await bench.db.query<{ count: number }>(
      "SELECT COUNT(*) AS count FROM outbox WHERE topic = 'payment_create' AND event_key IN (?)",
      [ids],
    )
    expect(told).toEqual({ count: ids.length })
    const [claims] = await bench.db.query<{ count: number }>(
      'SELECT COUNT(DISTINCT claim) AS count FROM payments WHERE reservation_id IN (?)',
      [ids],
    )
    expect(claims?.count).toBeLessThan(ids.length / 4)
  })
})
