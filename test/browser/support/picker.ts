/** The seat picker in one browser, in the words of a buyer. */
import type { Locator, Page } from 'playwright-core'
import { waitFor } from '../../../platform/testing/infra.ts'
import type { SeatMapView } from './halls.ts'

/** What the page says of itself (web/app/diagnostics.ts), as far as it can leave the page. */
interface Belief {
  showId: string
  liveness: string
  version: string
  states: string
  own: Record<string, string>
}

interface Point {
  x: number
  y: number
  sizePx: number
}

type PageGlobals = {
  holdfast?: () => Belief & { pointOf(seatId: string): Point | null }
}

const SEATS_FROM_PX = 7.5

export class Picker {
  readonly page: Page
  readonly #http: string

  constructor(page: Page, http: string) {
    this.page = page
    this.#http = http
  }

  /** Another tab of the same browser: the same person, with the same storage. */
  async newTab(): Promise<Picker> {
    return new Picker(await this.page.context().newPage(), this.#http)
  }

  /** The reservation that a ticket of this buyer's belongs to, by the server's word. */
  reservationOf(ticketId: string): Promise<string> {
    return this.page.evaluate(async (id) => {
      const { localStorage } = globalThis as unknown as {
        localStorage: { getItem(name: string): string | null }
      }
      const { token } = JSON.parse(localStorage.getItem('holdfast.session') ?? '{}')
      const headers = { authorization: `Bearer ${token}` }
      const ticket = await fetch(`/v1/tickets/${id}`, { headers })
      return ((await ticket.json()) as { reservationId: string }).reservationId
    }, ticketId)
  }

  async open(showId: string): Promise<void> {
    await this.page.goto(`${this.#http}/#/shows/${showId}`)
    await this.untilLive(showId)
  }

  async untilLive(showId: string): Promise<void> {
    await waitFor(
      `a live map of ${showId}`,
      async () => {
        const belief = await this.belief()
        return belief?.showId === showId && belief.liveness === 'live'
      },
      { timeoutMs: 20_000 },
    )
  }

  belief(): Promise<Belief | null> {
    return this.page.evaluate(() => {
      const told = (globalThis as PageGlobals).holdfast?.()
      if (!told) return null
      const { showId, liveness, version, states, own } = told
      return { showId, liveness, version, states, own }
    })
  }

  /** The state that the page has of a seat: 0 free, 1 held, 2 sold, 3 blocked. */
  async stateAt(index: number): Promise<number> {
    const bytes = Buffer.from((await this.belief())?.states ?? '', 'base64')
    return ((bytes[index >> 2] ?? 0) >> ((index & 3) * 2)) & 3
  }

  /** Waits until the page has a seat in a state. */
  async untilState(index: number, state: number, withinMs = 5_000): Promise<void> {
    const isThere = async () => (await this.stateAt(index)) === state
    await waitFor(`seat ${index} in state ${state}`, isThere, { timeoutMs: withinMs })
  }

  async untilOwn(index: number, look: string | undefined, withinMs = 10_000): Promise<void> {
    const isThere = async () => (await this.belief())?.own[String(index)] === look
    await waitFor(`own seat ${index} as ${look}`, isThere, { timeoutMs: withinMs })
  }

  /** Where a seat is in the window, once it is drawn as a seat. */
  async pointOf(seatId: string): Promise<{ x: number; y: number }> {
    const { x, y, sizePx } = await this.whereIs(seatId)
    if (sizePx < SEATS_FROM_PX) throw new Error(`${seatId} is too far away to be pressed`)
    return { x, y }
  }

  /** Where a seat is in the window, however small. */
  async whereIs(seatId: string): Promise<Point> {
    const canvas = await this.page.locator('canvas').boundingBox()
    const point = await waitFor(`${seatId} on the map`, () =>
      this.page.evaluate(
        (id) => (globalThis as PageGlobals).holdfast?.().pointOf(id) ?? null,
        seatId,
      ),
    )
    if (!canvas) throw new Error('there is no map')
    return { x: canvas.x + point.x, y: canvas.y + point.y, sizePx: point.sizePx }
  }

  async press(seatId: string): Promise<void> {
    const { x, y } = await this.pointOf(seatId)
    await this.page.mouse.click(x, y)
    // Away from the seat, so that no ring lies on it.
    await this.page.mouse.move(2, 2)
  }

  /** The colour in the middle of a seat as `r,g,b`. */
  async colourOf(seatId: string): Promise<string> {
    return (await this.#pixels(await this.pointOf(seatId), 1)).slice(0, 3).join()
  }

  /** Red, green, blue and opacity of every pixel where a seat is, its surroundings included. */
  async pictureOf(seatId: string): Promise<number[]> {
    const { x, y, sizePx } = await this.whereIs(seatId)
    return this.#pixels({ x, y }, Math.round(sizePx * 1.5))
  }

  /** Of a square of the map around a point of the window. */
  #pixels(middle: { x: number; y: number }, edgePx: number): Promise<number[]> {
    return this.page.evaluate(
      ({ x, y, edge }) => {
        // No DOM types here: this file is checked with those of Node.
        type Canvas = {
          width: number
          getBoundingClientRect(): { left: number; top: number; width: number }
          getContext(kind: '2d'): {
            getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray }
          }
        }
        const { document } = globalThis as unknown as {
          document: { querySelector(selector: string): Canvas }
        }
        const canvas = document.querySelector('canvas')
        const { left, top, width } = canvas.getBoundingClientRect()
        const ratio = canvas.width / width
        const [px, py] = [(x - left) * ratio, (y - top) * ratio].map((at) =>
          Math.round(at - (edge - 1) / 2),
        ) as [number, number]
        return [...canvas.getContext('2d').getImageData(px, py, edge, edge).data]
      },
      { ...middle, edge: edgePx },
    )
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name })
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { name })
  }

  /** Goes to the payment and pays with the card of that name. */
  async pay(card: RegExp): Promise<void> {
    await this.page.getByRole('button', { name: 'Go to payment' }).click()
    await this.page.getByRole('radio', { name: card }).check()
    await this.button(/^Pay /).click()
  }

  async untilTickets(count: number): Promise<string[]> {
    await this.page
      .locator('.ticket')
      .nth(count - 1)
      .waitFor({ timeout: 15_000 })
    return this.page.locator('.ticket code').allTextContents()
  }

  /** Waits until the page has the very map of the server; answers it. */
  async untilSameAs(server: () => Promise<SeatMapView>): Promise<SeatMapView> {
    let last: SeatMapView | undefined
    await waitFor(
      'the map of the page to be the server’s',
      async () => {
        const [belief, view] = [await this.belief(), await server()]
        last = view
        return belief?.version === view.version && belief.states === view.states
      },
      { timeoutMs: 15_000, everyMs: 50 },
    )
    return last as SeatMapView
  }
}
