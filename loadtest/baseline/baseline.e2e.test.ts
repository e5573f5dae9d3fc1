import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uniqueName, waitFor } from '../../platform/testing/infra.ts'
import { ask, Buyer, createShow, type ReservationView } from '../../test/support/client.ts'
import { VARIANTS } from './api.ts'
import type { Baseline } from './launch.ts'
import { findingsAtRest, moneyOf, startTestBaseline } from './testkit.ts'

describe.each(VARIANTS)('the %s baseline', (variant) => {
  let baseline: Baseline
  let buyer: Buyer
  let showId: string
  let row = 0

  beforeAll(async () => {
    baseline = await startTestBaseline(variant)
    showId = uniqueName('show')
    const policy = { seatsPerBuyerMax: 100, seatsPerHoldMax: 2 }
    await createShow(baseline, { showId, rows: 20, seatsPerRow: 2, policy })
    buyer = await Buyer.open(baseline.http)
  })

  afterAll(async () => {
    await baseline?.stop()
  })

  /** Two seats that nobody has had yet, held. */
  async function held(): Promise<{ reservationId: string; seatIds: string[] }> {
    row += 1
    const seatIds = [`A-${row}-1`, `A-${row}-2`]
    const { status, body } = await buyer.hold(showId, seatIds)
    expect(status).toBe(201)
    return { reservationId: body.reservationId, seatIds }
  }

  it('answers a paid checkout with its tickets, and tells the buyer', async () => {
    const { reservationId, seatIds } = await held()
    const paid = await buyer.checkout(reservationId, 'tok_ok')
    expect(paid).toMatchObject({
      status: 200,
      body: { reservationId, status: 'confirmed', payment: { status: 'captured' } },
    })
    expect(paid.body.tickets?.map(({ seatId }) => seatId)).toEqual(seatIds)
    expect((await buyer.find(reservationId)).body).toEqual(paid.body)
    expect(await moneyOf(baseline, reservationId)).toEqual({ captures: 1, refunds: 0 })
    const mail = `${reservationId}.confirmed.eml`
    await waitFor('the mail', async () => (await readdir(baseline.mailDir)).includes(mail))
  })

  it('gives the seats of a declined card back, without a ticket or a capture', async () => {
    const { reservationId, seatIds } = await held()
    const declined = await buyer.checkout(reservationId, 'tok_declined')
    expect(declined).toMatchObject({
      status: 200,
      body: { status: 'cancelled', reason: 'payment_declined', payment: { status: 'failed' } },
    })
    expect(await moneyOf(baseline, reservationId)).toEqual({ captures: 0, refunds: 0 })
    const other = await Buyer.open(baseline.http)
    expect((await other.hold(showId, seatIds)).status).toBe(201)
  })

  it('asks again when the provider’s answer is lost, and charges once', async () => {
    const { reservationId } = await held()
    const paid = await buyer.checkout(reservationId, 'tok_lost')
    expect(paid.body).toMatchObject({ status: 'confirmed' })
    expect(await moneyOf(baseline, reservationId)).toEqual({ captures: 1, refunds: 0 })
  })

  it('releases the seats when the provider certainly did nothing', async () => {
    const { reservationId } = await held()
    const refused = await buyer.checkout(reservationId, 'tok_down')
    expect(refused.body).toMatchObject({ status: 'cancelled', reason: 'payment_unavailable' })
  })

  it('answers the same checkout again with the same, at once and later, and charges once', async () => {
    const { reservationId } = await held()
    const again = () => buyer.checkout(reservationId, 'tok_slow_200', 'the-key')
    const [first, second] = await Promise.all([again(), again()])
    expect(first).toMatchObject({ status: 200, body: { status: 'confirmed' } })
    expect(second.body).toEqual(first.body)
    expect((await again()).body).toEqual(first.body)
    expect(await moneyOf(baseline, reservationId)).toEqual({ captures: 1, refunds: 0 })
    const other = await buyer.checkout(reservationId, 'tok_ok', 'the-key')
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } })
    const late = await buyer.checkout(reservationId, 'tok_ok', 'another-key')
    expect(late).toMatchObject({ status: 409, body: { code: 'wrong-state' } })
  })

  it('returns the money when the tickets cannot be issued', async () => {
    const { reservationId, seatIds } = await held()
    await baseline.services.ticket.kill()
    const returned = await buyer.checkout(reservationId, 'tok_ok')
    await baseline.services.ticket.restart()
    expect(returned).toMatchObject({ status: 200, body: { status: 'refunded' } })
    expect(await moneyOf(baseline, reservationId)).toEqual({ captures: 1, refunds: 1 })
    const other = await Buyer.open(baseline.http)
    const { body } = await other.hold(showId, seatIds)
    expect((await other.checkout(body.reservationId, 'tok_ok')).body.status).toBe('confirmed')
  })

  it('finishes what a killed order service has left', async () => {
    const { reservationId } = await held()
    const url = `${baseline.http}/v1/reservations/${reservationId}/checkout`
    const cut = ask<ReservationView>(url, buyer.token, {
      ...{ key: 'cut', body: { payment: { token: 'tok_slow_1000' } } },
    }).catch(() => null)
    await waitFor('the order to be paying', async () => {
      return (await buyer.find(reservationId)).body.status === 'paying'
    })
    await baseline.services.order.kill()
    expect(await cut).toBeNull()
    await baseline.services.order.restart()
    await waitFor(
      'the sweep to confirm it',
      async () => (await buyer.find(reservationId)).body.status === 'confirmed',
      { timeoutMs: 15_000 },
    )
    expect(await moneyOf(baseline, reservationId)).toEqual({ captures: 1, refunds: 0 })
    const again = await buyer.checkout(reservationId, 'tok_slow_1000', 'cut')
    expect(again.body).toMatchObject({ status: 'confirmed' })
  })

  it('has nothing for the audit to find', async () => {
    expect(await findingsAtRest(baseline)).toEqual([])
  })
})
