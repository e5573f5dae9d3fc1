/**
 * One client process of the contention test: many buyers pressing the same seats at once. Takes
 * its orders as JSON in the only argument and prints its history as JSON.
 */
import { randomInt } from 'node:crypto'
import { Buyer } from '../support/client.ts'
import type { History, HoldTried } from './history.ts'

interface Orders {
  http: string
  showId: string
  seatIds: string[]
  buyers: number
  attempts: number
}

const SEATS_PER_HOLD_MAX = 4
const RELEASED_OUT_OF_TEN = 3

const nowMs = (): number => performance.timeOrigin + performance.now()

async function tryToHold(buyer: Buyer, orders: Orders, history: History): Promise<HoldTried> {
  const start = randomInt(orders.seatIds.length)
  const count = 1 + randomInt(SEATS_PER_HOLD_MAX)
  const seatIds = Array.from(
    { length: count },
    (_, at) => orders.seatIds[(start + at) % orders.seatIds.length]!,
  )
  const invokedAtMs = nowMs()
  const { status, body } = await buyer.hold(orders.showId, seatIds)
  const tried: HoldTried = {
    seatIds,
    invokedAtMs,
    answeredAtMs: nowMs(),
    status,
    taken: status === 409 ? (body.seatIds ?? []) : [],
    isCheckedOut: false,
    ...(status === 201 && { reservationId: body.reservationId }),
  }
  if (status !== 201 && status !== 409) {
    history.unexpected.push(`hold: ${status} ${JSON.stringify(body)}`)
  }
  history.tried.push(tried)
  return tried
}

async function payOrRelease(buyer: Buyer, tried: HoldTried, history: History): Promise<void> {
  const { reservationId } = tried
  if (!reservationId) return
  if (randomInt(10) < RELEASED_OUT_OF_TEN) {
    tried.releaseInvokedAtMs = nowMs()
    const { status } = await buyer.release(reservationId)
    tried.releaseAnsweredAtMs = nowMs()
    if (status !== 204) history.unexpected.push(`release: ${status}`)
    return
  }
  const { status, body } = await buyer.checkout(reservationId, 'tok_ok')
  tried.isCheckedOut = status === 202
  if (status !== 202) history.unexpected.push(`checkout: ${status} ${JSON.stringify(body)}`)
}

async function main(): Promise<void> {
  const orders = JSON.parse(process.argv[2] ?? '') as Orders
  const history: History = { tried: [], unexpected: [] }
  const buyers = await Promise.all(
    Array.from({ length: orders.buyers }, () => Buyer.open(orders.http)),
  )
  await Promise.all(
    buyers.map(async (buyer) => {
      for (let attempt = 0; attempt < orders.attempts; attempt += 1) {
        await payOrRelease(buyer, await tryToHold(buyer, orders, history), history)
      }
    }),
  )
  process.stdout.write(JSON.stringify(history))
}

await main()
