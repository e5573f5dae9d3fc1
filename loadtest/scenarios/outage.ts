/**
 * The provider gets ten times slower, then goes down, then the payment service is killed: how many
 * orders are completed in the end, what buyers are told meanwhile, and how long it takes to recover.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { BenchContext, Failure } from '../bench/context.ts'
import { findBestCrowd } from '../goodput/lightPhase.ts'
import { openStock } from '../goodput/stock.ts'
import type { Loop } from '../light/closedLoop.ts'
import { startOpenLoop } from '../light/openLoop.ts'
import type { LineChart } from '../report/chart.ts'
import { numberText, percentText } from '../report/format.ts'
import type { Table } from '../report/model.ts'
import { recoverySOf, type SecondFigures } from '../statistics/recovery.ts'
import type { Completion } from '../systems/orderBooks.ts'
import type { SystemName, SystemUnderTest } from '../systems/system.ts'
import { type Found, failureOfAudit, onSystem, type ScenarioOutcome } from './outcome.ts'

const SYSTEMS = ['holdfast', 'tuned'] as const
const LOAD_SHARE = 0.5
const LADDER_STEP_S = 3
const USUAL_LATENCY_MS = 20
const SLOW_LATENCY_MS = 10 * USUAL_LATENCY_MS
/** Long enough for an order that was accepted in the outage to be paid for after it. */
const PAYMENT_WINDOW_MS = 600_000
const RECOVERY_WITHIN_MS = 300_000
const COMPLETED_SHARE_MIN = 0.999

/** What is done to the system, in order; each lasts as long as the next. */
const PHASES = ['healthy', '10x slower', 'provider down', 'payment killed', 'healed'] as const

interface SystemOutage {
  system: SystemName
  ordersPerS: number
  phaseS: number
  accepted: number
  completed: number
  /** What buyers were told, by name. */
  failures: Record<string, number>
  refused: number
  dropped: number
  /** From the moment everything was whole again; null when the system did not recover. */
  recoveryS: number | null
  bySecond: SecondFigures[]
}

/** What buyers were told in one second. */
type Told = Pick<SecondFigures, 'accepted' | 'failed'>

export async function runOutage(context: BenchContext, found: Found): Promise<ScenarioOutcome> {
  const results: SystemOutage[] = []
  const failures: Failure[] = []
  for (const name of SYSTEMS) {
    context.progress.say(`outage ${name}: starting`)
    await onSystem(context, name, async (system) => {
      const result = await measure(context, system, found)
      results.push(result)
      context.progress.say(`outage ${name}: ${tell(result)}`)
      failures.push(...failureOfAudit('outage', name, await system.audit()))
      if (name === 'holdfast') failures.push(...failuresOf(result))
    })
  }
  return { chapter: chapterOf(results), failures }
}

async function control(system: SystemUnderTest, change: object): Promise<void> {
  const answer = await fetch(`${system.sandboxUrl}/v1/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(change),
  })
  if (!answer.ok) throw new Error(`the provider refused ${JSON.stringify(change)}`)
}

async function measure(
  context: BenchContext,
  system: SystemUnderTest,
  { peaks }: Found,
): Promise<SystemOutage> {
  const { signal, isQuick } = context
  const phaseS = isQuick ? 5 : 20
  const stock = await openStock(system, { policy: { paymentWindowMs: PAYMENT_WINDOW_MS } })
  const ladder = await findBestCrowd(system, stock, { stepS: LADDER_STEP_S, signal })
  const peakPerS = peaks[system.name] ?? Math.max(...ladder.tried.map((one) => one.ordersPerS))
  const ordersPerS = LOAD_SHARE * peakPerS
  const fromMs = Date.now()
  const seconds: Told[] = []
  const accepted = new Set<string>()
  const loop = startOpenLoop({
    http: system.http,
    ...stock,
    ordersPerS,
    waitEvery: 0,
    onEnd: (end) => {
      const second = Math.floor((Date.now() - fromMs) / 1_000)
      seconds[second] ??= { accepted: 0, failed: 0 }
      if (end.type === 'accepted') accepted.add(end.reservationId)
      seconds[second][end.type] += 1
    },
  })
  let healedAtMs: number
  try {
    healedAtMs = await breakThings(context, system, phaseS)
    await pause(phaseS * 1_000, undefined, { signal })
  } finally {
    await loop.stop()
  }
  await system.books.rest({ withinMs: RECOVERY_WITHIN_MS, signal })
  const completions = await system.books.completions({ fromMs, untilMs: Date.now() })
  const completed = completions.filter(({ reservationId }) => accepted.has(reservationId))
  const bySecond = joined(seconds, completions, fromMs)
  const healedAtS = Math.ceil((healedAtMs - fromMs) / 1_000)
  return {
    ...{ system: system.name, ordersPerS, phaseS, bySecond },
    recoveryS: recoverySOf(bySecond, { healthyUntilS: phaseS, healedAtS }),
    ...toldBy(loop),
    accepted: accepted.size,
    completed: completed.length,
  }
}

/** Goes through the faults; answers when the last one was mended. */
async function breakThings(
  { signal, progress }: BenchContext,
  system: SystemUnderTest,
  phaseS: number,
): Promise<number> {
  const say = (words: string) => progress.say(`outage ${system.name}: ${words}`)
  const phase = () => pause(phaseS * 1_000, undefined, { signal })
  await phase()
  say('the provider takes ten times as long')
  await control(system, { latencyMs: SLOW_LATENCY_MS })
  await phase()
  say('the provider is down')
  await control(system, { latencyMs: USUAL_LATENCY_MS, down: true })
  await phase()
  say('the provider is back, and the payment service is killed')
  await control(system, { down: false })
  const { payment } = system.services
  if (!payment) throw new TypeError(`${system.name} has no payment service`)
  await payment.kill('SIGKILL')
  await phase()
  await payment.restart()
  say('everything is whole again')
  return Date.now()
}

const toldBy = ({ figures }: Loop) => ({
  failures: Object.fromEntries(figures.failures),
  refused: figures.refused,
  dropped: figures.dropped,
})

function joined(
  seconds: readonly (Told | undefined)[],
  completions: readonly Completion[],
  fromMs: number,
): SystemOutage['bySecond'] {
  const last = completions.at(-1)?.completedAtMs ?? fromMs
  const length = Math.max(seconds.length, Math.floor((last - fromMs) / 1_000) + 1)
  const rows = Array.from({ length }, (_, at) => ({
    accepted: seconds[at]?.accepted ?? 0,
    failed: seconds[at]?.failed ?? 0,
    completed: 0,
  }))
  for (const { completedAtMs } of completions) {
    const row = rows[Math.floor((completedAtMs - fromMs) / 1_000)]
    if (row) row.completed += 1
  }
  return rows
}

const sumOf = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

const tell = ({ accepted, completed, failures, recoveryS }: SystemOutage): string =>
  `${completed} of ${accepted} accepted orders completed, ${sumOf(failures)} errors shown, ` +
  (recoveryS === null ? 'did not recover' : `recovered ${recoveryS} s after the repair`)

function failuresOf({ accepted, completed }: SystemOutage): Failure[] {
  if (accepted > 0 && completed / accepted >= COMPLETED_SHARE_MIN) return []
  const words = `only ${completed} of ${accepted} accepted orders were completed`
  return [{ scenario: 'outage', system: 'holdfast', words }]
}

function chapterOf(results: SystemOutage[]): ScenarioOutcome['chapter'] {
  const table: Table = {
    title: 'What became of the orders',
    columns: [
      ...['system', 'orders/s', 'accepted', 'completed in the end', 'errors shown', 'told to wait'],
      ...['dropped', 'recovery s'],
    ],
    rows: results.map((one) => [
      ...[one.system, one.ordersPerS, one.accepted],
      `${numberText(one.completed)} (${percentText(one.accepted === 0 ? 0 : one.completed / one.accepted)})`,
      ...[sumOf(one.failures), one.refused, one.dropped, one.recoveryS],
    ]),
  }
  return {
    scenario: 'outage',
    question: 'What do buyers see while payment is in trouble, and what is lost in the end?',
    method:
      'Open model of the light generator at 50 % of each system’s own peak. In turn: everything is ' +
      'well; the provider takes 200 ms instead of 20; the provider refuses; the payment service is ' +
      'killed; everything is well again. Orders may be paid for within ten minutes.',
    tables: [table],
    charts: results.map(chartOf),
    data: results,
    skipped: null,
  }
}

function chartOf({ system, phaseS, bySecond }: SystemOutage): LineChart {
  const points = (kind: 'accepted' | 'completed' | 'failed') =>
    bySecond.map((row, second) => [second, row[kind]] as const)
  return {
    kind: 'lines',
    title: `${system}: orders in each second`,
    xLabel: 'seconds',
    yLabel: 'orders',
    series: [
      { name: 'completed', points: points('completed') },
      { name: 'accepted', points: points('accepted') },
      { name: 'errors shown', points: points('failed'), isBad: true },
    ],
    spans: PHASES.slice(1, 4).map((name, at) => ({
      name,
      from: (at + 1) * phaseS,
      until: (at + 2) * phaseS,
    })),
  }
}
