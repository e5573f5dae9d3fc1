/** Small, plain statistics. Everything here is pure. */

/** The middle run and the range of all runs. */
export interface Summary {
  median: number
  min: number
  max: number
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)

/**
 * The median (of an even count: the mean of the two in the middle), least and greatest value.
 * @throws RangeError when there are none
 */
export function summaryOf(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('no value to summarise')
  const sorted = ascending(values)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
  return { median, min: sorted[0] as number, max: sorted.at(-1) as number }
}

/**
 * The summary of `ours[i] / theirs[i]`: runs of one round stand beside each other in time, so
 * what slows the machine down slows both.
 */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Summary {
  if (ours.length !== theirs.length) throw new RangeError('ratios need as many runs on each side')
  return summaryOf(ours.map((value, at) => value / (theirs[at] as number)))
}

/**
 * The value that a share `q` (0 to 1) of all values does not exceed: the nearest rank, always one
 * that was measured. NaN when there are no values.
 */
export function quantileOf(values: readonly number[], q: number): number {
  return quantileOfSorted(ascending(values), q)
}

function quantileOfSorted(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return Number.NaN
  const rank = Math.max(1, Math.ceil(q * sorted.length))
  return sorted[rank - 1] as number
}

/** What a latency distribution comes down to; milliseconds. */
export interface Distribution {
  count: number
  mean: number
  p50: number
  p90: number
  p99: number
  p999: number
  max: number
}

/** The distribution of some latencies; null when there are none. */
export function distributionOf(valuesMs: readonly number[]): Distribution | null {
  if (valuesMs.length === 0) return null
  const sorted = ascending(valuesMs)
  return {
    count: sorted.length,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    p50: quantileOfSorted(sorted, 0.5),
    p90: quantileOfSorted(sorted, 0.9),
    p99: quantileOfSorted(sorted, 0.99),
    p999: quantileOfSorted(sorted, 0.999),
    max: sorted.at(-1) as number,
  }
}

/**
 * Splits values into `groups` of the same size (as far as they divide), in order. Of 25 values in
 * 10 groups the first five have three.
 */
export function groupsOf<T>(values: readonly T[], groups: number): T[][] {
  const size = values.length / groups
  return Array.from({ length: groups }, (_, at) =>
    values.slice(Math.ceil(at * size), Math.ceil((at + 1) * size)),
  )
}
