/** `npm run bench`: scenarios one after the other, then the report. */
import { failuresOf, type GoodputResult, runGoodput } from '../goodput/goodput.ts'
import { readMachine, readVersions } from '../report/machine.ts'
import { type Chapter, goodputFigures, type Report, reportOf } from '../report/model.ts'
import { runFanout } from '../scenarios/fanout.ts'
import { runHolds } from '../scenarios/holds.ts'
import { runLatency } from '../scenarios/latency.ts'
import { runOnsale } from '../scenarios/onsale.ts'
import { runOutage } from '../scenarios/outage.ts'
import type { Found, ScenarioRun } from '../scenarios/outcome.ts'
import { runSize } from '../scenarios/size.ts'
import { SYSTEM_NAMES } from '../systems/system.ts'
import type { BenchContext, Failure } from './context.ts'

const CHAPTERS = {
  latency: runLatency,
  onsale: runOnsale,
  holds: runHolds,
  size: runSize,
  outage: runOutage,
  fanout: runFanout,
} as const satisfies Record<string, ScenarioRun>

export const SCENARIOS = [
  'goodput',
  ...(Object.keys(CHAPTERS) as (keyof typeof CHAPTERS)[]),
] as const
export type Scenario = (typeof SCENARIOS)[number]

/** Runs the scenarios. What fails is in the report; only an abort rejects. */
export async function runBench(
  context: BenchContext,
  options: { scenarios: readonly Scenario[]; command: string },
): Promise<Report> {
  const startedAt = new Date().toISOString()
  const failures: Failure[] = []
  const chapters: Chapter[] = []
  let goodput: GoodputResult | null = null
  for (const scenario of SCENARIOS) {
    if (!options.scenarios.includes(scenario)) continue
    if (scenario === 'goodput') {
      goodput = await runGoodput(context)
      failures.push(...failuresOf(goodput))
      continue
    }
    try {
      const outcome = await CHAPTERS[scenario](context, foundIn(goodput))
      chapters.push(outcome.chapter)
      failures.push(...outcome.failures)
    } catch (error) {
      context.signal.throwIfAborted()
      const words = error instanceof Error ? error.message : String(error)
      context.progress.say(`${scenario}: FAILED ${words}`)
      failures.push({ scenario, system: null, words })
    }
  }
  const head = {
    command: options.command,
    startedAt,
    finishedAt: new Date().toISOString(),
    machine: readMachine(),
    versions: readVersions(),
    settings: Object.fromEntries(context.settings),
    failures,
  }
  return reportOf(head, { goodput, chapters })
}

/** The peaks that goodput has measured, for the scenarios that load systems by a share of them. */
function foundIn(goodput: GoodputResult | null): Found {
  const light = goodput && goodputFigures(goodput).ordersPerS.light
  return {
    peaks: Object.fromEntries(
      SYSTEM_NAMES.flatMap((name) => {
        const peak = light?.[name]?.median
        return peak === undefined ? [] : [[name, peak]]
      }),
    ),
  }
}
