import { indexOf, type Plan, seatAt } from '../venue/plan.ts'
import type { SeatWords } from '../words/words.ts'

/** A seat's id in the parts that sentences are made of. */
export function seatWords(plan: Plan, seatId: string): SeatWords {
  const index = indexOf(plan, seatId)
  if (index < 0) return { section: seatId, row: '', number: 0 }
  const { section, row, number } = seatAt(plan, index)
  return { section: section.name, row: row.id, number }
}
