/** What the pages say, the same in Markdown and in HTML: sections of words, tables and charts. */
import type { GoodputResult } from '../goodput/goodput.ts'
import type { PhaseFigures } from '../goodput/phase.ts'
import { SYSTEM_NAMES, type SystemName } from '../systems/system.ts'
import type { Chart } from './chart.ts'
import { briefText, numberText, percentText, summaryText } from './format.ts'
import { BASELINE_NAMES, GENERATOR_NAMES, type Report, type Table } from './model.ts'

export interface Section {
  title: string
  words: string[]
  charts: Chart[]
  tables: Table[]
}

export interface Hero {
  figure: string
  words: string
}

const TITLES: Record<SystemName, string> = {
  holdfast: 'Holdfast',
  tuned: 'tuned chain',
  idiomatic: 'idiomatic chain',
}

/** The figures that people came for. */
export function heroesOf({ ratios, cpuRatios, ordersPerS }: Report): Hero[] {
  const heroes: Hero[] = []
  const generator = ratios?.light ? 'light' : 'k6'
  for (const baseline of BASELINE_NAMES) {
    const ratio = ratios?.[generator]?.[baseline]
    if (!ratio) continue
    const words = `the orders per second of the ${TITLES[baseline]} (${generator} generator)`
    heroes.push({ figure: `${numberText(ratio.median)}×`, words })
  }
  const cpu = cpuRatios?.tuned
  if (cpu) {
    heroes.push({ figure: percentText(cpu.median), words: 'of its CPU time per completed order' })
  }
  const own = ordersPerS?.[generator]?.holdfast
  if (own) heroes.push({ figure: numberText(own.median), words: 'orders/s, paid, ticketed, told' })
  return heroes
}

/** All sections of a report, in order. */
export function sectionsOf(report: Report): Section[] {
  const { goodput, chapters } = report
  return [
    ...(goodput ? goodputSections(report, goodput) : []),
    ...chapters.map(({ scenario, question, method, tables, charts, skipped }) => ({
      title: scenario,
      words: [question, skipped === null ? method : `Not measured: ${skipped}`],
      charts,
      tables,
    })),
    settingsSection(report),
  ]
}

function goodputSections(report: Report, goodput: GoodputResult): Section[] {
  return [
    {
      title: 'goodput',
      words: [
        'How many orders does each system complete per second, and what does one cost? An order is ' +
          'two seats held, paid for, ticketed and told to the buyer; it counts in the second in ' +
          'which the last of these was committed.',
        'Closed loop to saturation, with the number of buyers that suits each system best. The ' +
          'light generator takes little of the CPU that it shares with the servers; k6 takes about ' +
          'as much as an order does. Medians of all rounds, ranges in brackets; a ratio is taken ' +
          'round by round.',
      ],
      charts: goodputCharts(report),
      tables: [
        totalsTable(report),
        ratiosTable(report),
        ...auditTables(report),
        runsTable(goodput),
      ],
    },
  ]
}

function goodputCharts({ ordersPerS, cpuMsPerOrderByProcess }: Report): Chart[] {
  const groups = GENERATOR_NAMES.filter((one) => ordersPerS?.[one])
  const systems = SYSTEM_NAMES.filter((name) => groups.some((one) => ordersPerS?.[one]?.[name]))
  const charts: Chart[] = [
    {
      kind: 'bars',
      title: 'Completed orders',
      unit: 'orders per second',
      groups: groups.map((name) => `${name} generator`),
      series: systems.map((name) => ({
        name: TITLES[name],
        values: groups.map((one) => ordersPerS?.[one]?.[name] ?? null),
      })),
    },
  ]
  const measured = SYSTEM_NAMES.filter((name) => cpuMsPerOrderByProcess?.[name])
  if (measured.length === 0) return charts
  const processes = [
    ...new Set(measured.flatMap((name) => Object.keys(cpuMsPerOrderByProcess?.[name] ?? {}))),
  ]
  return [
    ...charts,
    {
      kind: 'stack',
      title: 'CPU per completed order, by process',
      unit: 'milliseconds',
      segments: processes,
      rows: measured.map((name) => ({
        name: TITLES[name],
        values: processes.map((one) => cpuMsPerOrderByProcess?.[name]?.[one]?.median ?? 0),
      })),
    },
  ]
}

function totalsTable(report: Report): Table {
  const { ordersPerS, seatsPerS, cpuMsPerOrder, errorRate, generatorCpuMsPerOrder } = report
  const told = (summary: Parameters<typeof summaryText>[0] | undefined): string | null =>
    summary ? summaryText(summary) : null
  return {
    title: 'Medians and ranges',
    columns: [
      ...['system', 'orders/s, light', 'orders/s, k6', 'seats/s, light', 'CPU ms per order'],
      ...['CPU ms of the generator: light', 'k6', 'errors'],
    ],
    rows: SYSTEM_NAMES.map((name) => [
      TITLES[name],
      told(ordersPerS?.light?.[name]),
      told(ordersPerS?.k6?.[name]),
      told(seatsPerS?.light?.[name]),
      told(cpuMsPerOrder?.[name]),
      told(generatorCpuMsPerOrder?.light?.[name]),
      told(generatorCpuMsPerOrder?.k6?.[name]),
      errorRate?.[name] === undefined ? null : percentText(errorRate[name]),
    ]),
  }
}

function ratiosTable({ ratios, cpuRatios }: Report): Table {
  return {
    title: 'Holdfast divided by the chain',
    columns: ['against', 'orders/s, light', 'orders/s, k6', 'CPU per order'],
    rows: BASELINE_NAMES.map((name) => [
      TITLES[name],
      ...GENERATOR_NAMES.map((one) => {
        const ratio = ratios?.[one]?.[name]
        return ratio ? summaryText(ratio) : null
      }),
      cpuRatios?.[name] ? summaryText(cpuRatios[name]) : null,
    ]),
  }
}

function auditTables({ audit = {} }: Report): Table[] {
  const audited = SYSTEM_NAMES.filter((name) => audit[name])
  if (audited.length === 0) return []
  const names = [...new Set(audited.flatMap((name) => Object.keys(audit[name]?.counts ?? {})))]
  return [
    {
      title: 'Audits of all runs together',
      columns: ['', ...audited.map((name) => TITLES[name])],
      rows: [
        ['verdict', ...audited.map((name) => (audit[name]?.ok ? 'nothing wrong' : 'FAILED'))],
        ...names.map((one) => [one, ...audited.map((name) => audit[name]?.counts[one] ?? null)]),
      ],
    },
  ]
}

function runsTable({ runs }: GoodputResult): Table {
  const latency = (phase: PhaseFigures, kind: 'holdMs' | 'checkoutMs' | 'ticketMs') => {
    const found = phase[kind]
    return found
      ? `${numberText(found.p50)} / ${numberText(found.p99)} / ${numberText(found.p999)}`
      : null
  }
  return {
    title: 'Every run (latencies: p50 / p99 / p99.9 ms)',
    columns: [
      ...['run', 'generator', 'buyers', 'orders', 'orders/s', 'CPU ms', 'hold', 'checkout'],
      ...['ticket', 'refused', 'failed', 'dropped', 'rest s', 'audit'],
    ],
    rows: runs.flatMap((run) => {
      const name = `${run.round} ${TITLES[run.system]}`
      const verdict = run.audit === null ? 'none' : run.audit.ok ? 'ok' : 'FAILED'
      if (run.phases.length === 0)
        return [[name, `FAILED: ${briefText(run.failure ?? 'no figures')}`]]
      return run.phases.map((phase) => [
        ...[
          name,
          phase.generator,
          phase.buyers,
          phase.orders,
          phase.ordersPerS,
          phase.cpuMsPerOrder,
        ],
        ...[latency(phase, 'holdMs'), latency(phase, 'checkoutMs'), latency(phase, 'ticketMs')],
        ...[phase.refused, Object.values(phase.failures).reduce((a, b) => a + b, 0), phase.dropped],
        ...[phase.restMs / 1_000, run.failure === null ? verdict : 'FAILED'],
      ])
    }),
  }
}

function settingsSection({ machine, versions, settings: told }: Report): Section {
  const rows: Table['rows'] = []
  for (const system of SYSTEM_NAMES) {
    for (const [server, settings] of Object.entries(told[system] ?? {})) {
      for (const [name, value] of Object.entries(settings)) {
        rows.push([TITLES[system], server, name, value])
      }
    }
  }
  const facts = Object.entries({ ...machine, ...versions })
  return {
    title: 'machine and settings',
    words: ['Read from the running servers; the same for every system.'],
    charts: [],
    tables: [
      { title: 'Machine and versions', columns: ['what', 'value'], rows: facts },
      ...(rows.length > 0
        ? [{ title: 'Settings', columns: ['system', 'server', 'setting', 'value'], rows }]
        : []),
    ],
  }
}
