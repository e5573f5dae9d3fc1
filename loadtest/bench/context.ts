/** What every scenario works with. */
import type { Settings } from '../systems/settings.ts'
import type { StartOptions, SystemName, SystemUnderTest } from '../systems/system.ts'
import type { Progress } from './progress.ts'

export interface BenchContext extends StartOptions {
  readonly progress: Progress
  /** One short round instead of a full one. */
  readonly isQuick: boolean
  /** Rounds of goodput. */
  readonly runs: number
  /** A fault to plant before the audit, to see that the audit catches it. */
  readonly plant: 'oversell' | null
  /** What the servers of each system said of themselves when it was first started. */
  readonly settings: Map<SystemName, Settings>
  /**
   * Starts a system; it is stopped with the bench if its scenario does not do so.
   * @param settings environment of its services, on top of the usual
   */
  start(name: SystemName, settings?: Readonly<Record<string, string>>): Promise<SystemUnderTest>
  /** The command that runs k6. Throws with the reason and the way out when there is none. */
  k6(): Promise<string>
}

/** Something that went wrong in a run, told in the report and by the exit status. */
export interface Failure {
  scenario: string
  system: SystemName | null
  words: string
}
