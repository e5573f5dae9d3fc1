/** Where a key leads in a grid of rows. */
import { type Plan, type PlanRow, type PlanSection, rowIndexAt } from '../venue/plan.ts'

/** The seat that a key leads to from `index`, within the section; null for keys that lead nowhere. */
export function seatAfterKey(
  plan: Plan,
  section: PlanSection,
  index: number,
  { key, isCtrl }: { key: string; isCtrl: boolean },
): number | null {
  const at = rowIndexAt(plan, index)
  const row = plan.rows[at] as PlanRow
  const end = row.first + row.seats - 1
  const lastSeat = section.first + section.seats - 1
  const inRow = (target: number): number => {
    const to = plan.rows[
      Math.min(section.rowsTo - 1, Math.max(section.rowsFrom, target))
    ] as PlanRow
    return to === row ? index : to.first + Math.min(to.seats - 1, index - row.first)
  }
  switch (key) {
    case 'ArrowRight':
      return Math.min(end, index + 1)
    case 'ArrowLeft':
      return Math.max(row.first, index - 1)
    case 'ArrowDown':
      return inRow(at + 1)
    case 'ArrowUp':
      return inRow(at - 1)
    case 'PageDown':
      return inRow(at + 5)
    case 'PageUp':
      return inRow(at - 5)
    case 'Home':
      return isCtrl ? section.first : row.first
    case 'End':
      return isCtrl ? lastSeat : end
    default:
      return null
  }
}

/** Rows are shown in parts of about this many seats, for a browser lays each seat out. */
const SEATS_SHOWN_MAX = 1_200

/** The part of a section's rows (positions in `Plan.rows`) in which a row is shown. */
export function partWith(
  plan: Plan,
  section: PlanSection,
  rowAt: number,
): { from: number; to: number } {
  let from = section.rowsFrom
  let seats = 0
  for (let at = section.rowsFrom; at < section.rowsTo; at++) {
    const count = (plan.rows[at] as PlanRow).seats
    if (at > from && seats + count > SEATS_SHOWN_MAX) {
      if (rowAt < at) return { from, to: at }
      from = at
      seats = 0
    }
    seats += count
  }
  return { from, to: section.rowsTo }
}
