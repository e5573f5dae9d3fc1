import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseMail } from '../../notification/testing/parseMail.ts'
import { uniqueName, waitFor } from '../../platform/testing/infra.ts'
import { ask, Buyer, createShow, type ReservationView } from '../support/client.ts'
import { healthySystem } from '../support/healthy.ts'
import { expectHealthy } from '../support/quiet.ts'
import type { System } from '../support/system.ts'

/** The payment window of the hurried show, and a card that takes longer. */
const WINDOW_MS = 1_000
const SLOW_CARD = 'tok_slow_2000'

describe('the journeys of a reservation', () => {
  let system: System
  const begun = new Set<string>()
  const calm = uniqueName('calm')
  const hurried = uniqueName('hurried')

  beforeAll(async () => {
    system = healthySystem()
    await createShow(system, { showId: calm, rows: 2, seatsPerRow: 20 })
    const policy = { holdTtlMs: WINDOW_MS, paymentWindowMs: WINDOW_MS }
    await createShow(system, { showId: hurried, rows: 1, seatsPerRow: 20, policy })
  })

  const begin = async (showId: string, seatIds: string[], card?: string) => {
    const buyer = await Buyer.open(system.http)
    const held = await buyer.hold(showId, seatIds)
    expect(held.status).toBe(201)
    const { reservationId } = held.body
    begun.add(reservationId)
    if (card) expect((await buyer.checkout(reservationId, card)).status).toBe(202)
    return { buyer, reservationId }
  }

  const until = async (
    { buyer, reservationId }: { buyer: Buyer; reservationId: string },
    status: string,
  ): Promise<ReservationView> => {
    let seen: ReservationView | undefined
    await waitFor(
      `${reservationId} to be ${status}`,
      async () => {
        seen = (await buyer.find(reservationId, 1)).body
        return seen.status === status || Promise.reject(new Error(`it is ${seen.status}`))
      },
      { timeoutMs: 30_000 },
    )
    return seen!
  }

  const mailOf = async (reservationId: string, kind: string): Promise<string> => {
    const file = join(system.mailDir, `${reservationId}.${kind}.eml`)
    await waitFor(`the mail ${kind}`, () => existsSync(file), { timeoutMs: 30_000 })
    return parseMail(readFileSync(file)).parts['text/plain'] ?? ''
  }

  it('sells seats to a buyer who pays, with a ticket and a mail for them', async () => {
    const journey = await begin(calm, ['A-1-1', 'A-1-2'], 'tok_ok')
    const sold = await until(journey, 'confirmed')
    expect(sold.tickets?.map(({ seatId }) => seatId)).toEqual(['A-1-1', 'A-1-2'])
    expect(sold.payment).toMatchObject({ status: 'captured' })
    for (const { ticketId, seatId } of sold.tickets ?? []) {
      const url = `${system.http}/v1/tickets/${ticketId}`
      const { status, body } = await ask(url, journey.buyer.token)
      expect({ status, body }).toMatchObject({ status: 200, body: { seatId, status: 'live' } })
    }
    expect(await mailOf(journey.reservationId, 'confirmed')).toContain(sold.tickets![0]!.ticketId)
  })

  it('gives the seats back when the card is declined', async () => {
    const journey = await begin(calm, ['A-1-3'], 'tok_declined')
    expect(await until(journey, 'cancelled')).toMatchObject({ reason: 'payment_declined' })
    await mailOf(journey.reservationId, 'payment_failed')
    await begin(calm, ['A-1-3'])
  })

  it('gives the seats back when the buyer forgets them', async () => {
    const journey = await begin(hurried, ['A-1-1'])
    await until(journey, 'expired')
    await mailOf(journey.reservationId, 'expired')
    await begin(hurried, ['A-1-1'])
  })

  it('gives the seats back when the buyer does', async () => {
    const { buyer, reservationId } = await begin(calm, ['A-1-4'])
    expect((await buyer.release(reservationId)).status).toBe(204)
    expect((await buyer.release(reservationId)).status).toBe(204)
    await begin(calm, ['A-1-4'])
  })

  it('honours a late payment when the seats are still free', async () => {
    const journey = await begin(hurried, ['A-1-5', 'A-1-6'], SLOW_CARD)
    await until(journey, 'expired')
    expect((await until(journey, 'confirmed')).tickets).toHaveLength(2)
  })

  it('refunds a late payment once when a seat was taken meanwhile', async () => {
    const late = await begin(hurried, ['A-1-8', 'A-1-9'], SLOW_CARD)
    await until(late, 'expired')
    const quick = await begin(hurried, ['A-1-9'], 'tok_ok')
    await until(quick, 'confirmed')
    const { amount, reason, payment } = await until(late, 'refunded')
    expect({ reason, payment }).toEqual({
      reason: 'seat_conflict',
      payment: { status: 'refunded', refunded: amount },
    })
    await mailOf(late.reservationId, 'refunded')
  })

  it('captures once when the provider captures but never answers', async () => {
    await until(await begin(calm, ['A-2-1'], 'tok_lost'), 'confirmed')
  })

  it('charges nobody while the provider is down, and goes on afterwards', async () => {
    const control = (down: boolean) =>
      ask(`${system.sandboxUrl}/v1/control`, null, { body: { down } })
    await control(true)
    const waiting = await begin(calm, ['A-2-2'], 'tok_ok')
    const hopeless = await begin(hurried, ['A-1-12'], 'tok_ok')
    await until(hopeless, 'expired')
    expect((await waiting.buyer.find(waiting.reservationId)).body.status).toBe('paying')
    await control(false)
    await until(waiting, 'confirmed')
  })

  it('leaves every store in agreement', async () => {
    const facts = await expectHealthy(system)
    const money = facts.provider.filter(({ reservationId }) => begun.has(reservationId))
    expect(money.filter(({ kind }) => kind === 'capture')).toHaveLength(6)
    expect(money.filter(({ kind }) => kind === 'refund')).toHaveLength(1)
  })
})
