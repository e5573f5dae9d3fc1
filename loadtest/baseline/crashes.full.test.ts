import { afterEach, describe, expect, it } from 'vitest'
import { uniqueName, waitFor } from '../../platform/testing/infra.ts'
import { Buyer, createShow } from '../../test/support/client.ts'
import { VARIANTS } from './api.ts'
import type { Baseline, BaselineProcess } from './launch.ts'
import { findingsAtRest, moneyOf, startTestBaseline } from './testkit.ts'

interface Crash {
  process: Exclude<BaselineProcess, 'sandbox'>
  failpoint: string
  /** `tok_ok` unless it says otherwise. */
  card?: string
  /** A service that is down until the crash. */
  without?: 'ticket'
  /** How an order that met the crash may end. */
  ends: readonly string[]
}

const CRASHES: readonly Crash[] = [
  { process: 'order', failpoint: 'order.after-payment', ends: ['confirmed'] },
  { process: 'order', failpoint: 'order.after-ticket', ends: ['confirmed'] },
  { process: 'order', failpoint: 'order.after-seats', ends: ['confirmed'] },
  { process: 'order', failpoint: 'order.after-notice', ends: ['confirmed'] },
  // Once it has turned back it stays so, though it could go forward by now.
  { process: 'order', failpoint: 'order.reversing', without: 'ticket', ends: ['refunded'] },
  // Longer than payment waits for its provider, so the order is turned back, twice.
  { process: 'order', failpoint: 'order.reversing', card: 'tok_slow_3000', ends: ['refunded'] },
  { process: 'payment', failpoint: 'payment.before-charge', ends: ['refunded', 'cancelled'] },
  { process: 'payment', failpoint: 'payment.after-charge', ends: ['refunded'] },
  { process: 'ticket', failpoint: 'ticket.after-issue', ends: ['refunded'] },
]

let baseline: Baseline | undefined

afterEach(async () => {
  await baseline?.stop()
  baseline = undefined
})

describe.each(VARIANTS)('an order of the %s baseline', (variant) => {
  it.each(CRASHES)('comes to its end when $process is killed at $failpoint', async (crash) => {
    const { process, failpoint, card, without, ends } = crash
    // At the second pass: a process that was started again must get past it. The first is another
    // order's, unless one order passes twice by itself.
    const env = { FAILPOINTS: `${failpoint}=kill@2` }
    baseline = await startTestBaseline(variant, { envOf: { [process]: env } })
    const showId = uniqueName('show')
    await createShow(baseline, { showId, rows: 2, seatsPerRow: 2 })
    const buyer = await Buyer.open(baseline.http)
    const hold = async (row: number) =>
      (await buyer.hold(showId, [`A-${row}-1`, `A-${row}-2`])).body.reservationId
    if (without) await baseline.services[without].kill()
    if (!card) await buyer.checkout(await hold(1), 'tok_ok')

    const reservationId = await hold(2)
    const checkout = buyer.checkout(reservationId, card ?? 'tok_ok')
    const server = baseline.services[process]
    await waitFor(`${process} to be killed`, () => !server.isAlive(), { timeoutMs: 20_000 })
    if (without) await baseline.services[without].restart()
    await server.restart()
    const { status } = (await checkout).body
    expect(ends).toContain(status)
    const { captures, refunds } = await moneyOf(baseline, reservationId)
    expect(captures - refunds).toBe(status === 'confirmed' ? 1 : 0)
    expect(await findingsAtRest(baseline)).toEqual([])
  })
})
