/** Whoever comes too early, in vain or too late: while it loads, when it fails, when all is sold. */
import { describe, expect, it } from 'vitest'
import { uniqueName } from '../../platform/testing/infra.ts'
import { PHONE, photograph } from './support/chromium.ts'
import { hall, hallIndex, makeShow, mapOf, sellOut } from './support/halls.ts'
import { detain, detainFeed, refuse, sever } from './support/lines.ts'
import { expectAccessible } from './support/looks.ts'
import { newBuyer, newHall, stage } from './support/stage.ts'

type Picker = Awaited<ReturnType<typeof newBuyer>>

const SHOWS = '/v1/shows'
/** A server that answers 503, and one that does not answer. */
const WAYS_TO_FAIL = [
  ['unavailable', refuse],
  ['unreachable', sever],
] as const

const go = (buyer: Picker, address: string) => buyer.page.goto(`${stage().system.http}/${address}`)

const says = ({ page }: Picker, hasText: string) => page.locator('.basket', { hasText }).waitFor()

async function look({ page }: Picker, name: string): Promise<void> {
  await expectAccessible(page, name)
  await photograph(page, name)
}

describe('a visitor', () => {
  it('of the shows waits for them, and sees them when they come', async () => {
    await newHall()
    const buyer = await newBuyer()
    const letGo = await detain(buyer.page, SHOWS)
    await go(buyer, '')
    await buyer.page.getByText('Looking up the shows').waitFor()
    await look(buyer, 'shows-loading')
    await letGo()
    await buyer.page.locator('.card').first().waitFor()
  })

  it('of a house waits for it, then for its map, and claims nothing of either meanwhile', async () => {
    const showId = await newHall()
    const buyer = await newBuyer()
    const { page } = buyer
    const letGo = await detain(page, `${SHOWS}/${showId}`)
    const connect = await detainFeed(page)
    await go(buyer, `#/shows/${showId}`)
    await buyer.heading('Opening the house').waitFor()
    await look(buyer, 'house-loading')
    await letGo()
    await page.getByText('Connecting').waitFor()
    expect((await buyer.belief())?.liveness).toBe('opening')
    // Nobody knows yet what is free.
    expect(await page.getByText(/\d free/).count()).toBe(0)
    await look(buyer, 'map-loading')
    await page.getByRole('radio', { name: 'List' }).check({ force: true })
    await buyer.heading('Sections').waitFor()
    expect(await page.getByText(/\d free/).count()).toBe(0)
    await look(buyer, 'list-loading')
    await connect()
    await buyer.untilLive(showId)
    await page.getByText('56 of 56 free').first().waitFor()
    expect(await page.getByText('Connecting').isVisible()).toBe(false)
  })

  it('is told that the shows cannot be loaded, and tries again', async () => {
    await newHall()
    const buyer = await newBuyer()
    const { page } = buyer
    for (const [how, close] of WAYS_TO_FAIL) {
      const open = await close(page, SHOWS)
      await go(buyer, '')
      await page.getByText('The shows could not be loaded.').waitFor()
      await look(buyer, `shows-failed-${how}`)
      await open()
      await buyer.button('Try again').click()
      await page.locator('.card').first().waitFor()
    }
  })

  it('is told that a house cannot be opened, and tries again', async () => {
    const showId = await newHall()
    const buyer = await newBuyer()
    for (const [how, close] of WAYS_TO_FAIL) {
      const open = await close(buyer.page, `${SHOWS}/${showId}`)
      await go(buyer, '')
      await go(buyer, `#/shows/${showId}`)
      await buyer.heading('This show could not be opened').waitFor()
      await look(buyer, `house-failed-${how}`)
      await open()
      await buyer.button('Try again').click()
      await buyer.untilLive(showId)
    }
  })

  it('on a phone, in Korean, is told the same', async () => {
    const showId = await newHall()
    const buyer = await newBuyer({ ...PHONE, locale: 'ko-KR', colorScheme: 'dark' })
    const open = await refuse(buyer.page, `${SHOWS}/${showId}`)
    await go(buyer, `#/shows/${showId}`)
    await buyer.button('다시 시도').waitFor()
    await look(buyer, 'phone-house-failed')
    await open()
    const connect = await detainFeed(buyer.page)
    await buyer.button('다시 시도').click()
    await buyer.page.getByText('연결하는 중').waitFor()
    await look(buyer, 'phone-map-loading')
    await connect()
    await buyer.untilLive(showId)
  })

  it('of a server that makes no guests may look, and is told so', async () => {
    const showId = await newHall()
    const buyer = await newBuyer()
    await refuse(buyer.page, '/v1/sessions', 404)
    await buyer.open(showId)
    await says(buyer, 'Seats can be looked at here, but not bought.')
    await look(buyer, 'no-guests')
  })

  it('whom the server does not accept any more is told so, and starts anew', async () => {
    const showId = await newHall()
    const buyer = await newBuyer()
    const connect = await detainFeed(buyer.page, 4400)
    await go(buyer, `#/shows/${showId}`)
    await buyer.button('Start anew').waitFor()
    await look(buyer, 'visit-ended')
    await connect()
    await buyer.button('Start anew').click()
    await buyer.untilLive(showId)
  })

  it('who finds all sold is told so in the list of shows, on the map and seat by seat', async () => {
    const { system } = stage()
    const showId = uniqueName('sold')
    const name = `All gone ${showId.slice(-4)}`
    // The first of all shows, or it would have to be searched for.
    await makeShow(system, { ...hall(showId), name, startsAt: '2029-05-17T10:00:00.000Z' })
    await sellOut(system, showId)
    const buyer = await newBuyer()
    const { page } = buyer
    await go(buyer, '')
    await page.locator('.card', { hasText: name }).getByText('Sold out').waitFor()
    await page.locator('.miniature svg').first().waitFor()
    await look(buyer, 'sold-out-shows')
    await buyer.open(showId)
    await buyer.untilSameAs(() => mapOf(system, showId))
    await says(buyer, 'Nothing is free now')
    await look(buyer, 'sold-out-venue')
    await buyer.press('stalls-B-6')
    await page.getByText('Stalls, row B, seat 6 is sold.').first().waitFor()
    expect(await buyer.stateAt(hallIndex('stalls-B-6'))).toBe(2)
    await page.getByRole('radio', { name: 'List' }).check({ force: true })
    await page.getByText('0 of 56 free').first().waitFor()
    await look(buyer, 'sold-out-list')
    await buyer.button(/^Stalls/).click()
    await buyer.button('Go to a free seat').click()
    await page.getByText('There is no free seat here.').first().waitFor()
    await look(buyer, 'sold-out-grid')
  })
})
