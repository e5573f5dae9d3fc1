/** Where the seats of a row stand, as contracts/layout.md says it. */
import type { Show } from '../../contracts/http.ts'

export type LayoutSection = Show['sections'][number]
export type LayoutRow = LayoutSection['rows'][number]

/** Coordinates of seats by their index in layout order. */
export interface Coordinates {
  readonly xs: Float32Array
  readonly ys: Float32Array
}

/** Writes the places of a row's seats from index `first` on. */
export function placeRow(row: LayoutRow, first: number, into: Coordinates): void {
  if (row.places) placeEach(row.places, first, into)
  else if (row.curve?.length === 6) placeOnArc(row.curve, row.seats, first, into)
  else if (row.curve) placeOnLine(row.curve, row.seats, first, into)
}

function placeEach(places: readonly number[], first: number, { xs, ys }: Coordinates): void {
  for (let at = 0; at < places.length; at += 2) {
    xs[first + at / 2] = places[at] as number
    ys[first + at / 2] = places[at + 1] as number
  }
}

/** Share of the way from the first seat to the last; a single seat is in the middle. */
const shareOf = (seat: number, seats: number): number => (seats === 1 ? 0.5 : seat / (seats - 1))

function placeOnLine(
  curve: readonly number[],
  seats: number,
  first: number,
  { xs, ys }: Coordinates,
): void {
  const [ax = 0, ay = 0] = curve
  const [bx = 0, by = 0] = curve.slice(-2)
  for (let seat = 0; seat < seats; seat++) {
    const share = shareOf(seat, seats)
    xs[first + seat] = ax + (bx - ax) * share
    ys[first + seat] = ay + (by - ay) * share
  }
}

/** How far the middle may be off the line, in shares of its length, for an arc to count as one. */
const FLATNESS = 1e-6

function placeOnArc(curve: readonly number[], seats: number, first: number, into: Coordinates) {
  const [ax, ay, mx, my, bx, by] = curve as [number, number, number, number, number, number]
  // The circumcentre of the three points, relative to the first.
  const [ux, uy, vx, vy] = [mx - ax, my - ay, bx - ax, by - ay]
  const cross = 2 * (ux * vy - uy * vx)
  const [uu, vv] = [ux * ux + uy * uy, vx * vx + vy * vy]
  if (Math.abs(cross) <= FLATNESS * vv) return placeOnLine(curve, seats, first, into)
  const cx = ax + (vy * uu - uy * vv) / cross
  const cy = ay + (ux * vv - vx * uu) / cross
  const radius = Math.hypot(ax - cx, ay - cy)
  const from = Math.atan2(ay - cy, ax - cx)
  const sweep = sweepOf(from, Math.atan2(my - cy, mx - cx), Math.atan2(by - cy, bx - cx))
  for (let seat = 0; seat < seats; seat++) {
    const angle = from + sweep * shareOf(seat, seats)
    into.xs[first + seat] = cx + radius * Math.cos(angle)
    into.ys[first + seat] = cy + radius * Math.sin(angle)
  }
}

const TURN = 2 * Math.PI
const positive = (angle: number): number => ((angle % TURN) + TURN) % TURN

/** The way from one angle over another to a third: forwards when the middle is met that way. */
function sweepOf(from: number, over: number, to: number): number {
  const forwards = positive(to - from)
  return positive(over - from) <= forwards ? forwards : forwards - TURN
}
