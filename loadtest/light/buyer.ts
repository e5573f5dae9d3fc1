/** One buyer at one connection: holds two seats, checks out, and may wait for the ticket. */
import { setTimeout as pause } from 'node:timers/promises'
import { headerOf, RawConnection } from './connection.ts'
import { countFailure, type Figures } from './figures.ts'
import { isConfirmed, type OrderTexts, reservationIdIn } from './orders.ts'
import type { SeatPair } from './seats.ts'

export interface Order {
  token: string
  key: string
  seats: SeatPair
  /** Whether the buyer waits for the ticket. */
  isWaiting: boolean
  /** When the buyer meant to begin, by performance.now(). */
  beginAt: number
}

export type OrderEnd =
  | { type: 'accepted'; reservationId: string; isConfirmed: boolean }
  | { type: 'failed'; name: string }

const WAIT_S = 30
const RETRY_MS_MAX = 2_000
/** A buyer who is told to come back so often gives up. */
const RETRIES_MAX = 30

export class Buyer {
  readonly #connection: RawConnection
  readonly #texts: OrderTexts
  readonly #figures: () => Figures

  /** @param figures where to count; asked each time, for a warm-up's are thrown away */
  constructor(http: string, options: { texts: OrderTexts; figures: () => Figures }) {
    const { hostname, port } = new URL(http)
    this.#connection = new RawConnection({ host: hostname, port: Number(port) })
    this.#texts = options.texts
    this.#figures = options.figures
  }

  close(): void {
    this.#connection.close()
  }

  async order(order: Order): Promise<OrderEnd> {
    const { token, key } = order
    const held = await this.#ask(this.#texts.hold(order))
    if (held.type === 'failed') return held
    const checkoutAt = performance.now()
    this.#figures().holdMs.push(checkoutAt - order.beginAt)
    const reservationId = reservationIdIn(held.text)
    const paid = await this.#ask(this.#texts.checkout({ token, key, reservationId }))
    if (paid.type === 'failed') return paid
    const figures = this.#figures()
    figures.checkoutMs.push(performance.now() - checkoutAt)
    // 202 promises; any other 2xx has done it, or says why not.
    const isDone = paid.status !== 202
    if (isDone && !isConfirmed(paid.text)) return this.#fail('turned down')
    figures.accepted += 1
    if (isDone) figures.ticketMs.push(performance.now() - checkoutAt)
    else if (order.isWaiting) await this.#waitForTicket({ token, reservationId, checkoutAt })
    return { type: 'accepted', reservationId, isConfirmed: isDone }
  }

  async #waitForTicket(one: { token: string; reservationId: string; checkoutAt: number }) {
    const answer = await this.#ask(this.#texts.wait({ ...one, waitS: WAIT_S }))
    if (answer.type === 'failed') return
    if (isConfirmed(answer.text)) this.#figures().ticketMs.push(performance.now() - one.checkoutAt)
    else this.#fail('no ticket in time')
  }

  /** Sends a request until the answer is another than 503 with Retry-After. */
  async #ask(
    request: string,
  ): Promise<{ type: 'answered'; status: number; text: string } | (OrderEnd & { type: 'failed' })> {
    for (let retries = 0; ; retries += 1) {
      const { status, text } = await this.#connection.ask(request)
      if (status >= 200 && status < 300) return { type: 'answered', status, text }
      const retryS = status === 503 ? headerOf(text, 'retry-after') : ''
      if (retryS === '' || retries === RETRIES_MAX) {
        return this.#fail(status === 0 ? 'lost' : String(status))
      }
      this.#figures().refused += 1
      await pause(Math.min(Number(retryS) * 1_000, RETRY_MS_MAX))
    }
  }

  #fail(name: string): OrderEnd & { type: 'failed' } {
    countFailure(this.#figures(), name)
    return { type: 'failed', name }
  }
}
