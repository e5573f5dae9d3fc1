/** Two buyers side by side: what one does the other sees. */
import { describe, expect, it } from 'vitest'
import { hallIndex, mapOf } from './support/halls.ts'
import { buyersAt, newBuyer, newHall, stage } from './support/stage.ts'

/** Longer is more than a blink, and on a busy machine it is still far off. */
const BLINK_MS = 1_000

describe('two buyers who look at one show', () => {
  it('see within a blink what the other holds, pays and has', async () => {
    const { system } = stage()
    const showId = await newHall()
    const [a, b] = (await buyersAt(showId, 2)) as [Picker, Picker]
    const seat = 'stalls-B-6'
    const index = hallIndex(seat)
    const freeColour = await b.colourOf(seat)

    const begunMs = performance.now()
    const [seenAtMs] = await Promise.all([
      b.untilState(index, 1).then(() => performance.now()),
      a.press(seat),
    ])
    const seenMs = seenAtMs - begunMs
    console.log(`  a held seat is seen by somebody else after ${seenMs.toFixed(0)} ms`)
    expect(seenMs).toBeLessThan(BLINK_MS)
    await a.untilOwn(index, 'mine')
    // A ring is hollow, so the shape tells as well as the colour.
    await expect.poll(() => b.colourOf(seat)).not.toBe(freeColour)
    await b.press(seat)
    await b.page.getByText('Stalls, row B, seat 6 is held by somebody.').first().waitFor()

    await a.pay(/slow/)
    await a.heading('Processing').waitFor()
    await a.untilOwn(index, 'paying')
    expect(await b.stateAt(index)).toBe(1)
    const [ticketId] = await a.untilTickets(1)
    expect(ticketId).toMatch(/^t\d\d_/)
    await a.page.getByRole('img', { name: `QR code of ticket ${ticketId}` }).waitFor()
    await b.untilState(index, 2)
    const server = await a.untilSameAs(() => mapOf(system, showId))
    expect(server).toMatchObject({ sold: 1, held: 0 })
    await b.untilSameAs(() => mapOf(system, showId))
  })

  it('cannot both have a seat: one is told that somebody was faster', async () => {
    const showId = await newHall()
    const [a, b] = (await buyersAt(showId, 2)) as [Picker, Picker]
    const index = hallIndex('circle-A-3')
    await Promise.all([a.press('circle-A-3'), b.press('circle-A-3')])
    await expect
      .poll(async () => [(await a.belief())?.own[index], (await b.belief())?.own[index]].sort())
      .toEqual(['mine', undefined])
    const loser = (await a.belief())?.own[index] ? b : a
    await loser.page
      .getByText(/Somebody was faster|is held by somebody/)
      .first()
      .waitFor()
  })

  it('are one buyer when they are tabs of one browser, opened at once', async () => {
    const showId = await newHall()
    const a = await newBuyer()
    const b = await a.newTab()
    await Promise.all([a.open(showId), b.open(showId)])
    const index = hallIndex('circle-B-8')
    await a.press('circle-B-8')
    await Promise.all([a.untilOwn(index, 'mine'), b.untilOwn(index, 'mine')])
    await b.button(/^Give back Circle, row B, seat 8/).click()
    await Promise.all([a.untilOwn(index, undefined), b.untilOwn(index, undefined)])
    await b.press('circle-B-8')
    await a.untilOwn(index, 'mine')
    await a.pay(/works/)
    expect(await b.untilTickets(1)).toEqual(await a.untilTickets(1))
  })

  it('get the seats of a buyer whose browser died back at the deadline', async () => {
    const showId = await newHall({ holdTtlMs: 3_000 })
    const [a, b] = (await buyersAt(showId, 2)) as [Picker, Picker]
    const index = hallIndex('stalls-A-1')
    await a.press('stalls-A-1')
    await b.untilState(index, 1)
    await a.page.context().close()
    await b.untilState(index, 0, 8_000)
    await b.press('stalls-A-1')
    await b.untilOwn(index, 'mine')
  })
})

type Picker = Awaited<ReturnType<typeof buyersAt>>[number]
