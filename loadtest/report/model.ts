/**
 * The report as data: what report.json holds, and all that report.md and report.html are made of.
 * Figures that a run did not make are absent.
 */
import type { Audit } from '../audit/audit.ts'
import type { Failure } from '../bench/context.ts'
import type { GoodputResult } from '../goodput/goodput.ts'
import { auditOfSystem } from '../goodput/goodput.ts'
import type { GeneratorName, PhaseFigures } from '../goodput/phase.ts'
import { ratioOf, type Summary, summaryOf } from '../statistics/summary.ts'
import type { Settings } from '../systems/settings.ts'
import { SYSTEM_NAMES, type SystemName } from '../systems/system.ts'
import type { Chart } from './chart.ts'
import type { Machine } from './machine.ts'

export const GENERATOR_NAMES = ['light', 'k6'] as const
export const BASELINE_NAMES = ['tuned', 'idiomatic'] as const
export type BaselineName = (typeof BASELINE_NAMES)[number]

type By<Key extends string, Value> = Partial<Record<Key, Value>>

/** What one scenario beside goodput has to show. */
export interface Chapter {
  /** `latency`, `onsale` and so on. */
  scenario: string
  /** What the scenario asks, as a sentence. */
  question: string
  /** How it was made: the load, and who makes it. */
  method: string
  tables: Table[]
  charts: Chart[]
  /** The figures themselves, for programs. */
  data: unknown
  /** Why there are no figures; null when there are. */
  skipped: string | null
}

export interface Table {
  title: string
  columns: string[]
  rows: (string | number | null)[][]
}

export interface Report {
  /** Raised when a member changes its meaning. */
  format: 1
  ok: boolean
  failures: Failure[]
  command: string
  startedAt: string
  finishedAt: string
  machine: Machine
  versions: Record<string, string>
  settings: By<SystemName, Settings>
  ratios?: By<GeneratorName, By<BaselineName, Summary>>
  ordersPerS?: By<GeneratorName, By<SystemName, Summary>>
  seatsPerS?: By<GeneratorName, By<SystemName, Summary>>
  /** Of the light generator's runs: server processes, brokers and databases included. */
  cpuMsPerOrder?: By<SystemName, Summary>
  /** cpuMsPerOrder of Holdfast divided by the baseline's. */
  cpuRatios?: By<BaselineName, Summary>
  cpuMsPerOrderByProcess?: By<SystemName, Record<string, Summary>>
  generatorCpuMsPerOrder?: By<GeneratorName, By<SystemName, Summary>>
  audit?: By<SystemName, Audit>
  /** Failed orders among all, over all runs and both generators. */
  errorRate?: By<SystemName, number>
  goodput?: GoodputResult
  chapters: Chapter[]
}

export interface ReportHead
  extends Pick<
    Report,
    'command' | 'startedAt' | 'finishedAt' | 'machine' | 'versions' | 'settings'
  > {
  failures: Failure[]
}

/** Puts the report together. */
export function reportOf(
  head: ReportHead,
  parts: { goodput: GoodputResult | null; chapters: readonly Chapter[] },
): Report {
  const { goodput, chapters } = parts
  return {
    format: 1,
    ok: head.failures.length === 0,
    ...head,
    ...(goodput && goodputFigures(goodput)),
    ...(goodput && { goodput }),
    chapters: [...chapters],
  }
}

/** A record with those keys for which `read` answers something. */
function by<Key extends string, Value>(
  keys: readonly Key[],
  read: (key: Key) => Value | null,
): By<Key, Value> {
  const entries: [Key, Value][] = []
  for (const key of keys) {
    const value = read(key)
    if (value !== null) entries.push([key, value])
  }
  return Object.fromEntries(entries) as By<Key, Value>
}

type Pick1 = (phase: PhaseFigures) => number

export function goodputFigures(goodput: GoodputResult) {
  const generators = GENERATOR_NAMES
  const summaries = (generator: GeneratorName, figure: Pick1) =>
    by(SYSTEM_NAMES, (system) => {
      const values = [...valuesByRound(goodput, { system, generator, figure }).values()]
      return values.length === 0 ? null : summaryOf(values)
    })
  const perGenerator = (figure: Pick1) =>
    by(generators, (generator) => emptyAsNull(summaries(generator, figure)))
  const ordersPerS: Pick1 = (phase) => phase.ordersPerS
  const cpu: Pick1 = (phase) => phase.cpuMsPerOrder
  const ratios = by(generators, (generator) =>
    emptyAsNull(ratiosTo(goodput, { generator, figure: ordersPerS })),
  )
  return {
    ratios,
    ordersPerS: perGenerator(ordersPerS),
    seatsPerS: perGenerator((phase) => phase.seatsPerS),
    cpuMsPerOrder: summaries('light', cpu),
    cpuRatios: ratiosTo(goodput, { generator: 'light', figure: cpu }),
    cpuMsPerOrderByProcess: by(SYSTEM_NAMES, (system) => cpuByProcess(goodput, system)),
    generatorCpuMsPerOrder: perGenerator((phase) => phase.generatorCpuMsPerOrder),
    audit: by(SYSTEM_NAMES, (system) => auditOfSystem(goodput, system)),
    errorRate: by(SYSTEM_NAMES, (system) => errorRateOf(goodput, system)),
  }
}

const emptyAsNull = <T extends object>(record: T): T | null =>
  Object.keys(record).length === 0 ? null : record

const phasesOf = (goodput: GoodputResult, system: SystemName, generator: GeneratorName) =>
  goodput.runs
    .filter((run) => run.system === system)
    .flatMap(({ round, phases }) =>
      phases.filter((phase) => phase.generator === generator).map((phase) => ({ round, phase })),
    )

function valuesByRound(
  goodput: GoodputResult,
  { system, generator, figure }: { system: SystemName; generator: GeneratorName; figure: Pick1 },
): Map<number, number> {
  const phases = phasesOf(goodput, system, generator)
  return new Map(phases.map(({ round, phase }) => [round, figure(phase)]))
}

/** Holdfast / baseline, of the rounds that both have completed. */
function ratiosTo(
  goodput: GoodputResult,
  { generator, figure }: { generator: GeneratorName; figure: Pick1 },
): By<BaselineName, Summary> {
  const ours = valuesByRound(goodput, { system: 'holdfast', generator, figure })
  return by(BASELINE_NAMES, (system) => {
    const theirs = valuesByRound(goodput, { system, generator, figure })
    const rounds = [...ours.keys()].filter((round) => theirs.has(round))
    if (rounds.length === 0) return null
    const pick = (values: Map<number, number>) => rounds.map((round) => values.get(round) as number)
    return ratioOf(pick(ours), pick(theirs))
  })
}

function cpuByProcess(goodput: GoodputResult, system: SystemName): Record<string, Summary> | null {
  const phases = phasesOf(goodput, system, 'light').map(({ phase }) => phase)
  const names = [...new Set(phases.flatMap((phase) => Object.keys(phase.cpuMsPerOrderBy)))]
  if (names.length === 0) return null
  return Object.fromEntries(
    names.map((name) => [name, summaryOf(phases.map((phase) => phase.cpuMsPerOrderBy[name] ?? 0))]),
  )
}

function errorRateOf(goodput: GoodputResult, system: SystemName): number | null {
  const phases = GENERATOR_NAMES.flatMap((one) => phasesOf(goodput, system, one))
  if (phases.length === 0) return null
  let failed = 0
  let answered = 0
  for (const { phase } of phases) {
    const failures = Object.values(phase.failures).reduce((sum, count) => sum + count, 0)
    failed += failures
    answered += failures + phase.accepted
  }
  return answered === 0 ? 1 : failed / answered
}
