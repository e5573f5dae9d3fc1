/** How long buyers wait at 25, 50 and 80 % of what each system can do, and when it is idle. */
import { setTimeout as pause } from 'node:timers/promises'
import type { BenchContext, Failure } from '../bench/context.ts'
import { findBestCrowd, REST_WITHIN_MS, seenBy } from '../goodput/lightPhase.ts'
import type { GeneratorFigures } from '../goodput/phase.ts'
import { openStock, type Stock } from '../goodput/stock.ts'
import { type Loop, startClosedLoop } from '../light/closedLoop.ts'
import { startOpenLoop } from '../light/openLoop.ts'
import type { LineChart } from '../report/chart.ts'
import { numberText } from '../report/format.ts'
import type { Table } from '../report/model.ts'
import type { Distribution } from '../statistics/summary.ts'
import { cpuMsOf } from '../systems/cpu.ts'
import { SYSTEM_NAMES, type SystemName, type SystemUnderTest } from '../systems/system.ts'
import { type Found, failureOfAudit, onSystem, type ScenarioOutcome } from './outcome.ts'

const SHARES = [0.25, 0.5, 0.8] as const
/** Enough to draw the distribution of the ticket's latency without doubling the reads. */
const WAIT_EVERY = 4
const LADDER_STEP_S = 3

interface Level {
  /** Of the system's own peak; 0 for a single buyer on an idle system. */
  share: number
  /** Orders per second that were meant to begin. */
  ordersPerS: number
  seen: GeneratorFigures
}

interface SystemLatency {
  system: SystemName
  peakPerS: number
  levels: Level[]
}

export async function runLatency(context: BenchContext, found: Found): Promise<ScenarioOutcome> {
  const results: SystemLatency[] = []
  const failures: Failure[] = []
  for (const name of SYSTEM_NAMES) {
    context.progress.say(`latency ${name}: starting`)
    await onSystem(context, name, async (system) => {
      results.push(await measure(context, system, found))
      failures.push(...failureOfAudit('latency', name, await system.audit()))
    })
  }
  return { chapter: chapterOf(results), failures: [...failures, ...failuresOf(results)] }
}

async function measure(
  context: BenchContext,
  system: SystemUnderTest,
  { peaks }: Found,
): Promise<SystemLatency> {
  const { signal, progress } = context
  const stock = await openStock(system)
  const ladder = await findBestCrowd(system, stock, { stepS: LADDER_STEP_S, signal })
  const peakPerS = peaks[system.name] ?? Math.max(...ladder.tried.map((one) => one.ordersPerS))
  const { http } = system
  const levels: Level[] = []
  const aloneLoop = startClosedLoop({ http, ...stock, buyers: 1, waitEvery: waitEvery(system, 1) })
  const alone = await watch(aloneLoop, context)
  levels.push({ share: 0, ordersPerS: 0, seen: alone })
  for (const share of SHARES) {
    const ordersPerS = share * peakPerS
    const loop = openLoopOf(system, stock, ordersPerS)
    const level = { share, ordersPerS, seen: await watch(loop, context) }
    await system.books.rest({ withinMs: REST_WITHIN_MS, signal })
    levels.push(level)
    progress.say(`latency ${system.name}, ${Math.round(share * 100)} % of its peak: ${tell(level)}`)
  }
  return { system: system.name, peakPerS, levels }
}

const waitEvery = ({ isAsynchronous }: SystemUnderTest, every: number): number =>
  isAsynchronous ? every : 0

const openLoopOf = (system: SystemUnderTest, stock: Stock, ordersPerS: number): Loop =>
  startOpenLoop({
    http: system.http,
    ...stock,
    ordersPerS,
    waitEvery: waitEvery(system, WAIT_EVERY),
  })

/** Warms up, measures, ends the loop. */
async function watch(loop: Loop, { isQuick, signal }: BenchContext): Promise<GeneratorFigures> {
  const [warmUpMs, measureMs] = isQuick ? [2_000, 5_000] : [5_000, 15_000]
  try {
    await pause(warmUpMs, undefined, { signal })
    loop.reset()
    const cpuMs = cpuMsOf('self')
    await pause(measureMs, undefined, { signal })
    return seenBy(loop, { buyers: 0, cpuMs: cpuMsOf('self') - cpuMs })
  } finally {
    await loop.stop()
  }
}

const quantiles = (one: Distribution | null): string =>
  one ? [one.p50, one.p99, one.p999].map(numberText).join(' / ') : '–'

const tell = ({ ordersPerS, seen }: Level): string =>
  `${Math.round(ordersPerS)} orders/s, hold ${quantiles(seen.holdMs)}, ` +
  `ticket ${quantiles(seen.ticketMs)} ms (p50 / p99 / p99.9)`

const failed = ({ failures }: GeneratorFigures): number =>
  Object.values(failures).reduce((sum, count) => sum + count, 0)

function failuresOf(results: readonly SystemLatency[]): Failure[] {
  return results.flatMap(({ system, levels }) =>
    levels
      .filter(({ seen }) => failed(seen) > 0)
      .map(({ share, seen }) => ({
        scenario: 'latency',
        system,
        words: `at ${share * 100} % of its peak orders failed: ${JSON.stringify(seen.failures)}`,
      })),
  )
}

const nameOf = ({ share }: Level): string =>
  share === 0 ? 'alone, idle' : `${Math.round(share * 100)} % of its peak`

function chapterOf(results: SystemLatency[]): ScenarioOutcome['chapter'] {
  const table: Table = {
    title: 'Latencies, p50 / p99 / p99.9 in ms',
    columns: [
      'system',
      'load',
      'orders/s',
      'hold',
      'click to ticket',
      'dropped',
      'refused',
      'failed',
    ],
    rows: results.flatMap(({ system, levels }) =>
      levels.map((level) => [
        ...[system, nameOf(level), level.share === 0 ? null : level.ordersPerS],
        ...[quantiles(level.seen.holdMs), quantiles(level.seen.ticketMs)],
        ...[level.seen.dropped, level.seen.refused, failed(level.seen)],
      ]),
    ),
  }
  return {
    scenario: 'latency',
    question: 'How long does a buyer wait for a hold, and from the click on pay to the ticket?',
    method:
      'Open model of the light generator: orders begin at a constant rate, a share of what the same ' +
      'system completes in the closed loop, and latencies count from the moment an order was due. ' +
      `With Holdfast every ${WAIT_EVERY}th buyer waits for the ticket (Prefer: wait); the chain ` +
      'answers a checkout with the ticket.',
    tables: [table],
    charts: [chartOf(results, 'p50'), chartOf(results, 'p99')],
    data: results,
    skipped: null,
  }
}

function chartOf(results: readonly SystemLatency[], quantile: 'p50' | 'p99'): LineChart {
  return {
    kind: 'lines',
    title: `Click to ticket, ${quantile}`,
    xLabel: '% of the own peak',
    yLabel: 'ms',
    series: results.map(({ system, levels }) => ({
      name: system,
      points: levels.map(({ share, seen }) => [share * 100, seen.ticketMs?.[quantile] ?? 0]),
    })),
  }
}
