/**
 * The open loop: orders begin at a constant rate, whether or not earlier ones are done, as they do
 * when the buyers are many. Latencies count from the moment an order was due, so a system that
 * stalls is charged for everybody who had to wait.
 */
import { randomBytes } from 'node:crypto'
import { serveArrivals } from './arrivals.ts'
import { Buyer, type OrderEnd } from './buyer.ts'
import type { Loop } from './closedLoop.ts'
import { noFigures } from './figures.ts'
import { orderTexts } from './orders.ts'
import type { SeatSupply } from './seats.ts'

export interface OpenLoopOptions {
  http: string
  tokens: readonly string[]
  seats: SeatSupply
  ordersPerS: number
  /** Every so-manieth buyer waits for the ticket; 0: nobody. */
  waitEvery: number
  /** Told of every order that has come to an answer. */
  onEnd?: (end: OrderEnd) => void
}

/** Lets orders begin until `stop`, which waits for those that have. */
export function startOpenLoop(options: OpenLoopOptions): Loop {
  const { http, tokens, seats, ordersPerS, waitEvery, onEnd } = options
  const texts = orderTexts(http)
  const run = randomBytes(6).toString('hex')
  let figures = noFigures()
  let orders = 0
  const stop = serveArrivals({
    ratePerS: ordersPerS,
    open: () => new Buyer(http, { texts, figures: () => figures }),
    onDropped: () => {
      figures.dropped += 1
    },
    work: async (buyer, beginAt) => {
      orders += 1
      const end = await buyer.order({
        token: tokens[orders % tokens.length] as string,
        key: `${run}-${orders}`,
        seats: seats.take(),
        isWaiting: waitEvery > 0 && orders % waitEvery === 0,
        beginAt,
      })
      onEnd?.(end)
    },
  })
  return {
    get figures() {
      return figures
    },
    reset() {
      figures = noFigures()
    },
    stop,
  }
}
