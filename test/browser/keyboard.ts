/** Without a mouse and without a map: everything by keys, everything said. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hallIndex, mapOf } from './support/halls.ts'
import { expectAccessible } from './support/looks.ts'
import { newBuyer, newHall, stage } from './support/stage.ts'

const TABS_MAX = 40

/** What is focused, by its name. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    type Named = {
      getAttribute(name: string): string | null
      textContent: string | null
      value?: string
    }
    const { document } = globalThis as unknown as { document: { activeElement: Named | null } }
    const { activeElement: active } = document
    return active?.getAttribute('aria-label') ?? (active?.textContent || active?.value) ?? ''
  })

async function tabTo(page: Page, name: RegExp): Promise<void> {
  const met: string[] = []
  for (let tabs = 0; tabs < TABS_MAX; tabs++) {
    await page.keyboard.press('Tab')
    const now = await focused(page)
    if (name.test(now)) return
    met.push(now.slice(0, 40))
  }
  throw new Error(`Tab does not lead to ${name}; it led to: ${met.join(' | ')}`)
}

const untilFocused = (page: Page, name: RegExp) =>
  expect.poll(() => focused(page), { timeout: 5_000 }).toMatch(name)
/** Waits until a screen reader has been told. */
const untilSaid = (page: Page, text: string | RegExp) =>
  page.locator('[aria-live=polite]').getByText(text).waitFor({ state: 'attached' })

describe('by keyboard alone', () => {
  it('a buyer finds, holds and pays for two adjacent seats, and is told of every step', async () => {
    const { system } = stage()
    const showId = await newHall()
    const buyer = await newBuyer()
    const { page } = buyer
    const { keyboard } = page
    await buyer.open(showId)
    await tabTo(page, /^Map$/)
    await keyboard.press('ArrowRight')
    await page.getByRole('heading', { name: 'Sections' }).waitFor()
    await expectAccessible(page, 'list of sections')
    await tabTo(page, /^Circle.*56 of 56 free/)
    await keyboard.press('Enter')
    await untilFocused(page, /^Circle$/)
    await tabTo(page, /^Go to a free seat$/)
    await keyboard.press('Enter')
    await untilFocused(page, /^Row A, seat 1, free, ₩60,000$/)
    await keyboard.press('ArrowDown')
    await untilFocused(page, /^Row B, seat 1,/)
    await keyboard.press('End')
    await untilFocused(page, /^Row B, seat 14,/)
    await keyboard.press('ArrowLeft')
    await keyboard.press('Enter')
    await untilSaid(page, 'Held for you: Circle, row B, seat 13.')
    await untilFocused(page, /^Row B, seat 13, held for you$/)
    await keyboard.press('ArrowRight')
    await keyboard.press(' ')
    await untilSaid(page, 'Held for you: Circle, row B, seat 14.')
    await expectAccessible(page, 'grid of seats')

    await tabTo(page, /^Go to payment$/)
    await keyboard.press('Enter')
    await untilFocused(page, /^Payment$/)
    await tabTo(page, /^works$/)
    await tabTo(page, /^Pay ₩120,000$/)
    await keyboard.press('Enter')
    await untilSaid(page, /Your (ticket is|2 tickets are) here/)
    await buyer.untilTickets(2)
    await untilFocused(page, /^Here are your 2 tickets$/)
    const places = await page.locator('.ticket .place').allTextContents()
    expect(places.sort()).toEqual(['CircleRow B, seat 13', 'CircleRow B, seat 14'])
    await buyer.untilState(hallIndex('circle-B-14'), 2)
    expect(await buyer.untilSameAs(() => mapOf(system, showId))).toMatchObject({ sold: 2 })
  })

  it('a press that comes twice and a key that is held down hold a seat, and leave it at that', async () => {
    const showId = await newHall()
    const buyer = await newBuyer()
    const { page } = buyer
    await buyer.open(showId)
    await page.getByRole('radio', { name: 'List' }).check({ force: true })
    await buyer.button(/^Stalls/).click()
    await page.getByRole('gridcell', { name: 'Row A, seat 6, free' }).dblclick({ delay: 60 })
    await buyer.untilOwn(hallIndex('stalls-A-6'), 'mine')
    await page.keyboard.press('ArrowRight')
    await untilFocused(page, /^Row A, seat 7,/)
    for (let times = 0; times < 30; times++) await page.keyboard.down('Enter')
    await page.keyboard.up('Enter')
    await buyer.untilOwn(hallIndex('stalls-A-7'), 'mine')
    const { own } = (await buyer.belief())!
    expect(own).toMatchObject({
      [hallIndex('stalls-A-6')]: 'mine',
      [hallIndex('stalls-A-7')]: 'mine',
    })
  })

  it('a seat that somebody else takes is said to be held, where it stands', async () => {
    const showId = await newHall()
    const [reader, other] = [await newBuyer(), await newBuyer()]
    await Promise.all([reader.open(showId), other.open(showId)])
    await reader.page.getByRole('radio', { name: 'List' }).check({ force: true })
    await reader.button(/^Stalls/).click()
    const seat = reader.page.getByRole('gridcell', { name: 'Row A, seat 3, held by somebody' })
    await other.press('stalls-A-3')
    await seat.waitFor({ timeout: 2_000 })
    await seat.click()
    await untilSaid(reader.page, 'Stalls, row A, seat 3 is held by somebody.')
  })
})
