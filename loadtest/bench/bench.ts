/** `npm run bench`: scenarios one after the other, then the report. */

import type { GoodputResult } from '../goodput/goodput.ts'
import { failuresOf, runGoodput } from '../goodput/goodput.ts'
import { readMachine, readVersions } from '../report/machine.ts'
import { type Chapter, type Report, reportOf } from '../report/model.ts'
import type { BenchContext, Failure } from './context.ts'

export const SCENARIOS = ['goodput'] as const
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
  if (options.scenarios.includes('goodput')) {
    goodput = await runGoodput(context)
    failures.push(...failuresOf(goodput))
  }
  const head = {
    command: options.command,
    startedAt,
    finishedAt: new Date().toISOString(),
    machine: readMachine(),
    versions: readVersions(),
    failures,
  }
  return reportOf(head, { goodput, chapters })
}
