/**
 * A short run of the whole comparison's way, against the real system: orders are completed, counted
 * and audited; then a seat is sold twice behind everybody's back, and the audit must say so.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serviceEnvironment } from '../config.ts'
import { runLightPhase } from '../goodput/lightPhase.ts'
import { figuresOf } from '../goodput/phase.ts'
import { openStock } from '../goodput/stock.ts'
import { startHoldfast } from '../systems/holdfast.ts'
import type { SystemUnderTest } from '../systems/system.ts'
import { plantOversell } from './plant.ts'

const HALL = { shows: 4, rows: 50, seatsPerRow: 100 }
const BUYERS = 16

let system: SystemUnderTest
const { signal } = new AbortController()

beforeAll(async () => {
  system = await startHoldfast({ signal, environment: serviceEnvironment() })
})

afterAll(() => system?.stop())

it('measures completed orders, and the audit finds nothing wrong with them', async () => {
  const stock = await openStock(system, { hall: HALL, sessions: 50 })
  const options = { buyers: BUYERS, warmUpS: 0.5, seconds: 2, signal }
  const figures = figuresOf(await runLightPhase(system, stock, options))
  expect(figures.orders).toBeGreaterThan(BUYERS)
  expect(figures.seats).toBe(2 * figures.orders)
  expect(figures).toMatchObject({ failures: {}, errorRate: 0, dropped: 0 })
  expect(figures.ordersBySecond.reduce((a, b) => a + b, 0)).toBe(figures.orders)
  expect(figures.ticketMs?.count).toBeGreaterThan(0)
  const busy = Object.entries(figures.cpuMsPerOrderBy).filter(([, ms]) => ms > 0)
  expect(busy.map(([name]) => name)).toEqual(
    expect.arrayContaining(['redis', 'mariadb', 'kafka', 'reservation', 'payment', 'ticket']),
  )
  const audit = await system.audit()
  expect(audit).toMatchObject({ ok: true, findings: [], counts: { findings: 0, refunds: 0 } })
  expect(audit.counts.ordersConfirmed).toBeGreaterThanOrEqual(figures.orders)
  expect(audit.counts.liveTickets).toBe(2 * (audit.counts.ordersConfirmed ?? 0))
})

it('finds a seat that was sold twice', async () => {
  await plantOversell(system)
  const audit = await system.audit()
  expect(audit.ok).toBe(false)
  expect(audit.counts.I1Findings).toBe(1)
  expect(audit.findings[0]).toMatch(/^I1: seat .* has two live tickets/)
})
