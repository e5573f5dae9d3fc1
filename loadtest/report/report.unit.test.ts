import { describe, expect, it } from 'vitest'
import type { Audit } from '../audit/audit.ts'
import type { GoodputResult, GoodputRun } from '../goodput/goodput.ts'
import { failuresOf } from '../goodput/goodput.ts'
import type { PhaseFigures } from '../goodput/phase.ts'
import { distributionOf } from '../statistics/summary.ts'
import type { SystemName } from '../systems/system.ts'
import { htmlOf } from './html.ts'
import { markdownOf } from './markdown.ts'
import { type Chapter, type Report, reportOf } from './model.ts'

const GOOD: Audit = { ok: true, counts: { ordersConfirmed: 10, findings: 0 }, findings: [] }
const OVERSOLD: Audit = {
  ok: false,
  counts: { ordersConfirmed: 10, findings: 1, I1Findings: 1 },
  findings: ['I1: seat <A-1-1> has two live tickets'],
}

function phase(generator: 'light' | 'k6', ordersPerS: number): PhaseFigures {
  const latency = distributionOf([1, 2, 3])
  return {
    ...{ generator, buyers: 64, accepted: 100, refused: 0, failures: {}, dropped: 0, cpuMs: 10 },
    ...{ holdMs: latency, checkoutMs: latency, ticketMs: latency, windowS: 10, restMs: 5 },
    ...{ orders: ordersPerS * 10, seats: ordersPerS * 20, ordersPerS, seatsPerS: ordersPerS * 2 },
    ...{ errorRate: 0, cpuMsPerOrder: 1_000 / ordersPerS, generatorCpuMsPerOrder: 0.1 },
    cpuMsPerOrderBy: { redis: 400 / ordersPerS, mariadb: 600 / ordersPerS },
    ordersBySecond: [ordersPerS],
  }
}

function run(system: SystemName, round: number, rates: [light: number, k6: number]): GoodputRun {
  const [light, k6] = rates
  const phases = [phase('light', light), phase('k6', k6)]
  return { system, round, phases, audit: GOOD, failure: null }
}

const RUNS: GoodputRun[] = [
  run('holdfast', 1, [4_000, 2_000]),
  run('tuned', 1, [1_000, 800]),
  run('idiomatic', 1, [500, 400]),
  run('tuned', 2, [2_000, 1_000]),
  run('holdfast', 2, [6_000, 3_000]),
  run('idiomatic', 2, [500, 500]),
]

function goodput(runs: GoodputRun[] = RUNS): GoodputResult {
  const duration = { warmUpS: 1, seconds: 10 }
  const durations = { light: duration, k6: duration, ladderStepS: 1 }
  return { runs, crowds: {}, durations }
}

const CHAPTER: Chapter = {
  scenario: 'latency',
  question: 'How long?',
  method: 'Open model.',
  tables: [{ title: 'Latencies', columns: ['a', 'b'], rows: [['x|y', 12.345]] }],
  charts: [
    {
      kind: 'lines',
      title: 'Ticket',
      xLabel: '%',
      yLabel: 'ms',
      series: [{ name: 'p50', points: [[1, 2] as const, [2, 3] as const] }],
    },
  ],
  data: {},
  skipped: null,
}

function report(result: GoodputResult = goodput()): Report {
  return reportOf(
    {
      command: 'npm run bench',
      startedAt: '2026-05-17T10:00:00.000Z',
      finishedAt: '2026-05-17T10:30:00.000Z',
      machine: { cpu: 'a CPU', cores: 2, memoryGib: 24, system: 'Linux' },
      versions: { node: 'v20' },
      settings: { holdfast: { redis: { appendfsync: 'everysec' } } },
      failures: failuresOf(result),
    },
    { goodput: result, chapters: [CHAPTER] },
  )
}

describe('reportOf', () => {
  it('divides Holdfast by the chain, round by round', () => {
    const { ratios, cpuRatios } = report()
    expect(ratios).toEqual({
      light: {
        tuned: { median: 3.5, min: 3, max: 4 },
        idiomatic: { median: 10, min: 8, max: 12 },
      },
      k6: {
        tuned: { median: 2.75, min: 2.5, max: 3 },
        idiomatic: { median: 5.5, min: 5, max: 6 },
      },
    })
    expect(cpuRatios?.tuned).toEqual({ median: (0.25 + 1 / 3) / 2, min: 0.25, max: 1 / 3 })
  })

  it('tells medians and ranges of every system', () => {
    const { ordersPerS, cpuMsPerOrder, errorRate, audit, ok } = report()
    expect(ordersPerS?.light?.holdfast).toEqual({ median: 5_000, min: 4_000, max: 6_000 })
    expect(ordersPerS?.k6?.tuned).toEqual({ median: 900, min: 800, max: 1_000 })
    expect(cpuMsPerOrder?.idiomatic).toEqual({ median: 2, min: 2, max: 2 })
    expect(errorRate).toEqual({ holdfast: 0, tuned: 0, idiomatic: 0 })
    expect(audit?.holdfast).toEqual({
      ok: true,
      counts: { ordersConfirmed: 20, findings: 0 },
      findings: [],
    })
    expect(ok).toBe(true)
  })

  it('leaves out what was not measured', () => {
    const alone = report(goodput([run('holdfast', 1, [10, 10])]))
    expect(alone.ratios).toEqual({})
    expect(Object.keys(alone.ordersPerS?.light ?? {})).toEqual(['holdfast'])
  })

  it('takes ratios of the rounds that both sides have completed', () => {
    const failed = { ...run('holdfast', 1, [4_000, 2_000]), phases: [], failure: 'lost' }
    const { ratios } = report(goodput([failed, ...RUNS.slice(1)]))
    expect(ratios?.light?.tuned).toEqual({ median: 3, min: 3, max: 3 })
  })

  it('counts failed orders among all', () => {
    const worse = run('tuned', 1, [1_000, 800])
    worse.phases[0] = { ...phase('light', 1_000), failures: { '500': 20, lost: 5 }, accepted: 75 }
    expect(report(goodput([worse])).errorRate?.tuned).toBe(25 / 200)
  })
})

describe('a report of a run that failed', () => {
  const broken = report(
    goodput([
      { ...run('holdfast', 1, [4_000, 2_000]), audit: OVERSOLD },
      { ...run('tuned', 1, [1, 1]), phases: [], audit: null, failure: 'kafka did not start' },
    ]),
  )

  it('is not ok and names what went wrong', () => {
    expect(broken.ok).toBe(false)
    expect(broken.audit?.holdfast?.ok).toBe(false)
    expect(broken.failures.map(({ system, words }) => [system, words])).toEqual([
      ['holdfast', 'run 1: the audit found 1 faults; I1: seat <A-1-1> has two live tickets'],
      ['tuned', 'run 1 failed: kafka did not start'],
    ])
  })

  it('says so at the head of both pages, and escapes what it quotes', () => {
    expect(markdownOf(broken)).toMatch(/^# .*\n[\s\S]{0,200}\*\*FAILED\*\*/)
    expect(htmlOf(broken)).toContain('These figures are not to be trusted')
    expect(htmlOf(broken)).toContain('seat &lt;A-1-1&gt; has two live tickets')
    expect(htmlOf(report())).not.toContain('not to be trusted')
  })
})

describe('markdownOf', () => {
  const text = markdownOf(report())

  it('has a table row for every run, and the settings of the servers', () => {
    expect(text.match(/^\| 2 Holdfast/gm)).toHaveLength(2)
    expect(text).toContain('| Holdfast | redis | appendfsync | everysec |')
  })

  it('escapes the bars of cells', () => {
    expect(text).toContain('| x\\|y | 12.3 |')
  })
})

describe('htmlOf', () => {
  const html = htmlOf(report())

  it('is one file that asks for nothing else', () => {
    expect(html).not.toMatch(/(src|href)="|@import|url\(/)
  })

  it('draws the charts and is made for the dark too', () => {
    expect(html.match(/<svg /g)).toHaveLength(3)
    expect(html).toContain('prefers-color-scheme: dark')
    expect(html).not.toMatch(/NaN|undefined|Infinity/)
  })
})
