/** How a visit ends when it does not end with tickets, and what outlives a reload. */
import { describe, expect, it } from 'vitest'
import { ask } from '../support/client.ts'
import { photograph } from './support/chromium.ts'
import { hallIndex, mapOf } from './support/halls.ts'
import { expectAccessible } from './support/looks.ts'
import { buyersAt, newBuyer, newHall, stage } from './support/stage.ts'

describe('a buyer', () => {
  it('whose card is declined is told so, where the money is, and that the seats are free', async () => {
    const showId = await newHall()
    const buyer = await newBuyer()
    await buyer.open(showId)
    const index = hallIndex('stalls-C-7')
    await buyer.press('stalls-C-7')
    await buyer.untilOwn(index, 'mine')
    await buyer.pay(/declined/)
    await buyer.heading('Your card was declined').waitFor()
    await buyer.page.getByText('Nothing was taken from your card.').waitFor()
    await expectAccessible(buyer.page, 'declined')
    await photograph(buyer.page, 'declined')
    await buyer.untilState(index, 0)
    await buyer.button('Choose again').click()
    await buyer.page.locator('.basket', { hasText: 'Nothing held yet' }).waitFor()
    await buyer.press('stalls-C-7')
    await buyer.untilOwn(index, 'mine')
  })

  it('is warned before the time is up, may have more, and loses the seats when it is', async () => {
    const showId = await newHall({ holdTtlMs: 4_000, holdExtensionMaxMs: 2_000 })
    const [buyer, other] = (await buyersAt(showId, 2)) as [Picker, Picker]
    const index = hallIndex('circle-B-2')
    await buyer.press('circle-B-2')
    await buyer.untilOwn(index, 'mine')
    await buyer.button('More time').click()
    await buyer.page.locator('.countdown.urgent').waitFor({ timeout: 8_000 })
    await expectAccessible(buyer.page, 'warning')
    await buyer.page
      .getByText('The time is up. Free again: Circle, row B, seat 2.')
      .first()
      .waitFor()
    await buyer.untilOwn(index, undefined)
    await buyer.page.locator('.basket', { hasText: 'Nothing held yet' }).waitFor()
    await Promise.all([buyer.untilState(index, 0), other.untilState(index, 0)])
  })

  it('whose time runs out before the payment chooses again, and pays when asked to', async () => {
    const showId = await newHall({ holdTtlMs: 3_000 })
    const buyer = await newBuyer()
    await buyer.open(showId)
    await buyer.press('stalls-B-3')
    await buyer.button('Go to payment').click()
    await buyer.heading('Payment').waitFor()
    await buyer.page.locator('.basket', { hasText: 'Nothing held yet' }).waitFor()
    await photograph(buyer.page, 'expired')
    await buyer.press('stalls-B-4')
    await buyer.untilOwn(hallIndex('stalls-B-4'), 'mine')
    await buyer.button('Go to payment').waitFor({ timeout: 2_000 })
    expect(await buyer.heading('Payment').isVisible()).toBe(false)
  })

  it('whose bank is too slow is told so, and has the tickets when it says yes after all', async () => {
    const showId = await newHall({ paymentWindowMs: 1_500 })
    const buyer = await newBuyer()
    await buyer.open(showId)
    await buyer.press('stalls-B-5')
    await buyer.untilOwn(hallIndex('stalls-B-5'), 'mine')
    await buyer.pay(/slow/)
    await buyer.heading('Time ran out during the payment').waitFor()
    await buyer.page.getByText('Whatever is taken later comes back.').waitFor()
    await expectAccessible(buyer.page, 'too late')
    await photograph(buyer.page, 'too-late')
    await buyer.untilTickets(1)
    await buyer.untilState(hallIndex('stalls-B-5'), 2)
  })

  it('who presses twice and reloads while the bank thinks pays once', async () => {
    const { system } = stage()
    const showId = await newHall()
    const buyer = await newBuyer()
    await buyer.open(showId)
    await buyer.press('circle-A-7')
    await buyer.untilOwn(hallIndex('circle-A-7'), 'mine')
    await buyer.button('Go to payment').click()
    await buyer.page.getByRole('radio', { name: /slow/ }).check()
    await buyer.button(/^Pay /).dblclick()
    await buyer.heading('Processing').waitFor()
    await buyer.page.reload()
    await buyer.untilLive(showId)
    await buyer.heading('Processing').waitFor()
    const [ticketId] = (await buyer.untilTickets(1)) as [string]
    const reservationId = await buyer.reservationOf(ticketId)
    const { body } = await ask<{ charges: unknown[] }>(
      `${system.sandboxUrl}/v1/charges?reservationId=${reservationId}`,
      null,
    )
    expect(body.charges).toHaveLength(1)
  })

  it('who goes back to the shows and forward again finds the seats', async () => {
    const showId = await newHall()
    const buyer = await newBuyer()
    const { page } = buyer
    await page.goto(`${stage().system.http}/`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await buyer.open(showId)
    const index = hallIndex('stalls-D-3')
    await buyer.press('stalls-D-3')
    await buyer.untilOwn(index, 'mine')
    await buyer.button('Go to payment').click()
    await page.goBack()
    await buyer.heading(/Press a seat/).waitFor()
    await page.goForward()
    await buyer.untilLive(showId)
    await buyer.untilOwn(index, 'mine')
    await buyer.button('Go to payment').waitFor()
  })

  it('has the same seats after a reload, and the tickets after a purchase', async () => {
    const { system } = stage()
    const showId = await newHall()
    const buyer = await newBuyer()
    await buyer.open(showId)
    const index = hallIndex('stalls-D-1')
    await buyer.press('stalls-D-1')
    await buyer.untilOwn(index, 'mine')
    await buyer.page.reload()
    await buyer.untilLive(showId)
    await buyer.untilOwn(index, 'mine')
    await buyer.pay(/works/)
    const bought = await buyer.untilTickets(1)
    await buyer.page.reload()
    await buyer.untilLive(showId)
    expect(await buyer.untilTickets(1)).toEqual(bought)
    await buyer.untilSameAs(() => mapOf(system, showId))
  })

  it('gives a seat back by pressing it again, or in the basket', async () => {
    const showId = await newHall()
    const buyer = await newBuyer()
    await buyer.open(showId)
    for (const giveBack of ['map', 'basket'] as const) {
      const seat = giveBack === 'map' ? 'stalls-A-2' : 'stalls-A-6'
      const before = await buyer.pictureOf(seat)
      await buyer.press(seat)
      await buyer.untilOwn(hallIndex(seat), 'mine')
      if (giveBack === 'basket') await buyer.button(/^Give back Stalls, row A/).click()
      // The same finger twice within a moment is one press, so the second is tried until it counts.
      else
        await expect
          .poll(() => again(buyer, seat), { interval: 300, timeout: 5_000 })
          .toBeUndefined()
      await buyer.untilOwn(hallIndex(seat), undefined)
      await buyer.untilState(hallIndex(seat), 0)
      // Nothing of what was drawn meanwhile is left beside it.
      const rest = async () => largestDifference(before, await buyer.pictureOf(seat))
      await expect.poll(rest).toBeLessThanOrEqual(SMOOTHING_MAX)
    }
  })

  it('holds neighbours with one press, and gives them back together', async () => {
    const showId = await newHall({ seatsPerHoldMax: 3 })
    const buyer = await newBuyer()
    await buyer.open(showId)
    await buyer.button('One seat more').click()
    await buyer.button('One seat more').click()
    expect(await buyer.button('One seat more').isDisabled()).toBe(true)
    await buyer.press('circle-C-5')
    for (const seat of ['circle-C-4', 'circle-C-5', 'circle-C-6']) {
      await buyer.untilOwn(hallIndex(seat), 'mine')
    }
    await buyer.button(/^Give back Circle, row C, seat 4, /).click()
    await buyer.untilOwn(hallIndex('circle-C-5'), undefined)
  })
})

type Picker = Awaited<ReturnType<typeof newBuyer>>

/** Edges of a seat alone are smoothed a little otherwise than those of a row. */
const SMOOTHING_MAX = 16

const largestDifference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, at) => Math.abs(value - (b[at] as number))))

/** Presses a seat of one's own once more; answers how it looks then. */
async function again(buyer: Picker, seat: string): Promise<string | undefined> {
  await buyer.press(seat)
  const looksLike = async () => (await buyer.belief())?.own[hallIndex(seat)]
  await expect.poll(looksLike).not.toBe('pending')
  return looksLike()
}
