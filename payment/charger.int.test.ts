import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SQL_NOW_MS } from '../platform/mysql/database.ts'
import { waitFor } from '../platform/testing/infra.ts'
import { paymentIdOf } from './ids.ts'
import {
  type Bench,
  expiryFor,
  newReservationId,
  openBench,
  PRICE,
  requestFor,
  snapshotFor,
} from './testkit.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench({ callMsMax: 300 })
})
afterAll(() => bench.stop())

async function buy(token: string, options: { payInMs?: number } = {}): Promise<string> {
  const reservationId = newReservationId()
  await bench.feed([requestFor(reservationId, token, options)])
  return reservationId
}

const topicsOf = async (reservationId: string) =>
  (await bench.published(reservationId)).map((message) => message.topic)

const expectCapturedOnce = async (reservationId: string) => {
  expect(await topicsOf(reservationId)).toEqual(['payment_create'])
  expect(await bench.charges(reservationId)).toMatchObject([{ status: 'captured' }])
  expect(await bench.ledger(reservationId)).toEqual([{ kind: 'capture', amount: PRICE.value }])
}

const expectUnavailable = async (reservationId: string) => {
  const [message, ...more] = await bench.published(reservationId)
  expect(message).toMatchObject({
    topic: 'payment_fail',
    payload: { reason: 'payment_unavailable' },
  })
  expect(more).toEqual([])
  expect(await bench.ledger(reservationId)).toEqual([])
}

describe('a payment', () => {
  it('is captured, written into the ledger and told with all that it was told', async () => {
    const reservationId = newReservationId()
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    await bench.feed([requestFor(reservationId, 'tok_ok', { traceparent })])
    const row = await bench.until(reservationId, 'captured')
    const [charge] = await bench.charges(reservationId)
    const [message] = await bench.published(reservationId)
    expect(message).toMatchObject({
      topic: 'payment_create',
      source: '/payment',
      traceparent,
      payload: {
        ...snapshotFor(reservationId),
        paymentId: paymentIdOf(reservationId),
        providerRef: charge?.chargeId,
        capturedAt: charge?.createdAt,
      },
    })
    expect(row).toMatchObject({ provider_ref: charge?.chargeId, due_at: null, attempts: 1 })
    await expectCapturedOnce(reservationId)
  })

  it('that is declined fails with the reason', async () => {
    const reservationId = await buy('tok_declined')
    expect(await bench.until(reservationId, 'failed')).toMatchObject({ reason: 'payment_declined' })
    const [message, ...more] = await bench.published(reservationId)
    const payload = { ...snapshotFor(reservationId), reason: 'payment_declined' }
    expect(message).toMatchObject({ topic: 'payment_fail', payload })
    expect(more).toEqual([])
    expect(await bench.ledger(reservationId)).toEqual([])
  })

  it('that takes longer than a call may is captured once', async () => {
    const reservationId = await buy('tok_slow_900')
    const row = await bench.until(reservationId, 'captured')
    expect(row.attempts).toBeGreaterThan(1)
    await expectCapturedOnce(reservationId)
  })

  it('whose answer is lost is asked again with the same key and captured once', async () => {
    const reservationId = await buy('tok_lost')
    const row = await bench.until(reservationId, 'captured')
    expect(row.attempts).toBeGreaterThan(1)
    await expectCapturedOnce(reservationId)
  })

  it('with a lost answer is not given up when the provider then refuses for a while', async () => {
    const reservationId = await buy('tok_lost', { payInMs: 1_500 })
    const unanswered = async () => (await bench.rowOf(reservationId))?.unanswered === 1
    await expect.poll(unanswered, { timeout: 10_000 }).toBe(true)
    await bench.control({ down: true })
    try {
      await bench.feed([expiryFor(reservationId)])
      const again = async () => ((await bench.rowOf(reservationId))?.attempts ?? 0) >= 3
      await expect.poll(again, { timeout: 15_000 }).toBe(true)
      expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'charging', stop: 1 })
    } finally {
      await bench.control({ down: false })
    }
    await bench.until(reservationId, 'captured')
    await expectCapturedOnce(reservationId)
  })
})

describe('a provider that refuses', () => {
  it('is tried again until it is up', async () => {
    const reservationId = await buy('tok_down')
    const refused = async () => ((await bench.rowOf(reservationId))?.attempts ?? 0) >= 2
    await expect.poll(refused, { timeout: 10_000 }).toBe(true)
    expect(await bench.published(reservationId)).toEqual([])
    await bench.control({ down: false })
    await bench.until(reservationId, 'captured')
    await expectCapturedOnce(reservationId)
  })

  it('is given up when the time to pay has passed', async () => {
    const reservationId = await buy('tok_down', { payInMs: 700 })
    await bench.until(reservationId, 'failed')
    await expectUnavailable(reservationId)
    expect(await bench.charges(reservationId)).toEqual([])
  })

  it('is not called at all for a payment that comes too late', async () => {
    const reservationId = await buy('tok_ok', { payInMs: -1 })
    expect(await bench.until(reservationId, 'failed')).toMatchObject({ attempts: 0 })
    await expectUnavailable(reservationId)
    expect(await bench.charges(reservationId)).toEqual([])
  })

  it('is not called any more when the seats have expired', async () => {
    const reservationId = await buy('tok_down')
    const refused = async () => ((await bench.rowOf(reservationId))?.attempts ?? 0) >= 1
    await expect.poll(refused, { timeout: 10_000 }).toBe(true)
    await bench.feed([expiryFor(reservationId)])
    await bench.until(reservationId, 'failed')
    await bench.control({ down: false })
    await expectUnavailable(reservationId)
    expect(await bench.charges(reservationId)).toEqual([])
  })
})

describe('many payments', () => {
  const buyMany = async (count: number, token: string): Promise<string[]> => {
    const ids = Array.from({ length: count }, newReservationId)
    await bench.feed(ids.map((id) => requestFor(id, token)))
    return ids
  }

  it('wait while the provider is down, which is only probed, and go on when it is up', async () => {
    const { charger } = bench.workers
    await bench.control({ down: true })
    const ids = await buyMany(100, 'tok_ok')
    try {
      await waitFor('the charger to probe', () => charger.isProbing)
      expect(charger.roomForSwept).toBeLessThanOrEqual(4)
    } finally {
      await bench.control({ down: false })
    }
    for (const id of ids) await bench.until(id, 'captured')
    expect(charger.isProbing).toBe(false)
    expect(await bench.charges(ids[0] ?? '')).toHaveLength(1)
  })

  it('are not stalled by slow cards', async () => {
    const slow = await buyMany(30, 'tok_slow_1500')
    const quick = await buyMany(30, 'tok_ok')
    for (const id of [...quick, ...slow]) await bench.until(id, 'captured')
    const [order] = await bench.db.query<{ quickest: number; slowest: number }>(
      `SELECT (SELECT MAX(updated_at) FROM payments WHERE reservation_id IN (?)) AS slowest,
              (SELECT MIN(updated_at) FROM payments WHERE reservation_id IN (?)) AS quickest`,
      [quick, slow],
    )
    expect(order?.slowest).toBeLessThan(order?.quickest ?? 0)
  })
})

describe('seats that expire', () => {
  it('before the request came leave a tombstone, and the request fails', async () => {
    const reservationId = newReservationId()
    await bench.feed([expiryFor(reservationId)])
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'tombstone', due_at: null })
    await bench.feed([requestFor(reservationId, 'tok_ok')])
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'failed' })
    await expectUnavailable(reservationId)
  })

  it('while they were only held are no business of payments', async () => {
    const reservationId = newReservationId()
    await bench.feed([expiryFor(reservationId, 'held')])
    expect(await bench.rowOf(reservationId)).toBeUndefined()
  })

  it('in the batch of the request stop it before anyone is called', async () => {
    const reservationId = newReservationId()
    await bench.feed([requestFor(reservationId, 'tok_ok'), expiryFor(reservationId)])
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'failed', attempts: 0 })
    await expectUnavailable(reservationId)
  })

  it('while a call is under way let it run to its answer', async () => {
    const reservationId = await buy('tok_slow_200')
    await bench.until(reservationId, 'charging')
    await bench.feed([expiryFor(reservationId)])
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'charging', stop: 1 })
    await bench.until(reservationId, 'captured')
    await expectCapturedOnce(reservationId)
  })
})

describe('what a crash left', () => {
  /** Puts the payment where a process that was killed would have left it. */
  async function leave(
    reservationId: string,
    state: 'requested' | 'charging',
    token = 'tok_ok',
  ): Promise<void> {
    const dead = await bench.another()
    // It stores requests as ever, and nobody takes them up.
    await dead.workers.charger.stop()
    await dead.feed([requestFor(reservationId, token)])
    await dead.stop()
    await bench.db.execute(
      `UPDATE payments SET state = ?, claim = 'dead-1', attempts = ?, due_at = ${SQL_NOW_MS}
        WHERE reservation_id = ?`,
      [state, state === 'charging' ? 1 : 0, reservationId],
    )
  }

  it('as requested is charged by the sweep', async () => {
    const reservationId = newReservationId()
    await leave(reservationId, 'requested')
    await bench.until(reservationId, 'captured')
    await expectCapturedOnce(reservationId)
  })

  it('between the commit of charging and the call is asked with the same key', async () => {
    const reservationId = newReservationId()
    await leave(reservationId, 'charging')
    await bench.until(reservationId, 'captured')
    await expectCapturedOnce(reservationId)
  })

  it('after the call and before its outcome does not charge again', async () => {
    const reservationId = newReservationId()
    const body = { reservationId, amount: PRICE, token: 'tok_ok' }
    await fetch(`${bench.sandbox.server.url}/v1/charges`, {
      method: 'POST',
      headers: { 'idempotency-key': paymentIdOf(reservationId) },
      body: JSON.stringify(body),
    })
    await leave(reservationId, 'charging')
    await bench.until(reservationId, 'captured')
    await expectCapturedOnce(reservationId)
  })

  it('as charging is not given up because the provider refuses to answer', async () => {
    const reservationId = newReservationId()
    await leave(reservationId, 'charging', 'tok_down')
    await bench.feed([expiryFor(reservationId)])
    const asked = async () => ((await bench.rowOf(reservationId))?.attempts ?? 0) >= 2
    await expect.poll(asked, { timeout: 10_000 }).toBe(true)
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'charging', unanswered: 1 })
    await bench.control({ down: false })
    await bench.until(reservationId, 'captured')
    await expectCapturedOnce(reservationId)
  })
})

describe('two instances', () => {
  it('charge each of many payments once, whoever takes it up', async () => {
    const other = await bench.another()
    try {
      const ids = Array.from({ length: 300 }, newReservationId)
      const requests = ids.map((id) => requestFor(id, 'tok_ok'))
      // Both hand the same orders to their own charger, as after a rebalance.
      await Promise.all([
        bench.feed(requests.slice(0, 200)),
        other.feed(requests.slice(100).map((message) => ({ ...message, id: `${message.id}-2` }))),
      ])
      await bench.feed(requests)
      await waitFor('all to be captured', async () => {
        const [captured] = await bench.db.query<{ count: number }>(
          "SELECT COUNT(*) AS count FROM payments WHERE state = 'captured' AND reservation_id IN (?)",
          [ids],
        )
        return captured?.count === ids.length
      })
      const response = await fetch(`${bench.sandbox.server.url}/v1/charges`)
      const { charges } = (await response.json()) as { charges: { reservationId: string }[] }
      const charged = charges.map((charge) => charge.reservationId).filter((id) => ids.includes(id))
      expect(charged.sort()).toEqual([...ids].sort())
      const told = await bench.db.query<{ id: string; topic: string }>(
        'SELECT event_key AS id, topic FROM outbox WHERE event_key IN (?) ORDER BY event_key',
        [ids],
      )
      expect(told).toEqual([...ids].sort().map((id) => ({ id, topic: 'payment_create' })))
      const [kept] = await bench.db.query<{ entries: number; amount: number }>(
        'SELECT COUNT(*) AS entries, SUM(amount) AS amount FROM ledger WHERE payment_id IN (?)',
        [ids.map(paymentIdOf)],
      )
      expect(kept).toEqual({ entries: ids.length, amount: ids.length * PRICE.value })
    } finally {
      await other.stop()
    }
  })
})
