/** 20,000 buyers come in a minute for 5,000 seats, and everyone wants the front rows. */
import { setTimeout as pause } from 'node:timers/promises'
import type { BenchContext, Failure } from '../bench/context.ts'
import { REST_WITHIN_MS } from '../goodput/lightPhase.ts'
import { startArrivals } from '../light/arrivals.ts'
import { startClosedLoop } from '../light/closedLoop.ts'
import { OnsaleBuyer, type OnsaleFigures, type Visit } from '../light/onsale.ts'
import { openSessions, openShows } from '../light/prepare.ts'
import type { LineChart } from '../report/chart.ts'
import { numberText, percentText } from '../report/format.ts'
import type { Table } from '../report/model.ts'
import { type Distribution, distributionOf, groupsOf, quantileOf } from '../statistics/summary.ts'
import { cpuMsOf, startCpuMeter, totalCpuMs } from '../systems/cpu.ts'
import { processesOf, type SystemUnderTest } from '../systems/system.ts'
import { failureOfAudit, onSystem, type ScenarioOutcome } from './outcome.ts'

const FULL = { buyers: 20_000, seconds: 60, rows: 50, seatsPerRow: 100 }
const QUICK = { buyers: 2_000, seconds: 10, rows: 10, seatsPerRow: 50 }
const DECILES = 10
const WARM_UP_S = 5
const WARM_UP_HALL = { shows: 8, rows: 50, seatsPerRow: 100 }
const WARM_UP_BUYERS = 16
const SEATS_PER_ORDER = 2
/** What a buyer may be told beside success: taken, refused by a rule, too many requests, later. */
const USUAL: ReadonlySet<number> = new Set([200, 201, 202, 409, 422, 429, 503])

interface Decile {
  buyers: number
  bought: number
  /** Seconds from the opening until the first of this tenth had its tickets; null for none. */
  firstSaleS: number | null
  /** From arrival to tickets, the median of those who bought. */
  waitMs: number | null
}

interface OnsaleResult {
  seats: number
  buyers: number
  sold: number
  /** Seconds from the opening until the last tickets were seen. */
  soldOutS: number | null
  ends: Record<Visit['end'], number>
  statuses: Record<string, number>
  holdAttempts: number
  conflicts: number
  conflictShare: number
  looks: number
  requestsPerSale: number
  cpuMsPerSale: number
  generatorCpuMs: number
  holdMs: Distribution | null
  ticketMs: Distribution | null
  deciles: Decile[]
  soldBySecond: number[]
}

export async function runOnsale(context: BenchContext): Promise<ScenarioOutcome> {
  context.progress.say('onsale: starting')
  return onSystem(context, 'holdfast', async (system) => {
    await warmUp(context, system)
    const result = await measure(context, system)
    context.progress.say(`onsale: ${tell(result)}`)
    await system.books.rest({ withinMs: REST_WITHIN_MS, signal: context.signal })
    const failures = [
      ...failuresOf(result),
      ...failureOfAudit('onsale', 'holdfast', await system.audit()),
    ]
    return { chapter: chapterOf(result), failures }
  })
}

async function warmUp({ signal }: BenchContext, system: SystemUnderTest): Promise<void> {
  const seats = await openShows(system, WARM_UP_HALL)
  const tokens = await openSessions(system.http, WARM_UP_BUYERS)
  const options = { http: system.http, tokens, seats, buyers: WARM_UP_BUYERS, waitEvery: 1 }
  const loop = startClosedLoop(options)
  await pause(WARM_UP_S * 1_000, undefined, { signal }).finally(() => loop.stop())
  await system.books.rest({ withinMs: REST_WITHIN_MS, signal })
}

async function measure(context: BenchContext, system: SystemUnderTest): Promise<OnsaleResult> {
  const { buyers, seconds, rows, seatsPerRow } = context.isQuick ? QUICK : FULL
  const { showIds } = await openShows(system, { shows: 1, rows, seatsPerRow })
  const hall = { http: system.http, showId: showIds[0] as string, rows, seatsPerRow }
  const figures: OnsaleFigures = { visits: [], statuses: new Map(), holdMs: [], ticketMs: [] }
  const visits: Promise<void>[] = []
  const readCpu = startCpuMeter(() => processesOf(system))
  const ownCpuMs = cpuMsOf('self')
  const openedAt = performance.now()
  const stopArrivals = startArrivals(buyers / seconds, (dueAt) => {
    if (visits.length < buyers) visits.push(new OnsaleBuyer(hall, figures).visit(dueAt))
  })
  try {
    while (visits.length < buyers) await pause(100, undefined, { signal: context.signal })
  } finally {
    stopArrivals()
  }
  await Promise.all(visits)
  const cpuMs = totalCpuMs(readCpu())
  const generatorCpuMs = cpuMsOf('self') - ownCpuMs
  return resultOf(figures, { openedAt, seats: rows * seatsPerRow, cpuMs, generatorCpuMs })
}

interface Measured {
  openedAt: number
  seats: number
  cpuMs: number
  generatorCpuMs: number
}

function resultOf(figures: OnsaleFigures, measured: Measured): OnsaleResult {
  const { openedAt, seats, cpuMs, generatorCpuMs } = measured
  const visits = figures.visits.toSorted((a, b) => a.arrivedAt - b.arrivedAt)
  const ends: OnsaleResult['ends'] = { bought: 0, 'sold out': 0, 'gave up': 0, failed: 0 }
  for (const { end } of visits) ends[end] += 1
  const total = (count: (visit: Visit) => number) =>
    visits.reduce((sum, one) => sum + count(one), 0)
  const salesS = visits.flatMap(({ boughtAt }) =>
    boughtAt === null ? [] : [(boughtAt - openedAt) / 1_000],
  )
  const sold = ends.bought * SEATS_PER_ORDER
  const holdAttempts = total((visit) => visit.holdAttempts)
  const conflicts = total((visit) => visit.conflicts)
  const requests = [...figures.statuses.values()].reduce((sum, count) => sum + count, 0)
  return {
    ...{ seats, buyers: visits.length, sold, ends, generatorCpuMs, holdAttempts, conflicts },
    soldOutS: sold === seats ? salesS.reduce((a, b) => Math.max(a, b), 0) : null,
    statuses: Object.fromEntries(figures.statuses),
    conflictShare: conflicts / holdAttempts,
    looks: total((visit) => visit.looks),
    requestsPerSale: requests / ends.bought,
    cpuMsPerSale: cpuMs / ends.bought,
    holdMs: distributionOf(figures.holdMs),
    ticketMs: distributionOf(figures.ticketMs),
    deciles: groupsOf(visits, DECILES).map((group) => decileOf(group, openedAt)),
    soldBySecond: soldBySecond(salesS),
  }
}

function decileOf(visits: readonly Visit[], openedAt: number): Decile {
  const bought = visits.filter(({ boughtAt }) => boughtAt !== null)
  const salesS = bought.map(({ boughtAt }) => ((boughtAt ?? 0) - openedAt) / 1_000)
  const waitsMs = bought.map(({ boughtAt, arrivedAt }) => (boughtAt ?? 0) - arrivedAt)
  return {
    buyers: visits.length,
    bought: bought.length,
    firstSaleS: salesS.length === 0 ? null : Math.min(...salesS),
    waitMs: waitsMs.length === 0 ? null : quantileOf(waitsMs, 0.5),
  }
}

/** Seats sold until the end of each second. */
function soldBySecond(salesS: readonly number[]): number[] {
  const last = salesS.reduce((a, b) => Math.max(a, b), 0)
  return Array.from(
    { length: Math.ceil(last) + 1 },
    (_, second) => salesS.filter((saleS) => saleS <= second).length * SEATS_PER_ORDER,
  )
}

const tell = (result: OnsaleResult): string =>
  `${result.sold} of ${result.seats} seats sold to ${result.ends.bought} of ${result.buyers} buyers ` +
  `in ${result.soldOutS?.toFixed(1) ?? '-'} s, ${percentText(result.conflictShare)} conflicts`

function failuresOf({ sold, seats, statuses, ends }: OnsaleResult): Failure[] {
  const place = { scenario: 'onsale', system: 'holdfast' as const }
  const failures: Failure[] = []
  if (sold !== seats) failures.push({ ...place, words: `${sold} of ${seats} seats were sold` })
  const odd = Object.keys(statuses).filter((status) => !USUAL.has(Number(status)))
  if (odd.length > 0) failures.push({ ...place, words: `buyers were answered ${odd.join(', ')}` })
  if (ends.failed > 0) failures.push({ ...place, words: `${ends.failed} buyers were let down` })
  return failures
}

function chapterOf(result: OnsaleResult): ScenarioOutcome['chapter'] {
  const { holdMs, ticketMs } = result
  const latency = (one: Distribution | null) => [
    one?.p50 ?? null,
    one?.p99 ?? null,
    one?.p999 ?? null,
  ]
  const totals: Table = {
    title: 'The sale',
    columns: ['what', 'value'],
    rows: [
      ['seats sold', `${numberText(result.sold)} of ${numberText(result.seats)}`],
      ['sold out after, s', result.soldOutS],
      ['buyers', result.buyers],
      ['with tickets', result.ends.bought],
      ['found it sold out', result.ends['sold out']],
      ['gave up after 20 attempts', result.ends['gave up']],
      ['let down', result.ends.failed],
      ['hold attempts', result.holdAttempts],
      ['of which met a taken seat', percentText(result.conflictShare)],
      ['looks at the map', result.looks],
      ['requests per sale', result.requestsPerSale],
      ['CPU ms of the servers per sale', result.cpuMsPerSale],
      ['answers by status', JSON.stringify(result.statuses)],
    ],
  }
  const latencies: Table = {
    title: 'Latencies, ms',
    columns: ['what', 'p50', 'p99', 'p99.9'],
    rows: [
      ['hold', ...latency(holdMs)],
      ['click to ticket', ...latency(ticketMs)],
    ],
  }
  const fairness: Table = {
    title: 'Fairness: tenths of the buyers in the order of arrival',
    columns: ['tenth', 'buyers', 'with tickets', 'first sale, s after opening', 'median wait, ms'],
    rows: result.deciles.map(({ buyers, bought, firstSaleS, waitMs }, at) => [
      ...[String(at + 1), buyers, bought, firstSaleS, waitMs],
    ]),
  }
  return {
    scenario: 'onsale',
    question: 'What do 20,000 buyers see who come within a minute for 5,000 seats?',
    method:
      'Open model: buyers arrive at a constant rate, each with a session of its own, looks at the ' +
      'map, presses one of the forty frontmost free pairs, looks again when somebody was quicker, ' +
      'and pays at once. The synchronous chain serves no map, so it has no part in this.',
    tables: [totals, latencies, fairness],
    charts: [chartOf(result)],
    data: result,
    skipped: null,
  }
}

const chartOf = ({ soldBySecond: sold }: OnsaleResult): LineChart => ({
  kind: 'lines',
  title: 'Seats sold since the opening',
  xLabel: 'seconds',
  yLabel: 'seats',
  series: [{ name: 'seats sold', points: sold.map((seats, second) => [second, seats] as const) }],
})
