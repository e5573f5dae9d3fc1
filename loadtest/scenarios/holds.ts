/** POST holds against the same script called raw, in the same run on the same machine. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { BenchContext, Failure } from '../bench/context.ts'
import { seenBy } from '../goodput/lightPhase.ts'
import type { GeneratorFigures } from '../goodput/phase.ts'
import { HALL, openStock, type Stock } from '../goodput/stock.ts'
import type { HoldsPlan, HoldsSummary } from '../k6/plan.ts'
import { startK6 } from '../k6/run.ts'
import type { Loop } from '../light/closedLoop.ts'
import { startHoldArrivals, startHoldLoop } from '../light/holds.ts'
import { measureCeiling } from '../light/rawRedis.ts'
import { singlesOf } from '../light/seats.ts'
import { numberText, percentText } from '../report/format.ts'
import { cpuMsOf } from '../systems/cpu.ts'
import { openStage } from '../systems/stage.ts'
import type { SystemUnderTest } from '../systems/system.ts'
import { failureOfAudit, onSystem, type ScenarioOutcome } from './outcome.ts'

/** As many as redis-benchmark has. */
const RAW_CONNECTIONS = 50
const LADDER = [50, 100, 200, 400] as const
const LADDER_STEP_S = 2
const HALF = 0.5

interface HoldsResult {
  /** Raw EVALSHA, before and after. */
  rawPerS: number[]
  buyers: number
  lightPerS: number
  k6PerS: number
  lightShare: number
  k6Share: number
  peak: GeneratorFigures
  k6: HoldsSummary
  /** At 50 % of the peak, in the open model. */
  half: GeneratorFigures & { holdsPerS: number }
}

export async function runHolds(context: BenchContext): Promise<ScenarioOutcome> {
  const { progress } = context
  const failures: Failure[] = []
  const before = await raw(context)
  progress.say(`holds: ${Math.round(before)} raw EVALSHA/s`)
  const measured = await onSystem(context, 'holdfast', async (system) => {
    const found = await measure(context, system)
    failures.push(...failureOfAudit('holds', 'holdfast', await system.audit()))
    return found
  })
  const after = await raw(context)
  const ceiling = (before + after) / 2
  const result: HoldsResult = {
    ...measured,
    rawPerS: [before, after],
    lightShare: measured.lightPerS / ceiling,
    k6Share: measured.k6PerS / ceiling,
  }
  progress.say(`holds: ${tell(result)}`)
  const failed = sumOf(result.peak.failures) + sumOf(result.half.failures) + result.k6.failed
  if (failed > 0) {
    failures.push({ scenario: 'holds', system: 'holdfast', words: `${failed} holds failed` })
  }
  return { chapter: chapterOf(result), failures }
}

/** Holds per second of the script alone, on a Redis of its own with the same settings. */
async function raw({ signal, isQuick }: BenchContext): Promise<number> {
  const stage = await openStage(['redis'], { signal })
  try {
    const { holdsPerS } = await measureCeiling(stage.urlOf('redis'), {
      connections: RAW_CONNECTIONS,
      warmUpS: 2,
      seconds: isQuick ? 3 : 8,
    })
    return holdsPerS
  } finally {
    await stage.stop()
  }
}

async function measure(context: BenchContext, system: SystemUnderTest) {
  const { isQuick } = context
  const seconds = isQuick ? 4 : 12
  const stock = await openStock(system)
  const options = { http: system.http, tokens: stock.tokens, nextSeat: singlesOf(stock.seats) }
  const rates: { buyers: number; perS: number }[] = []
  for (const buyers of LADDER) {
    const loop = startHoldLoop({ ...options, buyers })
    const { accepted } = await watch(loop, context, { warmUpS: 1, seconds: LADDER_STEP_S })
    rates.push({ buyers, perS: accepted / LADDER_STEP_S })
  }
  const { buyers } = rates.reduce((a, b) => (b.perS > a.perS ? b : a))
  const window = { warmUpS: 2, seconds }
  const peak = await watch(startHoldLoop({ ...options, buyers }), context, window)
  const lightPerS = peak.accepted / seconds
  const holdsPerS = HALF * lightPerS
  const half = await watch(startHoldArrivals({ ...options, holdsPerS }), context, window)
  const k6 = await runK6(context, system, { buyers, ...window })
  const k6PerS = k6.accepted / seconds
  return { buyers, peak, lightPerS, half: { ...half, holdsPerS }, k6, k6PerS }
}

async function watch(
  loop: Loop,
  { signal }: BenchContext,
  { warmUpS, seconds }: { warmUpS: number; seconds: number },
): Promise<GeneratorFigures> {
  try {
    await pause(warmUpS * 1_000, undefined, { signal })
    loop.reset()
    const cpuMs = cpuMsOf('self')
    await pause(seconds * 1_000, undefined, { signal })
    return seenBy(loop, { buyers: 0, cpuMs: cpuMsOf('self') - cpuMs })
  } finally {
    await loop.stop()
  }
}

async function runK6(
  context: BenchContext,
  system: SystemUnderTest,
  window: { buyers: number; warmUpS: number; seconds: number },
): Promise<HoldsSummary> {
  const { environment, signal } = context
  const stock: Stock = await openStock(system)
  const plan: Omit<HoldsPlan, 'summaryFile'> = {
    http: system.http,
    tokens: stock.tokens,
    showIds: stock.seats.showIds,
    seatsPerRow: HALL.seatsPerRow,
    keyPrefix: randomBytes(6).toString('hex'),
    ...window,
  }
  const { dir } = system.stage
  const k6 = await context.k6()
  const run = startK6({ k6, script: 'holds.ts', plan, dir, environment, signal })
  await run.window
  return (await run.summary) as HoldsSummary
}

const sumOf = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

const tell = ({ lightPerS, k6PerS, lightShare, half }: HoldsResult): string =>
  `${Math.round(lightPerS)} holds/s (k6 ${Math.round(k6PerS)}), ${percentText(lightShare)} of raw; ` +
  `p99 ${numberText(half.holdMs?.p99 ?? Number.NaN)} ms at half of it`

function chapterOf(result: HoldsResult): ScenarioOutcome['chapter'] {
  const { rawPerS, lightPerS, k6PerS, lightShare, k6Share, peak, half, k6, buyers } = result
  const [before = 0, after = 0] = rawPerS
  const latency = (one: HoldsSummary['holdMs']) => [
    ...[one?.p50 ?? null, one?.p99 ?? null, one?.p999 ?? null],
  ]
  return {
    scenario: 'holds',
    question: 'How much of the hold script’s own speed is left behind HTTP, tokens and validation?',
    method:
      `Closed loop with ${buyers} buyers, one seat per hold, against the same script called raw: ` +
      `${RAW_CONNECTIONS} connections, one call at a time on each, the client on the same cores, ` +
      'before and after. Latencies at half of the peak are of the open model.',
    tables: [
      {
        title: 'Holds per second',
        columns: ['who', 'holds/s', 'share of raw', 'p50 ms', 'p99 ms', 'p99.9 ms'],
        rows: [
          ['raw EVALSHA, before', before, null, null, null, null],
          ['raw EVALSHA, after', after, null, null, null, null],
          ['POST, light generator', lightPerS, percentText(lightShare), ...latency(peak.holdMs)],
          ['POST, k6', k6PerS, percentText(k6Share), ...latency(k6.holdMs)],
          ['POST at 50 % of peak', half.holdsPerS, null, ...latency(half.holdMs)],
        ],
      },
    ],
    charts: [],
    data: result,
    skipped: null,
  }
}
