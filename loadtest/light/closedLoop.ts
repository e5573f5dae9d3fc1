/**
 * The closed loop: buyers who order again as soon as they are done, as many as it takes to keep a
 * system busy. Each buyer has one connection and one request under way.
 *
 * Where a checkout is answered before the order is completed, a buyer waits for its ticket at
 * every `waitEvery`th order: so the orders under way are bounded, by buyers times `waitEvery`.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { headerOf, RawConnection } from './connection.ts'
import { isConfirmed, type OrderTexts, orderTexts, reservationIdIn } from './orders.ts'
import type { SeatSupply } from './seats.ts'

export interface ClosedLoopOptions {
  http: string
  tokens: readonly string[]
  seats: SeatSupply
  buyers: number
  /** A buyer waits for the ticket of every so-manieth order; 0: never. */
  waitEvery: number
}

/** What the buyers have seen so far. */
export interface LoopFigures {
  /** Checkouts that were answered with 2xx. */
  accepted: number
  /** Accepted orders whose answer already said confirmed. */
  confirmed: number
  /** Answers by status where something else was hoped for; 0 is a lost connection. */
  failures: Map<number, number>
  /** 503 with Retry-After: asked again later with the same key. */
  refused: number
  holdMs: number[]
  checkoutMs: number[]
  /** From the checkout's request until the ticket was seen, of the orders that were waited for. */
  ticketMs: number[]
}

export interface ClosedLoop {
  readonly figures: LoopFigures
  /** Forgets what was seen so far: the warm-up. */
  reset(): void
  /** Lets every buyer finish its order, and closes the connections. */
  stop(): Promise<void>
}

const WAIT_S = 30
const RETRY_MS_MAX = 2_000
const FAILURE_PAUSE_MS = 50

const noFigures = (): LoopFigures => ({
  accepted: 0,
  confirmed: 0,
  failures: new Map(),
  refused: 0,
  holdMs: [],
  checkoutMs: [],
  ticketMs: [],
})

class Buyer {
  readonly #connection: RawConnection
  readonly #texts: OrderTexts
  readonly #figures: () => LoopFigures

  constructor(http: string, texts: OrderTexts, figures: () => LoopFigures) {
    const { hostname, port } = new URL(http)
    this.#connection = new RawConnection({ host: hostname, port: Number(port) })
    this.#texts = texts
    this.#figures = figures
  }

  close(): void {
    this.#connection.close()
  }

  /** One order from hold to checkout, and to the ticket when `isWaiting`. */
  async order(one: { token: string; key: string; isWaiting: boolean; seats: SeatSupply }) {
    const { token, key, isWaiting } = one
    const heldAt = performance.now()
    const held = await this.#ask(this.#texts.hold({ token, key, seats: one.seats.take() }))
    if (held === null) return
    const checkoutAt = performance.now()
    this.#figures().holdMs.push(checkoutAt - heldAt)
    const reservationId = reservationIdIn(held)
    const paid = await this.#ask(this.#texts.checkout({ token, key, reservationId }))
    if (paid === null) return
    const figures = this.#figures()
    figures.checkoutMs.push(performance.now() - checkoutAt)
    figures.accepted += 1
    if (isConfirmed(paid)) {
      figures.confirmed += 1
      figures.ticketMs.push(performance.now() - checkoutAt)
    } else if (isWaiting) await this.#waitForTicket({ token, reservationId, checkoutAt })
  }

  async #waitForTicket(one: { token: string; reservationId: string; checkoutAt: number }) {
    const answer = await this.#ask(this.#texts.wait({ ...one, waitS: WAIT_S }))
    const figures = this.#figures()
    if (answer !== null && isConfirmed(answer)) {
      figures.ticketMs.push(performance.now() - one.checkoutAt)
    } else if (answer !== null) count(figures.failures, 200)
  }

  /** The text of a 2xx answer, or null for a failure, which is counted. */
  async #ask(request: string): Promise<string | null> {
    for (;;) {
      const { status, text } = await this.#connection.ask(request)
      if (status >= 200 && status < 300) return text
      const retryS = status === 503 ? headerOf(text, 'retry-after') : ''
      if (retryS === '') {
        count(this.#figures().failures, status)
        await pause(FAILURE_PAUSE_MS)
        return null
      }
      this.#figures().refused += 1
      await pause(Math.min(Number(retryS) * 1_000, RETRY_MS_MAX))
    }
  }
}

const count = (counts: Map<number, number>, status: number): void => {
  counts.set(status, (counts.get(status) ?? 0) + 1)
}

/** Sets the buyers to work. */
export function startClosedLoop(options: ClosedLoopOptions): ClosedLoop {
  const { http, tokens, seats, buyers, waitEvery } = options
  const texts = orderTexts(http)
  const run = randomBytes(6).toString('hex')
  let figures = noFigures()
  let orders = 0
  let isOpen = true

  const work = async (ordinal: number): Promise<void> => {
    const buyer = new Buyer(http, texts, () => figures)
    try {
      // Buyers begin at different points of their round, so that they do not wait in step.
      for (let made = ordinal; isOpen; made += 1) {
        orders += 1
        const token = tokens[orders % tokens.length] as string
        const isWaiting = waitEvery > 0 && made % waitEvery === 0
        await buyer.order({ token, key: `${run}-${orders}`, isWaiting, seats })
      }
    } finally {
      buyer.close()
    }
  }
  const crowd = Promise.all(Array.from({ length: buyers }, (_, at) => work(at)))
  // A buyer's bug is reported by stop(); without this it would end the process before.
  crowd.catch(() => {
    isOpen = false
  })
  return {
    get figures() {
      return figures
    },
    reset() {
      figures = noFigures()
    },
    async stop() {
      isOpen = false
      await crowd
    },
  }
}
