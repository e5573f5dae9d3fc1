import { call } from './buyer.ts'
import type { Stage } from './stage.ts'

interface Entry {
  amount: { value: number }
  status?: string
}

const sum = (entries: readonly Entry[]): number =>
  entries.reduce((total, { amount }) => total + amount.value, 0)

/** Asks the provider itself what it captured and returned for one reservation. */
async function moneyOf(sandboxUrl: string, reservationId: string) {
  const query = `reservationId=${reservationId}`
  const charges = await call<{ charges: Entry[] }>(`${sandboxUrl}/v1/charges?${query}`)
  const refunds = await call<{ refunds: Entry[] }>(`${sandboxUrl}/v1/refunds?${query}`)
  const captured = charges.body.charges.filter(({ status }) => status === 'captured')
  return { captured, refunds: refunds.body.refunds }
}

/** Prints the provider's record of every reservation of the demo and checks that it adds up. */
export async function settle(stage: Stage): Promise<void> {
  let kept = 0
  let ticketed = 0
  for (const { reservationId, seatIds, amount } of stage.played()) {
    const { captured, refunds } = await moneyOf(stage.system.sandboxUrl, reservationId)
    const status = stage.hops.lastTopicOf(reservationId)
    stage.say(
      `${reservationId}  ${seatIds.join(' ').padEnd(14)} captured ${money(sum(captured))}` +
        `  refunded ${money(sum(refunds))}  last ${status}`,
    )
    kept += sum(captured) - sum(refunds)
    if (status === 'seat_confirm') ticketed += amount.value
    stage.expect(captured.length <= 1, `${captured.length} captures for ${reservationId}`)
    stage.expect(refunds.length <= captured.length, `${refunds.length} refunds`)
  }
  stage.say(`kept ${money(kept)}, worth of tickets ${money(ticketed)}`)
  stage.expect(kept === ticketed, 'the money kept is not the price of the tickets')
}

const money = (value: number): string => value.toLocaleString('en').padStart(8)
