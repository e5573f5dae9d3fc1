import { expect } from 'vitest'
import { uniqueName, waitFor } from '../../platform/testing/infra.ts'
import { createShow } from '../support/client.ts'
import { brokenPromises, openMarket, type Purchase, unsettled } from '../support/market.ts'
import { expectHealthy } from '../support/quiet.ts'
import type { System } from '../support/system.ts'
import { type Fault, untilReady } from './plan.ts'

const BUYERS = 50
const CARDS = ['tok_ok', 'tok_ok', 'tok_ok', 'tok_declined', 'tok_slow_300', 'tok_lost'] as const
const SETTLED_WITHIN_MS = 60_000

export interface SiegeOptions {
  /** Redis lost its data: holds that were not in checkout yet may be gone. */
  isRedisLost?: boolean
}

/**
 * Lets 50 buyers buy while the faults happen one after the other, and then asks: is every sale
 * settled within a minute, does every promise hold, do all stores agree?
 */
export async function siege(
  system: System,
  faults: readonly Fault[],
  { isRedisLost = false }: SiegeOptions = {},
): Promise<Purchase[]> {
  const showId = uniqueName('siege')
  const policy = { holdTtlMs: 20_000, paymentWindowMs: 20_000 }
  const seatIds = await createShow(system, { showId, rows: 60, seatsPerRow: 50, policy })
  const market = openMarket({
    http: system.http,
    showId,
    seatIds,
    buyers: BUYERS,
    cards: CARDS,
    purchasesMax: 200,
  })
  try {
    for (const fault of faults) {
      await untilBusy(market.purchases)
      await fault.inject(system)
      await untilReady(system)
    }
    await untilBusy(market.purchases)
  } finally {
    await market.close()
  }
  const purchases = isRedisLost
    ? market.purchases.filter(({ isCheckedOut }) => isCheckedOut)
    : market.purchases
  const paid = purchases.filter(({ isCheckedOut }) => isCheckedOut)
  await waitFor('every sale to be settled', async () => (await unsettled(paid)).length === 0, {
    timeoutMs: SETTLED_WITHIN_MS,
    everyMs: 500,
  })
  if (!isRedisLost) expect(await brokenPromises(purchases)).toEqual([])
  await expectHealthy(system)
  return purchases
}

/** Some more sales must have gone through before the next fault: there must be traffic to hit. */
async function untilBusy(purchases: readonly Purchase[]): Promise<void> {
  const before = purchases.length
  await waitFor('buyers at work', () => purchases.length >= before + BUYERS, { timeoutMs: 60_000 })
}
