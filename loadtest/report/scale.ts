/** Axes: from values to pixels, and where to put the marks. */

export interface Scale {
  /** Pixels of a value. */
  at(value: number): number
  /** Values that are marked, in order. */
  ticks: readonly number[]
}

export interface ScaleOptions {
  from: number
  until: number
  /** Pixels of `from` and `until`. */
  pixels: readonly [number, number]
  isLog?: boolean
  ticksMax?: number
}

const STEPS = [1, 2, 2.5, 5, 10]
const TICKS_MAX = 6

/** The least round step with which `ticksMax` marks cover `range`. */
function stepFor(range: number, ticksMax: number): number {
  const least = range / ticksMax
  const power = 10 ** Math.floor(Math.log10(least))
  return power * (STEPS.find((step) => step * power >= least) ?? 10)
}

function linearTicks(from: number, until: number, ticksMax: number): number[] {
  const step = stepFor(until - from, ticksMax)
  const first = Math.ceil(from / step - 1e-9)
  const last = Math.floor(until / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  )
}

function logTicks(from: number, until: number): number[] {
  const first = Math.ceil(Math.log10(from) - 1e-9)
  const last = Math.floor(Math.log10(until) + 1e-9)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => 10 ** (first + at))
}

/** @throws RangeError for a logarithmic axis that begins at or below 0 */
export function scaleOf({
  from,
  until,
  pixels,
  isLog = false,
  ticksMax = TICKS_MAX,
}: ScaleOptions): Scale {
  if (isLog && from <= 0) throw new RangeError('a logarithmic axis begins above 0')
  const [start, end] = pixels
  // An axis without extent would put every value nowhere.
  const last = until > from ? until : from + 1
  const place = isLog ? Math.log10 : (value: number) => value
  const share = (value: number) => (place(value) - place(from)) / (place(last) - place(from))
  return {
    at: (value) => start + share(value) * (end - start),
    ticks: isLog ? logTicks(from, last) : linearTicks(from, last, ticksMax),
  }
}

/** The greatest value of an axis that shows values up to `max`: the next mark above it. */
export function niceMax(max: number, ticksMax = TICKS_MAX): number {
  if (!(max > 0)) return 1
  const step = stepFor(max, ticksMax)
  return Math.ceil(max / step - 1e-9) * step
}
