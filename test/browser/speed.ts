/** How fast the map is drawn, on whatever machine this is; without a graphics card. */
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { uniqueName, waitFor } from '../../platform/testing/infra.ts'
import { arenaShow } from '../../scripts/seed/arena.ts'
import { Buyer } from '../support/client.ts'
import { framesPerS, PAN, ZOOM } from './support/gestures.ts'
import { makeShow } from './support/halls.ts'
import { newBuyer, stage } from './support/stage.ts'

const FIRST_PAINT_MS_MAX = 1_500
const FRAMES_PER_S_MIN = 30
const DELTA_SEATS = 500
const DELTA_MS_MAX = 8
const LEVELS = ['sections', 'rows', 'seats'] as const

interface Drawing {
  kind: string
  isKnown: boolean
  atMs: number
  tookMs: number
}

const SECTIONS = 100
const ROWS = 50
const SEATS_PER_ROW = 20

const greatShow = (showId: string) => ({
  ...{ showId, name: 'A hundred thousand seats', startsAt: '2031-05-17T10:00:00Z' },
  currency: 'KRW',
  sections: Array.from({ length: SECTIONS }, (_, at) => ({
    ...{ id: `s${at}`, name: `Section ${at}`, price: 50_000 + 10_000 * (at % 6) },
    rows: Array.from({ length: ROWS }, (_, row) => ({ id: `${row + 1}`, seats: SEATS_PER_ROW })),
  })),
  policy: { seatsPerHoldMax: DELTA_SEATS, seatsPerBuyerMax: DELTA_SEATS },
})

const drawingsOf = (page: Page): Promise<Drawing[]> =>
  page.evaluate<Drawing[]>('holdfast?.().drawings ?? []')

/** Milliseconds from the navigation to the first picture of the seats as they are. */
async function firstPaintMs(page: Page): Promise<number> {
  const isTrue = ({ isKnown }: Drawing) => isKnown
  await waitFor('the first picture', async () => (await drawingsOf(page)).some(isTrue))
  return (await drawingsOf(page)).find(isTrue)!.atMs
}

/** Comes closer until the map shows that level of detail. */
async function goTo(page: Page, level: (typeof LEVELS)[number]): Promise<void> {
  await page.getByRole('button', { name: 'Show the whole house' }).click()
  const isThere = () => page.locator(`[data-level=${level}]`).isVisible()
  await page.locator('[data-level=sections]').waitFor()
  const canvas = (await page.locator('canvas').boundingBox())!
  await page.mouse.move(canvas.x + canvas.width / 2, canvas.y + canvas.height / 2)
  await waitFor(`the level ${level}`, async () => {
    if (await isThere()) return true
    await page.mouse.wheel(0, -40)
    return false
  })
}

/** A busy machine makes anything slow, so a gesture is made again until it was fast, or three times. */
const TRIES_MAX = 3

async function measureGesture(page: Page, script: string): Promise<{ rate: number; said: string }> {
  let best = { rate: 0, said: '' }
  for (let made = 0; made < TRIES_MAX && best.rate < FRAMES_PER_S_MIN; made++) {
    const times = await page.evaluate<number[]>(script)
    const rate = framesPerS(times)
    if (rate < best.rate) continue
    best = {
      rate,
      said: `${rate.toFixed(0)} frames/s, the longest ${Math.max(...times).toFixed(0)} ms`,
    }
  }
  return best
}

async function measureFrames(page: Page, name: string): Promise<void> {
  for (const level of LEVELS) {
    await goTo(page, level)
    for (const [gesture, script] of Object.entries({ pan: PAN, zoom: ZOOM })) {
      const { rate, said } = await measureGesture(page, script)
      console.log(`  ${name}, ${level}, ${gesture}: ${said}`)
      expect(rate, `${name}, ${level}, ${gesture}`).toBeGreaterThanOrEqual(FRAMES_PER_S_MIN)
    }
  }
}

/**
 * Notes how long the page works on each message of its connection, and on each frame: until a pixel
 * can be read back, for what is drawn on a canvas is only noted down at first.
 */
const WATCH_WORK = `
  window.worked = []
  const nextFrame = window.requestAnimationFrame
  window.requestAnimationFrame = (draw) => nextFrame.call(window, (now) => {
    const begunMs = performance.now()
    draw(now)
    document.querySelector('canvas')?.getContext('2d').getImageData(0, 0, 1, 1)
    worked.push({ begunMs, endedMs: performance.now() })
  })

  window.handled = []
  const listen = WebSocket.prototype.addEventListener
  WebSocket.prototype.addEventListener = function (type, listener, ...rest) {
    if (type !== 'message') return listen.call(this, type, listener, ...rest)
    const timed = (event) => {
      const begunMs = performance.now()
      listener(event)
      handled.push({ bytes: event.data.length, tookMs: performance.now() - begunMs })
    }
    return listen.call(this, type, timed, ...rest)
  }`

describe('the map', () => {
  const arena = uniqueName('arena')
  const great = uniqueName('great')

  beforeAll(async () => {
    const { system } = stage()
    await Promise.all([makeShow(system, arenaShow(arena)), makeShow(system, greatShow(great))])
    // Whoever comes first waits for the server to load the seats; that is not the page's time.
    await Promise.all([arena, great].map((id) => fetch(`${system.http}/v1/shows/${id}/seats`)))
  })

  it.each([
    ['an arena of 12,000 seats', arena],
    ['a house of 100,000 seats', great],
  ])('of %s is there at once, and follows the hand', async (name, showId) => {
    const buyer = await newBuyer()
    await buyer.open(showId)
    const paintMs = await firstPaintMs(buyer.page)
    console.log(`  ${name}: first painted after ${paintMs.toFixed(0)} ms`)
    expect(paintMs).toBeLessThanOrEqual(FIRST_PAINT_MS_MAX)
    await measureFrames(buyer.page, name)
  })

  it('of 100,000 seats takes in a change of 500 in a few milliseconds', async () => {
    const buyer = await newBuyer()
    const { page } = buyer
    await page.addInitScript(WATCH_WORK)
    await buyer.open(great)
    await goTo(page, 'seats')
    const canvas = (await page.locator('canvas').boundingBox())!
    const shown = await page.evaluate<string[]>(
      `Array.from({ length: ${SECTIONS} }, (_, at) => 's' + at).filter((id) => {
        const { x, y } = holdfast().pointOf(id + '-12-10')
        return x > 0 && y > 0 && x < ${canvas.width} && y < ${canvas.height}
      })`,
    )
    const seatIds = Array.from({ length: DELTA_SEATS }, (_, at) => {
      const row = 1 + Math.floor(at / SEATS_PER_ROW)
      return `${shown[0]}-${row}-${1 + (at % SEATS_PER_ROW)}`
    })
    const other = await Buyer.open(stage().system.http)
    expect((await other.hold(great, seatIds)).status).toBe(201)
    const patch = await waitFor('the change on the map', async () =>
      (await drawingsOf(page)).find(({ kind }) => kind === 'patch'),
    )
    const handled = await page.evaluate<{ bytes: number; tookMs: number }[]>('handled')
    const delta = handled.findLast(({ bytes }) => bytes > DELTA_SEATS * 4)!
    const worked = await page.evaluate<{ begunMs: number; endedMs: number }[]>('worked')
    const frame = worked.find(
      ({ begunMs, endedMs }) => begunMs <= patch.atMs && patch.atMs <= endedMs,
    )!
    const drawnMs = frame.endedMs - frame.begunMs
    const total = delta.tookMs + drawnMs
    const parts = `${delta.tookMs.toFixed(1)} ms applied, ${drawnMs.toFixed(1)} ms drawn`
    console.log(`  a change of ${DELTA_SEATS} seats: ${parts}`)
    expect(total).toBeLessThanOrEqual(DELTA_MS_MAX)
  })
})
