/** The closed loop of the light generator: how many buyers suit a system, and what they achieve. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Loop, startClosedLoop } from '../light/closedLoop.ts'
import { cpuMsOf, startCpuMeter } from '../systems/cpu.ts'
import type { TimeWindow } from '../systems/orderBooks.ts'
import { processesOf, type SystemUnderTest } from '../systems/system.ts'
import { type GeneratorFigures, latenciesOf, type Measured } from './phase.ts'
import type { Stock } from './stock.ts'

/**
 * Where a checkout is answered before the order is completed, so many of a buyer's orders may be
 * under way: it waits for the ticket of the last of them.
 */
export const ORDERS_UNDER_WAY_PER_BUYER = 16
/** How many buyers are tried. */
export const LADDER = [64, 128, 256, 512] as const
const NEARLY = 0.95
const SETTLING_SHARE = 0.4
export const REST_WITHIN_MS = 180_000

export interface Duration {
  warmUpS: number
  seconds: number
}

const startLoop = (system: SystemUnderTest, stock: Stock, buyers: number): Loop =>
  startClosedLoop({
    http: system.http,
    ...stock,
    buyers,
    waitEvery: system.isAsynchronous ? ORDERS_UNDER_WAY_PER_BUYER : 0,
  })

export interface Rung {
  buyers: number
  ordersPerS: number
}

/** Beyond the knee more buyers only wait longer: the fewest that achieve nearly the most. */
export function kneeOf(tried: readonly Rung[]): Rung {
  const most = tried.reduce((max, { ordersPerS }) => Math.max(max, ordersPerS), 0)
  const knee = tried.find(({ ordersPerS }) => ordersPerS >= NEARLY * most)
  if (!knee) throw new RangeError('no rung of the ladder was tried')
  return knee
}

/** Tries each rung of the ladder for `stepS` seconds; warms the system up on the way. */
export async function findBestCrowd(
  system: SystemUnderTest,
  stock: Stock,
  { stepS, signal }: { stepS: number; signal: AbortSignal },
): Promise<{ buyers: number; tried: Rung[] }> {
  const windows: (TimeWindow & { buyers: number })[] = []
  for (const buyers of LADDER) {
    const loop = startLoop(system, stock, buyers)
    try {
      await pause(stepS * SETTLING_SHARE * 1_000, undefined, { signal })
      const fromMs = Date.now()
      await pause(stepS * (1 - SETTLING_SHARE) * 1_000, undefined, { signal })
      windows.push({ buyers, fromMs, untilMs: Date.now() })
    } finally {
      await loop.stop()
    }
  }
  await system.books.rest({ withinMs: REST_WITHIN_MS, signal })
  const tried: Rung[] = []
  for (const { buyers, ...window } of windows) {
    const { length } = await system.books.completions(window)
    tried.push({ buyers, ordersPerS: (length * 1_000) / (window.untilMs - window.fromMs) })
  }
  return { buyers: kneeOf(tried).buyers, tried }
}

/** Warms up, measures, and waits until nothing is under way. */
export async function runLightPhase(
  system: SystemUnderTest,
  stock: Stock,
  options: Duration & { buyers: number; signal: AbortSignal },
): Promise<Measured> {
  const { buyers, warmUpS, seconds, signal } = options
  const loop = startLoop(system, stock, buyers)
  try {
    await pause(warmUpS * 1_000, undefined, { signal })
    loop.reset()
    const readCpu = startCpuMeter(() => processesOf(system))
    const ownCpuMs = cpuMsOf('self')
    const fromMs = Date.now()
    await pause(seconds * 1_000, undefined, { signal })
    const window = { fromMs, untilMs: Date.now() }
    const cpu = readCpu()
    const seen = seenBy(loop, { buyers, cpuMs: cpuMsOf('self') - ownCpuMs })
    await loop.stop()
    const restMs = await restOf(system, { since: window.untilMs, signal })
    const completions = await system.books.completions(window)
    return { generator: 'light', window, seen, cpu, completions, restMs }
  } finally {
    await loop.stop()
  }
}

export function seenBy(loop: Loop, own: { buyers: number; cpuMs: number }): GeneratorFigures {
  const { accepted, refused, dropped, failures, ...collected } = loop.figures
  return {
    ...own,
    accepted,
    refused,
    dropped,
    failures: Object.fromEntries(failures),
    ...latenciesOf(collected),
  }
}

/** Waits until nothing is under way; answers how long that took. */
export async function restOf(
  system: SystemUnderTest,
  { since, signal }: { since: number; signal: AbortSignal },
): Promise<number> {
  await system.books.rest({ withinMs: REST_WITHIN_MS, signal })
  return Date.now() - since
}
