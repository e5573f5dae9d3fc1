import type { MapChange } from '../../client/holdfast.ts'
import { type Plan, type PlanSection, rowAt } from './plan.ts'

/** How many seats are free, by section and by price; kept up change by change. */
export class Census {
  readonly #plan: Plan
  readonly #bySection: Int32Array
  readonly #byZone: Int32Array

  constructor(plan: Plan) {
    this.#plan = plan
    this.#bySection = Int32Array.from(plan.sections, ({ seats }) => seats)
    this.#byZone = Int32Array.from(plan.zones, ({ seats }) => seats)
  }

  /** Free seats of the section at this position. */
  inSection(section: number): number {
    return this.#bySection[section] as number
  }

  inZone(zone: number): number {
    return this.#byZone[zone] as number
  }

  /** A map begins with all seats free, and its first snapshot tells which are not. */
  apply({ changes }: Pick<MapChange, 'changes'>): void {
    for (const { index, from, to } of changes) {
      if (index >= this.#plan.total || (from === 0) === (to === 0)) continue
      const { section } = rowAt(this.#plan, index)
      const { zone } = this.#plan.sections[section] as PlanSection
      const by = to === 0 ? 1 : -1
      this.#bySection[section]! += by
      this.#byZone[zone]! += by
    }
  }
}
