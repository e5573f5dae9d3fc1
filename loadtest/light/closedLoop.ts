/**
 * The closed loop: buyers who order again as soon as they are done, as many as it takes to keep a
 * system busy. Each buyer has one connection and one request under way.
 *
 * Where a checkout is answered before the order is completed, a buyer waits for its ticket at
 * every `waitEvery`th order: so the orders under way are bounded, by buyers times `waitEvery`.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Buyer } from './buyer.ts'
import { type Figures, noFigures } from './figures.ts'
import { orderTexts } from './orders.ts'
import type { SeatSupply } from './seats.ts'

export interface ClosedLoopOptions {
  http: string
  tokens: readonly string[]
  seats: SeatSupply
  buyers: number
  /** A buyer waits for the ticket of every so-manieth order; 0: never. */
  waitEvery: number
}

export interface Loop {
  readonly figures: Figures
  /** Forgets what was seen so far: the warm-up. */
  reset(): void
  /** Lets every buyer finish its order, and closes the connections. */
  stop(): Promise<void>
}

/** A buyer whose order failed looks at the screen for a moment. */
const FAILURE_PAUSE_MS = 50

/** Sets the buyers to work. */
export function startClosedLoop(options: ClosedLoopOptions): Loop {
  const { http, tokens, seats, buyers, waitEvery } = options
  const texts = orderTexts(http)
  const run = randomBytes(6).toString('hex')
  let figures = noFigures()
  let orders = 0
  let isOpen = true

  const work = async (ordinal: number): Promise<void> => {
    const buyer = new Buyer(http, { texts, figures: () => figures })
    try {
      // Buyers begin at different points of their round, so that they do not wait in step.
      for (let made = ordinal; isOpen; made += 1) {
        orders += 1
        const end = await buyer.order({
          token: tokens[orders % tokens.length] as string,
          key: `${run}-${orders}`,
          seats: seats.take(),
          isWaiting: waitEvery > 0 && made % waitEvery === 0,
          beginAt: performance.now(),
        })
        if (end.type === 'failed') await pause(FAILURE_PAUSE_MS)
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
