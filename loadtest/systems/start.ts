import { startBaselineSystem } from './baseline.ts'
import { startHoldfast } from './holdfast.ts'
import type { StartOptions, SystemName, SystemUnderTest } from './system.ts'

/**
 * Starts a system on fresh servers of its own.
 * @throws Error naming what did not start; everything has been stopped then
 */
export function startSystem(name: SystemName, options: StartOptions): Promise<SystemUnderTest> {
  switch (name) {
    case 'holdfast':
      return startHoldfast(options)
    case 'tuned':
    case 'idiomatic':
      return startBaselineSystem(name, options)
    default:
      throw new TypeError(`no system is called ${name satisfies never}`)
  }
}
