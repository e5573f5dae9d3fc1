import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SQL_NOW_MS } from '../platform/mysql/database.ts'
import { paymentIdOf, refundIdOf } from './ids.ts'
import {
  type Bench,
  cancellationFor,
  newReservationId,
  openBench,
  PRICE,
  requestFor,
  snapshotFor,
} from './testkit.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench({ callMsMax: 200 })
})
afterAll(() => bench.stop())

async function captured(token = 'tok_ok'): Promise<string> {
  const reservationId = newReservationId()
  await bench.feed([requestFor(reservationId, token)])
  await bench.until(reservationId, 'captured')
  return reservationId
}

/** As if its lease had run out: the sweep takes it up now. */
const makeDue = (reservationId: string) =>
  bench.db.execute(`UPDATE payments SET due_at = ${SQL_NOW_MS} WHERE reservation_id = ?`, [
    reservationId,
  ])

async function expectRefundedOnce(reservationId: string): Promise<void> {
  await bench.until(reservationId, 'refunded')
  expect(await bench.refunds(reservationId)).toMatchObject([
    { amount: PRICE, idempotencyKey: refundIdOf(paymentIdOf(reservationId)) },
  ])
  expect(await bench.ledger(reservationId)).toEqual([
    { kind: 'capture', amount: PRICE.value },
    { kind: 'refund', amount: -PRICE.value },
  ])
  const topics = (await bench.published(reservationId)).map((message) => message.topic)
  expect(topics).toEqual(['payment_create', 'payment_refund'])
}

describe('a refund', () => {
  it('returns captured money when the tickets are refused, and tells why', async () => {
    const reservationId = await captured()
    await bench.feed([cancellationFor(reservationId, 'seat_conflict')])
    await expectRefundedOnce(reservationId)
    const [, message] = await bench.published(reservationId)
    const paymentId = paymentIdOf(reservationId)
    expect(message?.payload).toEqual({
      ...snapshotFor(reservationId),
      paymentId,
      refundId: refundIdOf(paymentId),
      reason: 'seat_conflict',
    })
    expect(await bench.rowOf(reservationId)).toMatchObject({
      reason: 'seat_conflict',
      due_at: null,
    })
  })

  it('is made once however often the tickets are cancelled', async () => {
    const reservationId = await captured()
    await bench.feed([cancellationFor(reservationId), cancellationFor(reservationId)])
    await bench.feed([cancellationFor(reservationId)])
    await expectRefundedOnce(reservationId)
    await bench.feed([cancellationFor(reservationId)])
    await expectRefundedOnce(reservationId)
  })

  it('is repeated until the provider is up again', async () => {
    const reservationId = await captured()
    await bench.control({ down: true })
    try {
      await bench.feed([cancellationFor(reservationId)])
      await makeDue(reservationId)
      const again = async () => ((await bench.rowOf(reservationId))?.attempts ?? 0) >= 1
      await expect.poll(again, { timeout: 10_000 }).toBe(true)
      expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'refunding' })
    } finally {
      await bench.control({ down: false })
    }
    await makeDue(reservationId)
    await expectRefundedOnce(reservationId)
  })

  it('whose answer is lost is asked again with the same key', async () => {
    const reservationId = await captured('tok_refund_lost')
    await bench.feed([cancellationFor(reservationId)])
    await expect.poll(async () => (await bench.refunds(reservationId)).length).toBe(1)
    await makeDue(reservationId)
    await expectRefundedOnce(reservationId)
  })

  it('that a crash left before the call is made by the sweep', async () => {
    const reservationId = await captured()
    const dead = await bench.another()
    await dead.workers.refunder.stop()
    await dead.feed([cancellationFor(reservationId)])
    await dead.stop()
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'refunding', attempts: 0 })
    await makeDue(reservationId)
    await expectRefundedOnce(reservationId)
  })

  it('that a crash left after the call is not made twice', async () => {
    const reservationId = await captured()
    const [charge] = await bench.charges(reservationId)
    await fetch(`${bench.sandbox.server.url}/v1/refunds`, {
      method: 'POST',
      headers: { 'idempotency-key': refundIdOf(paymentIdOf(reservationId)) },
      body: JSON.stringify({ chargeId: charge?.chargeId, amount: PRICE }),
    })
    await bench.feed([cancellationFor(reservationId)])
    await expectRefundedOnce(reservationId)
  })

  it('is not made for a payment that failed', async () => {
    const reservationId = newReservationId()
    await bench.feed([requestFor(reservationId, 'tok_declined')])
    await bench.until(reservationId, 'failed')
    await bench.feed([cancellationFor(reservationId, 'payment_declined')])
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'failed' })
    expect(await bench.refunds(reservationId)).toEqual([])
  })
})
