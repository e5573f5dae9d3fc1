import { call, type Reservation } from './buyer.ts'
import type { Stage } from './stage.ts'

interface Entry {
  amount: { value: number }
  status?: string
}

interface Money {
  captures: number
  refunds: number
  captured: number
  refunded: number
}

const sum = (entries: readonly Entry[]): number =>
  entries.reduce((total, { amount }) => total + amount.value, 0)

/** Asks the provider itself what it captured and returned for one reservation. */
async function moneyOf(sandboxUrl: string, reservationId: string): Promise<Money> {
  const query = `reservationId=${reservationId}`
  const charges = await call<{ charges: Entry[] }>(`${sandboxUrl}/v1/charges?${query}`)
  const refunds = await call<{ refunds: Entry[] }>(`${sandboxUrl}/v1/refunds?${query}`)
  const captured = charges.body.charges.filter(({ status }) => status === 'captured')
  return {
    captures: captured.length,
    refunds: refunds.body.refunds.length,
    captured: sum(captured),
    refunded: sum(refunds.body.refunds),
  }
}

/** Prints the provider's record of every reservation of the demo and checks that it adds up. */
export async function settle(stage: Stage): Promise<void> {
  let kept = 0
  let ticketed = 0
  for (const reservation of stage.ended()) {
    const money = await moneyOf(stage.system.sandboxUrl, reservation.reservationId)
    stage.say(lineOf(reservation, money))
    stage.expect(money.captures <= 1, `${money.captures} captures`)
    stage.expect(money.refunds <= money.captures, `${money.refunds} refunds`)
    kept += money.captured - money.refunded
    if (reservation.status === 'confirmed') ticketed += reservation.amount.value
  }
  stage.say(`kept ${inFull(kept)}, price of all tickets ${inFull(ticketed)}`)
  stage.expect(kept === ticketed, 'the money kept is not the price of the tickets')
}

function lineOf({ seatIds, status }: Reservation, { captured, refunded }: Money): string {
  const money = `captured ${inFull(captured).padStart(7)}  refunded ${inFull(refunded).padStart(7)}`
  return `${seatIds.join(' ').padEnd(13)} ${status.padEnd(10)} ${money}`
}

const inFull = (value: number): string => value.toLocaleString('en')
