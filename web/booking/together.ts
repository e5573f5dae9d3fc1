/** Seats side by side. */
import { type Plan, rowAt } from '../venue/plan.ts'

/**
 * `count` free neighbours in the row of `index`, this seat among them, as much in the middle as can
 * be; null when there are none.
 */
export function neighbours(
  plan: Plan,
  index: number,
  count: number,
  isFree: (index: number) => boolean,
): number[] | null {
  const row = rowAt(plan, index)
  let [from, to] = [index, index]
  while (from - 1 >= row.first && index - from < count && isFree(from - 1)) from--
  while (to + 1 < row.first + row.seats && to - index < count && isFree(to + 1)) to++
  if (!isFree(index) || to - from + 1 < count) return null
  const ideal = index - Math.floor((count - 1) / 2)
  const begin = Math.min(Math.max(ideal, from), to - count + 1)
  return Array.from({ length: count }, (_, at) => begin + at)
}

/** The first `count` free neighbours among the seats `first` to `end`, row by row; null if none. */
export function firstTogether(
  plan: Plan,
  { first, end, count }: { first: number; end: number; count: number },
  isFree: (index: number) => boolean,
): number[] | null {
  let run = 0
  let rowEnd = 0
  for (let at = first; at < end; at++) {
    if (at >= rowEnd) {
      const row = rowAt(plan, at)
      rowEnd = row.first + row.seats
      run = 0
    }
    run = isFree(at) ? run + 1 : 0
    if (run === count) return Array.from({ length: count }, (_, back) => at - count + 1 + back)
  }
  return null
}
