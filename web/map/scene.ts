/** What there is to draw, and from where it is looked at. */
import type { OwnLook } from '../booking/claims.ts'
import type { Census } from '../venue/census.ts'
import type { Plan } from '../venue/plan.ts'
import type { Palette } from './colours.ts'

export interface Scene {
  readonly plan: Plan
  readonly census: Census
  readonly palette: Palette
  readonly font: string
  readonly stageLabel: string
  readonly numberFormat: (value: number) => string
  /** The one price that is looked for, or null. */
  readonly zone: number | null
  /** Whether the states of the seats are known. */
  readonly isKnown: boolean
  stateAt(index: number): 0 | 1 | 2 | 3
  readonly looks: ReadonlyMap<number, OwnLook>
}

/** From plan to CSS pixels: `x * k + x0`. */
export interface View {
  readonly k: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export type Level = 'sections' | 'rows' | 'seats'

/** Seats smaller than this, in CSS pixels, are drawn as rows; rows smaller than that as sections. */
const ROWS_FROM_PX = 4.2
export const SEATS_FROM_PX = 7.5

export function levelOf({ k }: Pick<View, 'k'>, plan: Plan): Level {
  const seatPx = plan.seatSize * k
  if (seatPx < ROWS_FROM_PX) return 'sections'
  return seatPx < SEATS_FROM_PX ? 'rows' : 'seats'
}
