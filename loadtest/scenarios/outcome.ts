/** What a scenario hands back, and what all of them do alike. */
import type { Audit } from '../audit/audit.ts'
import type { BenchContext, Failure } from '../bench/context.ts'
import type { Chapter } from '../report/model.ts'
import type { SystemName, SystemUnderTest } from '../systems/system.ts'

export interface ScenarioOutcome {
  chapter: Chapter
  failures: Failure[]
}

/** What earlier scenarios of the same bench have found out. */
export interface Found {
  /** Completed orders per second in the closed loop of the light generator. */
  peaks: Partial<Record<SystemName, number>>
}

export type ScenarioRun = (context: BenchContext, found: Found) => Promise<ScenarioOutcome>

/** Starts a system for `work`, with settings other than usual if need be, and stops it. */
export async function onSystem<T>(
  context: BenchContext,
  name: SystemName,
  work: (system: SystemUnderTest) => Promise<T>,
  settings: Readonly<Record<string, string>> = {},
): Promise<T> {
  const system = await context.start(name, settings)
  try {
    return await work(system)
  } finally {
    await system.stop()
  }
}

/** The failure that an audit is, if it found anything. */
export function failureOfAudit(scenario: string, system: SystemName, audit: Audit): Failure[] {
  if (audit.ok) return []
  const words = `the audit found ${audit.counts.findings} faults; ${audit.findings[0]}`
  return [{ scenario, system, words }]
}
