/** One run of one system with the light generator: warm up, measure, come to rest. */
import { setTimeout as pause } from 'node:timers/promises'
import { type ClosedLoop, type LoopFigures, startClosedLoop } from '../light/closedLoop.ts'
import { openSessions, openShows } from '../light/prepare.ts'
import { cpuMsOf, startCpuMeter } from '../systems/cpu.ts'
import type { SystemUnderTest } from '../systems/system.ts'

export interface GoodputOptions {
  warmUpS: number
  seconds: number
  buyers: number
  waitEvery: number
  say: (line: string) => void
  signal: AbortSignal
}

export interface GoodputFigures {
  system: string
  seconds: number
  /** Completed in the window. */
  orders: number
  ordersPerS: number
  seatsPerS: number
  accepted: number
  refused: number
  failures: Record<string, number>
  /** CPU milliseconds per completed order of each server process. */
  cpuMsPerOrder: Record<string, number>
  cpuMsPerOrderTotal: number
  generatorCpuMsPerOrder: number
  /** From the end of the window until nothing was under way. */
  restMs: number
  holdMs: number[]
  checkoutMs: number[]
  ticketMs: number[]
}

const HALL = { shows: 64, rows: 250, seatsPerRow: 100 }
const SESSIONS = 2_000
const REST_WITHIN_MS = 120_000

export async function runGoodput(
  system: SystemUnderTest,
  options: GoodputOptions,
): Promise<GoodputFigures> {
  const { say, signal } = options
  say(`${system.name}: opening ${HALL.shows} shows and ${SESSIONS} sessions`)
  const seats = await openShows(system, HALL)
  const tokens = await openSessions(system.http, SESSIONS)
  const { buyers } = options
  const waitEvery = system.isAsynchronous ? options.waitEvery : 0
  const loop = startClosedLoop({ http: system.http, tokens, seats, buyers, waitEvery })
  try {
    say(`${system.name}: warming up for ${options.warmUpS} s with ${buyers} buyers`)
    await pause(options.warmUpS * 1_000, undefined, { signal })
    return await measure(system, loop, options)
  } finally {
    await loop.stop()
  }
}

async function measure(
  system: SystemUnderTest,
  loop: ClosedLoop,
  { seconds, say, signal }: GoodputOptions,
): Promise<GoodputFigures> {
  loop.reset()
  const cpu = startCpuMeter(() => system.processes())
  const generatorMs = cpuMsOf('self')
  const fromMs = Date.now()
  const watch = setInterval(() => say(`${system.name}: ${loop.figures.accepted} accepted`), 5_000)
  try {
    await pause(seconds * 1_000, undefined, { signal })
  } finally {
    clearInterval(watch)
  }
  const untilMs = Date.now()
  const used = cpu()
  const generatorUsedMs = cpuMsOf('self') - generatorMs
  const figures = { ...loop.figures }
  await loop.stop()
  await system.rest({ withinMs: REST_WITHIN_MS })
  const restMs = Date.now() - untilMs
  const { orders, seats } = await system.completions({ fromMs, untilMs })
  const s = (untilMs - fromMs) / 1_000
  const perOrder = Object.fromEntries([...used].map(([name, ms]) => [name, ms / orders]))
  return {
    ...seenBy(figures),
    system: system.name,
    seconds: s,
    orders,
    ordersPerS: orders / s,
    seatsPerS: seats / s,
    cpuMsPerOrder: perOrder,
    cpuMsPerOrderTotal: Object.values(perOrder).reduce((a, b) => a + b, 0),
    generatorCpuMsPerOrder: generatorUsedMs / orders,
    restMs,
  }
}

const seenBy = (figures: LoopFigures) => ({
  accepted: figures.accepted,
  refused: figures.refused,
  failures: Object.fromEntries(figures.failures),
  holdMs: figures.holdMs,
  checkoutMs: figures.checkoutMs,
  ticketMs: figures.ticketMs,
})
