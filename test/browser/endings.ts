/** How a visit ends when it does not end with tickets, and what outlives a reload. */
import { describe, expect, it } from 'vitest'
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
      const seat = giveBack === 'map' ? 'stalls-A-2' : 'stalls-A-3'
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

/** Presses a seat of one's own once more; answers how it looks then. */
async function again(buyer: Picker, seat: string): Promise<string | undefined> {
  await buyer.press(seat)
  const looksLike = async () => (await buyer.belief())?.own[hallIndex(seat)]
  await expect.poll(looksLike).not.toBe('pending')
  return looksLike()
}
