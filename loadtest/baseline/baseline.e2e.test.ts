import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isFullRun, uniqueName, waitFor } from '../../platform/testing/infra.ts'
import {
  type Ask,
  ask,
  Buyer,
  createShow,
  type ReservationView,
} from '../../test/support/client.ts'
import { VARIANTS } from './api.ts'
import type { Baseline } from './launch.ts'
import { findingsAtRest, moneyOf, startTestBaseline } from './testkit.ts'

interface Refusal {
  code: string
}

describe.each(VARIANTS)('the %s baseline', (variant) => {
  let baseline: Baseline
  let buyer: Buyer
  let showId: string
  let row = 0
  // The variants differ in how they are served and how they write; what follows is the same code.
  const isThorough = variant === 'idiomatic' || isFullRun()

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
    const url = `${baseline.http}/v1/reservations/${reservationId}/checkout`
    const checkout = { key: 'the-key', body: { payment: { token: 'tok_slow_200' } } }
    const again = () => ask<ReservationView>(url, buyer.token, checkout)
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

  it.runIf(isThorough)('releases the seats when the payment service is down', async () => {
    const { reservationId } = await held()
    await baseline.services.payment.kill()
    const refused = await buyer.checkout(reservationId, 'tok_ok')
    await baseline.services.payment.restart()
    expect(refused.body).toMatchObject({ status: 'cancelled', reason: 'payment_unavailable' })
    expect(await moneyOf(baseline, reservationId)).toEqual({ captures: 0, refunds: 0 })
  })

  it.runIf(isThorough)('tells the buyer later when the notification service is down', async () => {
    const { reservationId } = await held()
    await baseline.services.notification.kill()
    const paid = await buyer.checkout(reservationId, 'tok_ok')
    await baseline.services.notification.restart()
    expect(paid.body.status).toBe('confirmed')
    const mail = `${reservationId}.confirmed.eml`
    await waitFor('the mail', async () => (await readdir(baseline.mailDir)).includes(mail))
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

  describe('at its edge', () => {
    const edgeShow = { showId: uniqueName('edge'), rows: 1, seatsPerRow: 10 }
    const { showId } = edgeShow
    const policy = { holdTtlMs: 500, seatsPerHoldMax: 2, seatsPerBuyerMax: 4 }
    let buyer: Buyer

    beforeAll(async () => {
      buyer = await Buyer.open(baseline.http)
      await createShow(baseline, { ...edgeShow, policy })
    })

    const call = async (path: string, options: Ask, token: string | null = buyer.token) => {
      const { status, body, headers } = await ask<Refusal>(
        `${baseline.http}${path}`,
        token,
        options,
      )
      return { status, code: body.code, headers }
    }
    const hold = (seatIds: unknown, options: Ask = {}, token?: string | null) =>
      call(`/v1/shows/${showId}/reservations`, { key: 'k', body: { seatIds }, ...options }, token)

    it('asks for a token, and for the scope where it matters', async () => {
      expect(await hold(['A-1-1'], {}, null)).toMatchObject({
        status: 401,
        code: 'unauthenticated',
      })
      const forged = `${buyer.token.slice(0, -4)}AAAA`
      expect(await hold(['A-1-1'], {}, forged)).toMatchObject({ status: 401 })
      const show = { name: 'x', startsAt: '2030-01-01T00:00:00Z', currency: 'KRW', sections: [] }
      expect(await call('/v1/shows', { body: show })).toMatchObject({ status: 403 })
    })

    it('refuses what is not well formed', async () => {
      expect(await hold('A-1-1')).toMatchObject({ status: 400, code: 'bad-request' })
      expect(await hold([], { body: '{"seatIds":' })).toMatchObject({ status: 400 })
      const { seatIds } = { seatIds: ['A-1-1'] }
      const withoutKey = { body: { seatIds } }
      expect(await call(`/v1/shows/${showId}/reservations`, withoutKey)).toMatchObject({
        ...{ status: 400, code: 'idempotency-key-missing' },
      })
      expect(await hold(['A-1-1'], { key: 'not a key' })).toMatchObject({ code: 'bad-request' })
      expect(await hold(['x'.repeat(20_000)])).toMatchObject({
        status: 413,
        code: 'body-too-large',
      })
      expect(await call('/v1/nothing', {})).toMatchObject({ status: 404, code: 'not-found' })
    })

    it('refuses seats that are not to be had', async () => {
      expect(await hold(['A-1-99'])).toMatchObject({ status: 422, code: 'unknown-seat' })
      expect(await hold(['A-1-1', 'A-1-1'])).toMatchObject({ code: 'duplicate-seats' })
      expect(await hold(['A-1-1', 'A-1-2', 'A-1-3'])).toMatchObject({ code: 'too-many-seats' })
      expect(
        await call('/v1/shows/none/reservations', { key: 'k', body: { seatIds: ['A-1-1'] } }),
      ).toMatchObject({ status: 404 })
      expect((await hold(['A-1-1'])).status).toBe(201)
      expect((await hold(['A-1-1'])).status).toBe(201)
      expect(await hold(['A-1-2'])).toMatchObject({ code: 'idempotency-key-reused' })
      const other = await Buyer.open(baseline.http)
      expect(await hold(['A-1-1'], {}, other.token)).toMatchObject({
        ...{ status: 409, code: 'seats-taken' },
      })
      expect((await hold(['A-1-3', 'A-1-4'], { key: 'k2' })).status).toBe(201)
      expect(await hold(['A-1-5', 'A-1-6'], { key: 'k3' })).toMatchObject({ code: 'buyer-limit' })
    })

    it('hides what belongs to somebody else, and refuses a hold that has expired', async () => {
      const other = await Buyer.open(baseline.http)
      const held = await other.hold(showId, ['A-1-9'])
      const { reservationId } = held.body
      const path = `/v1/reservations/${reservationId}`
      expect(await call(path, {})).toMatchObject({ status: 404 })
      const checkout = { key: 'k', body: { payment: { token: 'tok_ok' } } }
      expect(await call(`${path}/checkout`, checkout)).toMatchObject({ status: 404 })
      expect(await call('/v1/reservations/nonsense/checkout', checkout)).toMatchObject({
        status: 404,
      })
      // The deadline is Redis's, and waiting for it is what the buyer of this test is late by.
      await expect
        .poll(async () => (await other.find(reservationId)).body.status, { timeout: 5_000 })
        .toBe('expired')
      expect(await call(`${path}/checkout`, checkout, other.token)).toMatchObject({
        ...{ status: 410, code: 'hold-expired' },
      })
    })

    it('lets nobody ask too often', async () => {
      const { token } = await Buyer.open(baseline.http)
      const asked = Array.from({ length: 400 }, () => hold('nonsense', {}, token))
      const answers = await Promise.all(asked)
      const refused = answers.filter(({ status }) => status === 429)
      expect(refused.length).toBeGreaterThan(0)
      expect(refused[0]).toMatchObject({ code: 'rate-limited' })
      expect(refused[0]?.headers.get('retry-after')).toBe('1')
      expect(answers.length - refused.length).toBeGreaterThanOrEqual(200)
    })

    it('creates the same show once, and no other under its id', async () => {
      await createShow(baseline, { ...edgeShow, policy })
      await expect(createShow(baseline, edgeShow)).rejects.toThrow('409')
    })
  })

  it('has nothing for the audit to find', async () => {
    expect(await findingsAtRest(baseline)).toEqual([])
  })
})
