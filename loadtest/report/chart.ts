/** Charts as data. Colours go by the place of a series or segment in its list. */
import type { Summary } from '../statistics/summary.ts'

export type Chart = BarChart | StackChart | LineChart

/** Groups of bars, one bar per series, with the range of its runs. */
export interface BarChart {
  kind: 'bars'
  title: string
  unit: string
  groups: readonly string[]
  /** One value per group; null where there is none. */
  series: readonly { name: string; values: readonly (Summary | null)[] }[]
}

/** One bar per row, made of segments. */
export interface StackChart {
  kind: 'stack'
  title: string
  unit: string
  segments: readonly string[]
  /** One value per segment. */
  rows: readonly { name: string; values: readonly number[] }[]
}

export interface LineChart {
  kind: 'lines'
  title: string
  xLabel: string
  yLabel: string
  isXLog?: boolean
  isYLog?: boolean
  series: readonly {
    name: string
    points: readonly (readonly [x: number, y: number])[]
    /** Drawn in the colour of faults. */
    isBad?: boolean
  }[]
  /** Stretches of the x axis with a name, such as the time of a fault. */
  spans?: readonly { name: string; from: number; until: number }[]
}
