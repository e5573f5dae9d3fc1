/** The server goes away while two buyers look, and comes back. */
import { describe, expect, it } from 'vitest'
import { Buyer } from '../support/client.ts'
import { photograph } from './support/chromium.ts'
import { hallIndex, mapOf } from './support/halls.ts'
import { expectAccessible } from './support/looks.ts'
import { buyersAt, newHall, stage } from './support/stage.ts'

describe('a server that is killed and started again while two buyers look', () => {
  it('is missed openly, and both maps are the server’s afterwards', async () => {
    const { system } = stage()
    const showId = await newHall()
    const [a, b] = (await buyersAt(showId, 2)) as [Picker, Picker]
    await a.press('stalls-A-4')
    await a.untilOwn(hallIndex('stalls-A-4'), 'mine')

    await system.services.reservation.kill()
    const lost = a.page.getByText('The connection is lost. The map is as it was.')
    await Promise.all([
      lost.waitFor(),
      b.page.getByText('The connection is lost.').first().waitFor(),
    ])
    await expectAccessible(a.page, 'disconnected')
    await photograph(a.page, 'disconnected')
    // Pressed in the dark: it is asked for as soon as there is somebody to ask.
    await b.press('circle-D-9')
    await b.untilOwn(hallIndex('circle-D-9'), 'pending')

    await system.services.reservation.restart()
    await Promise.all([a.untilLive(showId), b.untilLive(showId)])
    await expect.poll(() => lost.isVisible()).toBe(false)
    await b.untilOwn(hallIndex('circle-D-9'), 'mine', 20_000)
    const third = await Buyer.open(system.http)
    expect((await third.hold(showId, ['stalls-D-1', 'stalls-D-2'])).status).toBe(201)
    for (const buyer of [a, b]) {
      const server = await buyer.untilSameAs(() => mapOf(system, showId))
      expect(server.held).toBe(4)
    }
    expect((await a.belief())?.own).toEqual({ [hallIndex('stalls-A-4')]: 'mine' })
  })
})

type Picker = Awaited<ReturnType<typeof buyersAt>>[number]
