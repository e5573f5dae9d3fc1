/**
 * The open loop: orders begin at a constant rate, whether or not earlier ones are done, as they do
 * when the buyers are many. Latencies count from the moment an order was due, so a system that
 * stalls is charged for everybody who had to wait.
 */
import { randomBytes } from 'node:crypto'
import { startArrivals } from './arrivals.ts'
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

/** An order that finds all of them in use is dropped, and counted. */
export const CONNECTIONS_MAX = 4_000

/** Lets orders begin until `stop`, which waits for those that have. */
export function startOpenLoop(options: OpenLoopOptions): Loop {
  const { http, tokens, seats, ordersPerS, waitEvery, onEnd } = options
  const texts = orderTexts(http)
  const run = randomBytes(6).toString('hex')
  const idle: Buyer[] = []
  const underWay = new Set<Promise<void>>()
  let figures = noFigures()
  let buyers = 0
  let orders = 0

  const takeBuyer = (): Buyer | null => {
    const free = idle.pop()
    if (free || buyers === CONNECTIONS_MAX) return free ?? null
    buyers += 1
    return new Buyer(http, { texts, figures: () => figures })
  }
  const begin = async (buyer: Buyer, beginAt: number): Promise<void> => {
    const end = await buyer.order({
      token: tokens[orders % tokens.length] as string,
      key: `${run}-${orders}`,
      seats: seats.take(),
      isWaiting: waitEvery > 0 && orders % waitEvery === 0,
      beginAt,
    })
    idle.push(buyer)
    onEnd?.(end)
  }
  const stopArrivals = startArrivals(ordersPerS, (dueAt) => {
    const buyer = takeBuyer()
    if (!buyer) {
      figures.dropped += 1
      return
    }
    orders += 1
    const order = begin(buyer, dueAt).finally(() => underWay.delete(order))
    underWay.add(order)
  })
  return {
    get figures() {
      return figures
    },
    reset() {
      figures = noFigures()
    },
    async stop() {
      stopArrivals()
      await Promise.all(underWay)
      for (const buyer of idle) buyer.close()
    },
  }
}
