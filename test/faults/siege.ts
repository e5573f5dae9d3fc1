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
/** Answers given this shortly before Redis was emptied may not have been projected yet. */
const PROJECTOR_LAG_MS_MAX = 1_000
/** An answer that was under way when Redis was emptied arrives a little later. */
const ON_THE_WAY_MS = 100

export interface SiegeOptions {
  /** Redis loses its data: young answers, and holds that were not in checkout yet, may be gone. */
  isRedisLost?: boolean
}

/**
 * Lets 50 buyers buy while the faults happen one after the other, and then asks: is every sale
 * settled within a minute, does every promise hold, do all stores agree? Answers the sales whose
 * checkout was accepted.
 */
export async function siege(
  system: System,
  faults: readonly Fault[],
  { isRedisLost = false }: SiegeOptions = {},
): Promise<Purchase[]> {
  const { purchases, faultsAtMs } = await sellDuring(system, faults)
  const mayBeGone = ({ checkedOutAtMs = 0 }: Purchase): boolean =>
    faultsAtMs.some(
      (atMs) =>
        checkedOutAtMs > atMs - PROJECTOR_LAG_MS_MAX && checkedOutAtMs < atMs + ON_THE_WAY_MS,
    )
  const paid = purchases.filter(({ checkedOutAtMs }) => checkedOutAtMs !== undefined)
  const promised = isRedisLost ? paid.filter((purchase) => !mayBeGone(purchase)) : purchases
  const owed = paid.filter((purchase) => promised.includes(purchase))
  await waitFor('every sale to be settled', async () => (await unsettled(owed)).length === 0, {
    timeoutMs: SETTLED_WITHIN_MS,
    everyMs: 500,
  })
  expect(await brokenPromises(promised)).toEqual([])
  await expectHealthy(system)
  return owed
}

async function sellDuring(system: System, faults: readonly Fault[]) {
  const showId = uniqueName('siege')
  const policy = { holdTtlMs: 20_000, paymentWindowMs: 20_000 }
  const seatIds = await createShow(system, { showId, rows: 100, seatsPerRow: 100, policy })
  const market = openMarket({
    http: system.http,
    showId,
    seatIds,
    buyers: BUYERS,
    cards: CARDS,
    purchasesMax: 10_000,
  })
  const faultsAtMs: number[] = []
  try {
    for (const fault of faults) {
      await untilBusy(market.purchases)
      faultsAtMs.push(Date.now())
      await fault.inject(system)
      await untilReady(system)
    }
    await untilBusy(market.purchases)
  } finally {
    await market.close()
  }
  return { purchases: market.purchases, faultsAtMs }
}

/** Some more sales must have gone through before the next fault: there must be traffic to hit. */
async function untilBusy(purchases: readonly Purchase[]): Promise<void> {
  const before = purchases.length
  await waitFor('buyers at work', () => purchases.length >= before + BUYERS, { timeoutMs: 60_000 })
}
