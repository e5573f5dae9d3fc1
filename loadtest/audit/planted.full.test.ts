/** The same for the chain, whose stores the audit must be able to read as well. */
import { afterEach, describe, expect, it } from 'vitest'
import { VARIANTS } from '../baseline/api.ts'
import { serviceEnvironment } from '../config.ts'
import { runLightPhase } from '../goodput/lightPhase.ts'
import { figuresOf } from '../goodput/phase.ts'
import { openStock } from '../goodput/stock.ts'
import { startBaselineSystem } from '../systems/baseline.ts'
import type { SystemUnderTest } from '../systems/system.ts'
import { plantOversell } from './plant.ts'

const HALL = { shows: 4, rows: 50, seatsPerRow: 100 }

let system: SystemUnderTest | undefined
const { signal } = new AbortController()

afterEach(async () => {
  await system?.stop()
  system = undefined
})

describe.each(VARIANTS)('the %s chain', (variant) => {
  it('is measured and audited, and a seat that was sold twice is found', async () => {
    system = await startBaselineSystem(variant, { signal, environment: serviceEnvironment() })
    const stock = await openStock(system, { hall: HALL, sessions: 50 })
    const options = { buyers: 16, warmUpS: 0.5, seconds: 2, signal }
    const figures = figuresOf(await runLightPhase(system, stock, options))
    expect(figures).toMatchObject({ failures: {}, errorRate: 0 })
    expect(figures.orders).toBeGreaterThan(16)
    const before = await system.audit()
    expect(before).toMatchObject({ ok: true, counts: { findings: 0 } })
    expect(before.counts.ordersConfirmed).toBeGreaterThanOrEqual(figures.orders)
    await plantOversell(system)
    const after = await system.audit()
    expect(after.ok).toBe(false)
    expect(after.counts.I1Findings).toBe(1)
  })
})
