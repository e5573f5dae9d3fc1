/** Every state of the page: pictures for people, axe for everybody. */
import { describe, expect, it } from 'vitest'
import { uniqueName } from '../../platform/testing/infra.ts'
import { arenaShow } from '../../scripts/seed/arena.ts'
import { clubShow } from '../../scripts/seed/club.ts'
import { Buyer } from '../support/client.ts'
import { MISSING_SHOW, PHONE, photograph } from './support/chromium.ts'
import { hall, hallIndex, makeShow } from './support/halls.ts'
import { expectAccessible } from './support/looks.ts'
import { newBuyer, newHall, stage } from './support/stage.ts'

/** A house in which a good deal has happened already. */
async function busyArena(): Promise<string> {
  const { system } = stage()
  const showId = uniqueName('arena')
  await Promise.all([
    makeShow(system, arenaShow(showId)),
    makeShow(system, clubShow(uniqueName('club'))),
  ])
  await Promise.all(
    Array.from({ length: 24 }, async (_, at) => {
      const buyer = await Buyer.open(system.http)
      const row = 'ABCDEFGHIJKL'[at % 12]
      const first = 1 + ((at * 5) % 15)
      const seatIds = Array.from({ length: 2 + (at % 5) }, (_, n) => `floor-${row}-${first + n}`)
      const { status, body } = await buyer.hold(showId, seatIds)
      if (status === 201 && at % 3 > 0) await buyer.checkout(body.reservationId, 'tok_ok')
    }),
  )
  return showId
}

describe('the page', () => {
  it('is accessible and presentable in every state, on a desk', async () => {
    const showId = await busyArena()
    const buyer = await newBuyer()
    const { page } = buyer
    const look = async (name: string) => {
      await expectAccessible(page, name)
      await photograph(page, `desktop-${name}`)
    }
    await page.goto(`${stage().system.http}/`)
    await page.locator('.miniature svg').nth(1).waitFor()
    await look('shows')
    await buyer.open(showId)
    await look('venue')
    await buyer.button('Zoom in').click()
    await page.locator('[data-level=rows]').waitFor()
    await photograph(page, 'desktop-rows')
    await buyer.button('Show the whole house').click()
    await page.locator('[data-level=sections]').waitFor()
    const { x, y } = await buyer.whereIs('floor-J-11')
    await page.mouse.click(x, y)
    await page.locator('[data-level=seats]').waitFor()
    await buyer.press('floor-M-9')
    await buyer.press('floor-M-10')
    await page.locator('.total', { hasText: '₩308,000' }).waitFor()
    await look('basket')
    await buyer.button('Go to payment').click()
    await look('payment')
    await page.getByLabel('E-mail').fill('not an address')
    await buyer.button(/^Pay /).click()
    await page.getByText('This is not an e-mail address.').waitFor()
    await look('payment-mistake')
    await page.getByLabel('E-mail').fill('somebody@example.com')
    await page.getByRole('radio', { name: /slow/ }).check()
    await buyer.button(/^Pay /).click()
    await buyer.heading('Processing').waitFor()
    await look('processing')
    await buyer.untilTickets(2)
    await look('tickets')
    await page.goto(`${stage().system.http}/#/shows/${MISSING_SHOW}`)
    await buyer.heading('There is no such show').waitFor()
    await look('missing')
  })

  it('is as good in the dark, in Korean, and as a list', async () => {
    const showId = await busyArena()
    const buyer = await newBuyer({ colorScheme: 'dark', locale: 'ko-KR' })
    const { page } = buyer
    await page.goto(`${stage().system.http}/`)
    await page.locator('.miniature svg').nth(1).waitFor()
    await photograph(page, 'dark-korean-shows')
    await buyer.open(showId)
    await photograph(page, 'dark-korean-venue')
    const { x, y } = await buyer.whereIs('floor-J-11')
    await page.mouse.click(x, y)
    await page.locator('[data-level=seats]').waitFor()
    await buyer.press('floor-M-9')
    await page.getByText('₩154,000').nth(1).waitFor()
    await expectAccessible(page, 'dark, Korean')
    await photograph(page, 'dark-korean-basket')
    await buyer.button('English').click()
    await page.getByRole('radio', { name: 'List' }).check({ force: true })
    await buyer.heading('Sections').waitFor()
    await photograph(page, 'dark-list')
    await page.emulateMedia({ colorScheme: 'light' })
    await buyer.button(/^Floor B/).click()
    await buyer.button('Go to a free seat').waitFor()
    await expectAccessible(page, 'grid of a busy section')
    await photograph(page, 'desktop-grid')
  })

  it('draws tables and a bar, and a house that says nothing of where its seats stand', async () => {
    const { system } = stage()
    const [club, plain] = [uniqueName('club'), uniqueName('plain')]
    const { geometry: _, sections, ...rest } = hall(plain)
    const straight = sections.map((section) => ({
      ...section,
      rows: section.rows.map(({ id, seats }) => ({ id, seats })),
    }))
    const plainShow = { ...rest, sections: straight }
    await Promise.all([makeShow(system, clubShow(club)), makeShow(system, plainShow)])
    const buyer = await newBuyer()
    for (const showId of [club, plain]) {
      await buyer.open(showId)
      await photograph(buyer.page, showId === club ? 'desktop-club' : 'desktop-plain')
    }
    await buyer.press('circle-D-14')
    await buyer.untilOwn(hallIndex('circle-D-14'), 'mine')
  })

  it('leads from an arena to the tickets on a phone', async () => {
    const showId = await busyArena()
    const buyer = await newBuyer(PHONE)
    const { page } = buyer
    await page.goto(`${stage().system.http}/`)
    await page.locator('.miniature svg').nth(1).waitFor()
    await photograph(page, 'phone-shows')
    await buyer.open(showId)
    await photograph(page, 'phone-venue')
    const { x, y } = await pointWithTouch(buyer, 'floor-J-11')
    await page.touchscreen.tap(x, y)
    await buyer.button('Go to payment').waitFor()
    await photograph(page, 'phone-seats')
    await page.getByRole('radio', { name: 'List' }).check({ force: true })
    await buyer.heading('Sections').waitFor()
    await photograph(page, 'phone-list')
    await buyer.button('Go to payment').click()
    await buyer.heading('Payment').waitFor()
    await expectAccessible(page, 'phone, payment')
    await photograph(page, 'phone-payment')
    await buyer.button(/^Pay /).click()
    await buyer.untilTickets(1)
    await expectAccessible(page, 'phone, tickets')
    await photograph(page, 'phone-tickets')
    await expectNoSidewaysScroll(page)
  })

  it('fits a phone, answers to fingers, and speaks Korean and dark', async () => {
    const showId = await newHall()
    const buyer = await newBuyer({ ...PHONE, colorScheme: 'dark', locale: 'ko-KR' })
    const { page } = buyer
    await buyer.open(showId)
    expect(await page.evaluate('document.documentElement.lang')).toBe('ko')
    const { x, y } = await pointWithTouch(buyer, 'stalls-B-7')
    await page.touchscreen.tap(x, y)
    await page.getByText('₩90,000').first().waitFor()
    await expectAccessible(page, 'phone, Korean, basket')
    await photograph(page, 'phone-dark-korean')
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('button', { name: 'Show your seats' }).click()
    await page.getByText('Seats side by side').waitFor()
    // The sheet takes half of the map, and leaves the half that one was looking at.
    await expect.poll(() => isOnMap(buyer, 'stalls-B-7')).toBe(true)
    await page.emulateMedia({ colorScheme: 'light' })
    await photograph(page, 'phone-basket')
    await expectNoSidewaysScroll(page)
  })

  it('is pinched on a phone', async () => {
    const showId = await newHall()
    const buyer = await newBuyer({ ...PHONE, reducedMotion: 'no-preference' })
    await buyer.open(showId)
    const before = await sizeOf(buyer, 'stalls-B-7')
    const [x, y] = await middleOfMap(buyer.page)
    await pinch(buyer, { x, y, from: 40, to: 140 })
    await expect.poll(() => sizeOf(buyer, 'stalls-B-7')).toBeGreaterThan(before * 2)
  })
})

type Picker = Awaited<ReturnType<typeof newBuyer>>
type Page = Picker['page']

async function middleOfMap(page: Page): Promise<[number, number]> {
  const box = await page.locator('canvas').boundingBox()
  if (!box) throw new Error('there is no map')
  return [box.x + box.width / 2, box.y + box.height / 2]
}

async function isOnMap(buyer: Picker, seatId: string): Promise<boolean> {
  const map = await buyer.page.locator('canvas').boundingBox()
  const { y, sizePx } = await buyer.whereIs(seatId)
  return map !== null && y - sizePx > map.y && y + sizePx < map.y + map.height
}

const sizeOf = async (buyer: Picker, seatId: string): Promise<number> =>
  (await buyer.whereIs(seatId)).sizePx

/** A finger on a small seat comes closer first; answers where the seat is then. */
async function pointWithTouch(buyer: Picker, seatId: string) {
  const far = await buyer.whereIs(seatId)
  await buyer.page.touchscreen.tap(far.x, far.y)
  await expect.poll(() => sizeOf(buyer, seatId)).toBeGreaterThanOrEqual(17)
  return buyer.pointOf(seatId)
}

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const widths = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, innerWidth]',
  )
  expect(widths[0]).toBeLessThanOrEqual(widths[1])
}

/** Two fingers on a level line, from one distance to another. */
async function pinch(
  { page }: Picker,
  { x, y, from, to }: { x: number; y: number; from: number; to: number },
): Promise<void> {
  const cdp = await page.context().newCDPSession(page)
  const fingers = (apart: number) => [
    { x: x - apart / 2, y, id: 0 },
    { x: x + apart / 2, y, id: 1 },
  ]
  await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: fingers(from) })
  for (let step = 1; step <= 8; step++) {
    const touchPoints = fingers(from + ((to - from) * step) / 8)
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints })
  }
  await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
}
