/** Rows and sections along circles, in the terms of contracts/layout.md. y grows downwards. */

/** A piece of the circle around (x, y), from one angle to another, in radians. */
export interface Arc {
  x: number
  y: number
  radius: number
  from: number
  to: number
}

const POINTS_PER_SIDE = 9

const round = (value: number): number => Math.round(value * 10) / 10

const pointAt = ({ x, y, radius }: Arc, angle: number): Point => [
  round(x + radius * Math.cos(angle)),
  round(y + radius * Math.sin(angle)),
]

/** The curve of `seats` seats, `pitch` apart, in the middle of an arc. */
export function curveOf(row: Arc & { seats: number; pitch: number }): number[] {
  const middle = (row.from + row.to) / 2
  const half = (((row.seats - 1) * row.pitch) / row.radius / 2) * Math.sign(row.to - row.from)
  return [middle - half, middle, middle + half].flatMap((angle) => pointAt(row, angle))
}

/** The outline around arcs that follow each other outwards, `inset` shorter at their ends. */
export function outlineAlong(arcs: readonly Arc[], inset: number): number[] {
  const sides = arcs.map((arc) => side(arc, inset))
  const first = sides[0] as Point[]
  const last = sides.at(-1) as Point[]
  const between = sides.slice(1, -1)
  const ends = between.map((points) => points.at(-1) as Point)
  const starts = between.map((points) => points[0] as Point)
  return [...first, ...ends, ...last.toReversed(), ...starts.toReversed()].flat()
}

type Point = [x: number, y: number]

function side(arc: Arc, inset: number): Point[] {
  const cut = (inset / arc.radius) * Math.sign(arc.to - arc.from)
  const from = arc.from + cut
  const step = (arc.to - cut - from) / (POINTS_PER_SIDE - 1)
  return Array.from({ length: POINTS_PER_SIDE }, (_, at) => pointAt(arc, from + at * step))
}
