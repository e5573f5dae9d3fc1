/**
 * A show's layout, made ready for drawing and pressing: where each seat is, which row and section
 * it belongs to, what it costs. Made once per show; proportional to its seats.
 */
import type { Show } from '../../contracts/http.ts'
import { type Box, emptyBox, grown, includeBox, includePoint } from './box.ts'
import { DEFAULT_SEAT_SIZE, placeByDefault } from './defaultPlaces.ts'
import { type Coordinates, type LayoutSection, placeRow } from './places.ts'
import { centroidOf, hullOf, type Polygon, roomAround, widthAt } from './polygon.ts'

export interface PlanRow {
  readonly id: string
  /** Position in `Plan.sections`. */
  readonly section: number
  /** Index of its first seat. */
  readonly first: number
  readonly seats: number
  /** Around the seats' middles. */
  readonly box: Box
  /** Its seats stand where they are, not along a line. */
  readonly isScattered: boolean
}

export interface PlanSection {
  readonly id: string
  readonly name: string
  /** Minor units of the show's currency. */
  readonly price: number
  /** Position in `Plan.zones`. */
  readonly zone: number
  readonly first: number
  readonly seats: number
  /** Positions in `Plan.rows`, the last exclusive. */
  readonly rowsFrom: number
  readonly rowsTo: number
  readonly outline: Polygon
  readonly box: Box
  /** Where its name is written, how wide that may be, and how far the nearest edge is. */
  readonly label: Label
}

export interface Label {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly room: number
}

/** All sections of one price. */
export interface Zone {
  readonly price: number
  readonly seats: number
}

export interface Plan extends Coordinates {
  readonly total: number
  readonly seatSize: number
  readonly rows: readonly PlanRow[]
  readonly sections: readonly PlanSection[]
  /** The dearest first. */
  readonly zones: readonly Zone[]
  readonly stage: Polygon | null
  readonly box: Box
}

export function planOf(show: Pick<Show, 'sections' | 'geometry' | 'total'>): Plan {
  const { sections, geometry, total } = show
  const places: Coordinates = { xs: new Float32Array(total), ys: new Float32Array(total) }
  const stage = geometry ? (geometry.stage ?? null) : placeByDefault(sections, places)
  const seatSize = geometry?.seatSize ?? DEFAULT_SEAT_SIZE
  const rows: PlanRow[] = []
  const zones = zonesOf(sections)
  const planned: PlanSection[] = []
  for (const section of sections) {
    planned.push(planSection(section, { rows, planned, zones, places, seatSize, geometry }))
  }
  const box = emptyBox()
  for (const section of planned) includeBox(box, section.box)
  for (let at = 0; stage && at < stage.length; at += 2) {
    includePoint(box, stage[at] as number, stage[at + 1] as number)
  }
  return { ...places, total, seatSize, rows, sections: planned, zones, stage, box }
}

function zonesOf(sections: readonly LayoutSection[]): Zone[] {
  const seats = new Map<number, number>()
  for (const { price, rows } of sections) {
    seats.set(
      price,
      rows.reduce((sum, row) => sum + row.seats, seats.get(price) ?? 0),
    )
  }
  return [...seats.entries()]
    .sort(([a], [b]) => b - a)
    .map(([price, count]) => ({ price, seats: count }))
}

interface Ground {
  rows: PlanRow[]
  planned: readonly PlanSection[]
  zones: readonly Zone[]
  places: Coordinates
  seatSize: number
  geometry: Show['geometry']
}

/** Plans one section; its rows are added to those of the ground. */
function planSection(section: LayoutSection, ground: Ground): PlanSection {
  const { rows, planned, zones, places, seatSize, geometry } = ground
  const { id, name, price } = section
  const rowsFrom = rows.length
  const last = rows.at(-1)
  const first = last ? last.first + last.seats : 0
  let next = first
  for (const row of section.rows) {
    if (geometry) placeRow(row, next, places)
    const box = rowBox(places, next, row.seats)
    rows.push({
      ...{ id: row.id, section: planned.length, first: next, seats: row.seats, box },
      isScattered: row.places !== undefined,
    })
    next += row.seats
  }
  const ownRows = rows.slice(rowsFrom)
  const outline = section.outline ?? outlineAround(ownRows, places, seatSize)
  const box = polygonBox(outline)
  for (const row of ownRows) includeBox(box, grown(row.box, seatSize / 2))
  const { x, y } = centroidOf(outline)
  return {
    ...{ id, name, price, first, outline, box, rowsFrom },
    zone: zones.findIndex((zone) => zone.price === price),
    seats: next - first,
    rowsTo: rows.length,
    label: { x, y, width: widthAt(outline, x, y), room: roomAround(outline, x, y) },
  }
}

function rowBox({ xs, ys }: Coordinates, first: number, seats: number): Box {
  const box = emptyBox()
  for (let at = first; at < first + seats; at++) {
    includePoint(box, xs[at] as number, ys[at] as number)
  }
  return box
}

function polygonBox(polygon: Polygon): Box {
  const box = emptyBox()
  for (let at = 0; at < polygon.length; at += 2) {
    includePoint(box, polygon[at] as number, polygon[at + 1] as number)
  }
  return box
}

/** A margin around a section whose outline nobody drew, in sizes of a seat: rows have their names there. */
const OUTLINE_MARGIN = 1.5

/** The hull of the rows' boxes, a little wider than the seats. */
function outlineAround(rows: readonly PlanRow[], places: Coordinates, seatSize: number): number[] {
  const by = seatSize * OUTLINE_MARGIN
  const corners: [number, number][] = []
  const around = (index: number) => {
    const x = places.xs[index] as number
    const y = places.ys[index] as number
    corners.push([x - by, y - by], [x + by, y - by], [x - by, y + by], [x + by, y + by])
  }
  for (const { first, seats } of rows) {
    // A few seats per row tell its shape; each of them would only slow the hull.
    const step = Math.max(1, Math.floor(seats / 8))
    for (let at = first; at < first + seats; at += step) around(at)
    around(first + seats - 1)
  }
  return hullOf(corners)
}

/** Position in `Plan.rows` of a seat's row. Binary search over the rows' first seats. */
export function rowIndexAt(plan: Plan, index: number): number {
  let [low, high] = [0, plan.rows.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((plan.rows[middle] as PlanRow).first <= index) low = middle
    else high = middle - 1
  }
  return low
}

export const rowAt = (plan: Plan, index: number): PlanRow =>
  plan.rows[rowIndexAt(plan, index)] as PlanRow

/** A seat in the words of people. */
export interface SeatName {
  readonly index: number
  readonly seatId: string
  readonly section: PlanSection
  readonly row: PlanRow
  /** From 1. */
  readonly number: number
}

export function seatAt(plan: Plan, index: number): SeatName {
  const row = rowAt(plan, index)
  const section = plan.sections[row.section] as PlanSection
  const number = index - row.first + 1
  return { index, seatId: `${section.id}-${row.id}-${number}`, section, row, number }
}

/** Index of a seat by its id, or -1. */
export function indexOf(plan: Plan, seatId: string): number {
  const [sectionId, rowId, number] = seatId.split('-')
  const section = plan.sections.find(({ id }) => id === sectionId)
  if (!section) return -1
  const row = plan.rows.slice(section.rowsFrom, section.rowsTo).find(({ id }) => id === rowId)
  const at = Number(number)
  return row && at >= 1 && at <= row.seats ? row.first + at - 1 : -1
}

/** The seat under a point, if its middle is within `reach` of it; the nearest of several. */
export function seatNear(plan: Plan, x: number, y: number, reach: number): number | null {
  let nearest: number | null = null
  let best = reach * reach
  for (const { box, first, seats } of plan.rows) {
    if (x < box.x0 - reach || x > box.x1 + reach || y < box.y0 - reach || y > box.y1 + reach)
      continue
    for (let at = first; at < first + seats; at++) {
      const distance = (plan.xs[at]! - x) ** 2 + (plan.ys[at]! - y) ** 2
      if (distance > best) continue
      best = distance
      nearest = at
    }
  }
  return nearest
}
