/**
 * Goodput: orders that were paid for, ticketed and told to the buyer, per second. The systems take
 * turns, each on fresh servers; every run ends with an audit.
 */
import { type Audit, joinAudits } from '../audit/audit.ts'
import { plantOversell } from '../audit/plant.ts'
import type { BenchContext, Failure } from '../bench/context.ts'
import { SYSTEM_NAMES, type SystemName, type SystemUnderTest } from '../systems/system.ts'
import { runK6Phase } from './k6Phase.ts'
import { type Duration, findBestCrowd, type Rung, runLightPhase } from './lightPhase.ts'
import { figuresOf, type GeneratorName, type PhaseFigures } from './phase.ts'
import { openStock } from './stock.ts'

export interface GoodputRun {
  system: SystemName
  /** From 1. */
  round: number
  phases: PhaseFigures[]
  audit: Audit | null
  /** What went wrong; the figures that there are stand all the same. */
  failure: string | null
}

export interface GoodputResult {
  runs: GoodputRun[]
  /** The number of buyers with which each system completes most, and what else was tried. */
  crowds: Partial<Record<SystemName, { buyers: number; tried: Rung[] }>>
  durations: { light: Duration; k6: Duration; ladderStepS: number }
}

export interface GoodputOptions {
  systems?: readonly SystemName[]
  generators?: readonly GeneratorName[]
  durations?: GoodputResult['durations']
  /** So many, instead of the best of a ladder. */
  buyers?: number
  isAuditing?: boolean
}

const FULL: GoodputResult['durations'] = {
  light: { warmUpS: 10, seconds: 15 },
  k6: { warmUpS: 10, seconds: 15 },
  ladderStepS: 4,
}
const QUICK: GoodputResult['durations'] = {
  light: { warmUpS: 3, seconds: 10 },
  k6: { warmUpS: 3, seconds: 10 },
  ladderStepS: 3,
}

/** Runs every system once per round, in turns. A run that fails is noted and the others go on. */
export async function runGoodput(
  context: BenchContext,
  options: GoodputOptions = {},
): Promise<GoodputResult> {
  const { systems = SYSTEM_NAMES, generators = ['light', 'k6'] } = options
  const durations = options.durations ?? (context.isQuick ? QUICK : FULL)
  const result: GoodputResult = { runs: [], crowds: {}, durations }
  const { buyers, isAuditing = true } = options
  if (buyers !== undefined) {
    for (const system of systems) result.crowds[system] = { buyers, tried: [] }
  }
  const k6 = generators.includes('k6') ? await context.k6() : null
  for (let round = 1; round <= context.runs; round += 1) {
    // Every other round the other way round, so that nobody always comes first.
    const order = round % 2 === 1 ? systems : systems.toReversed()
    for (const name of order) {
      context.progress.say(`goodput ${round}/${context.runs} ${name}: starting`)
      const run: GoodputRun = { system: name, round, phases: [], audit: null, failure: null }
      result.runs.push(run)
      try {
        await runOnce(context, { run, result, generators, k6, isAuditing })
      } catch (error) {
        context.signal.throwIfAborted()
        run.failure = error instanceof Error ? error.message : String(error)
        context.progress.say(`goodput ${round}/${context.runs} ${name}: FAILED ${run.failure}`)
      }
    }
  }
  return result
}

interface Once {
  run: GoodputRun
  result: GoodputResult
  generators: readonly GeneratorName[]
  k6: string | null
  isAuditing: boolean
}

async function runOnce(context: BenchContext, once: Once): Promise<void> {
  const { run } = once
  const system = await context.start(run.system)
  try {
    for (const generator of once.generators) {
      const figures = await runPhase(context, system, { ...once, generator })
      run.phases.push(figures)
      context.progress.say(`goodput ${run.round}/${context.runs} ${tell(run.system, figures)}`)
    }
    if (!once.isAuditing) return
    if (context.plant === 'oversell') await plantOversell(system)
    run.audit = await system.audit()
    context.progress.say(`goodput ${run.round}/${context.runs} ${tellAudit(run.system, run.audit)}`)
    if (!run.audit.ok) keepLogs(context, system)
  } catch (error) {
    if (!context.signal.aborted) keepLogs(context, system)
    throw error
  } finally {
    await system.stop()
  }
}

function keepLogs({ progress }: BenchContext, { name, stage }: SystemUnderTest): void {
  progress.say(`${name}: its logs are kept in ${stage.keepLogs()}`)
}

async function runPhase(
  context: BenchContext,
  system: SystemUnderTest,
  { generator, result, k6 }: Once & { generator: GeneratorName },
): Promise<PhaseFigures> {
  const { signal, environment } = context
  const stock = await openStock(system)
  result.crowds[system.name] ??= await findBestCrowd(system, stock, {
    stepS: result.durations.ladderStepS,
    signal,
  })
  const { buyers } = result.crowds[system.name] as { buyers: number }
  const options = { ...result.durations[generator], buyers, signal }
  const { warmUpS, seconds } = options
  context.progress.say(
    `${system.name}, ${generator}: ${buyers} buyers, ${warmUpS} s and ${seconds} s`,
  )
  if (generator === 'light') return figuresOf(await runLightPhase(system, stock, options))
  if (k6 === null) throw new TypeError('k6 was not looked for')
  return figuresOf(await runK6Phase(system, stock, { ...options, k6, environment }))
}

const tell = (system: SystemName, figures: PhaseFigures): string =>
  `${system}, ${figures.generator}: ${Math.round(figures.ordersPerS)} orders/s, ` +
  `${figures.cpuMsPerOrder.toFixed(2)} ms of CPU per order, ` +
  `ticket p50 ${figures.ticketMs?.p50.toFixed(0) ?? '-'} ms`

const tellAudit = (system: SystemName, { ok, counts, findings }: Audit): string =>
  ok
    ? `${system}, audit: nothing wrong with ${counts.ordersConfirmed ?? 0} orders`
    : `${system}, audit: ${counts.findings} FINDINGS; ${findings[0]}`

/** What went wrong in the runs, for the head of the report. */
export function failuresOf({ runs }: GoodputResult): Failure[] {
  return runs.flatMap(({ system, round, failure, audit }) => {
    const failures: Failure[] = []
    const place = { scenario: 'goodput', system }
    if (failure !== null) failures.push({ ...place, words: `run ${round} failed: ${failure}` })
    if (audit && !audit.ok) {
      const words = `run ${round}: the audit found ${audit.counts.findings} faults; ${audit.findings[0]}`
      failures.push({ ...place, words })
    }
    return failures
  })
}

/** All audits of a system as one; null when none was made. */
export function auditOfSystem({ runs }: GoodputResult, system: SystemName): Audit | null {
  const audits = runs.flatMap((run) => (run.system === system && run.audit ? [run.audit] : []))
  return audits.length === 0 ? null : joinAudits(audits)
}
