/**
 * The demo arena: some 12,000 seats on a floor and in two tiers around it, in centimetres. The
 * tiers follow an oval of arcs that meet without a kink, so each row is a parallel of the first.
 */
import type { ShowRequest } from '../../contracts/http.ts'
import { type Arc, curveOf, outlineAlong } from './arcs.ts'

type Section = ShowRequest['sections'][number]

const SEAT_PITCH = 50
const AISLE = 110
const DEGREE = Math.PI / 180
/** Where a side meets the end, as an angle at both of their centres. */
const BEND = Math.atan2(1_000, 5_600)
const SIDE_RADIUS = 8_000
const END = { x: 0, y: 1_900, radius: SIDE_RADIUS - Math.hypot(5_600, 1_000) }

/** One part of the oval from angle `from` to `to`, cut into `parts` sections of equal angle. */
interface Stretch {
  x: number
  y: number
  radius: number
  from: number
  to: number
  parts: number
  price: number
}

interface Tier {
  name: string
  firstId: number
  rows: number
  rowPitch: number
  /** How far the first row is from the oval. */
  setback: number
  stretches: readonly Stretch[]
}

const stretches = (of: { side: number; end: number; endParts: number }): Stretch[] => {
  const side = { y: 900, radius: SIDE_RADIUS, parts: 3, price: of.side }
  return [
    { ...side, x: 5_600, from: Math.PI + BEND, to: Math.PI - BEND },
    { ...END, from: Math.PI - BEND, to: BEND, parts: of.endParts, price: of.end },
    { ...side, x: -5_600, from: BEND, to: -BEND },
  ]
}

const TIERS: readonly Tier[] = [
  {
    ...{ name: 'Lower', firstId: 101, rows: 18, rowPitch: 85, setback: 0 },
    stretches: stretches({ side: 121_000, end: 110_000, endParts: 7 }),
  },
  {
    ...{ name: 'Upper', firstId: 201, rows: 13, rowPitch: 82, setback: 1_980 },
    stretches: stretches({ side: 88_000, end: 77_000, endParts: 9 }),
  },
]

/** The slices of a stretch, in the order in which one walks around the house. */
function slicesOf(stretch: Stretch): { from: number; to: number; stretch: Stretch }[] {
  const step = (stretch.to - stretch.from) / stretch.parts
  return Array.from({ length: stretch.parts }, (_, at) => ({
    from: stretch.from + at * step,
    to: stretch.from + (at + 1) * step,
    stretch,
  }))
}

function tierSections(tier: Tier): Section[] {
  return tier.stretches.flatMap(slicesOf).map(({ from, to, stretch }, at) => {
    const { x, y } = stretch
    const arcAt = (row: number): Arc => ({
      ...{ x, y, from, to },
      radius: stretch.radius + tier.setback + row * tier.rowPitch,
    })
    const id = String(tier.firstId + at)
    const rows = Array.from({ length: tier.rows }, (_, row) => {
      const arc = arcAt(row)
      const lengthOf = Math.abs(to - from) * arc.radius
      const seats = Math.floor((lengthOf - AISLE) / SEAT_PITCH)
      const curve = curveOf({ ...arc, seats, pitch: SEAT_PITCH })
      return { id: String(row + 1), seats, curve }
    })
    const outline = outlineAlong([arcAt(-0.6), arcAt(tier.rows - 0.4)], AISLE / 2 - 28)
    return { id, name: `${tier.name} ${id}`, price: stretch.price, rows, outline }
  })
}

const FLOOR = { x: 0, y: -5_200, firstRadius: 5_600, rowPitch: 90, blockSeats: 22, aisle: 150 }
const CLEAR_OF_TIERS = 260
const LETTERS = 'ABCDEFGHIJKLMNOPQR'

/** How far to the side a floor row may go before it comes too near to the lower tier. */
function halfWidthAt(y: number): number {
  const fromSide = Math.sqrt(SIDE_RADIUS ** 2 - (y - 900) ** 2) - 5_600
  const depth = y - END.y
  const fromEnd = depth > 0 ? Math.sqrt(Math.max(0, END.radius ** 2 - depth ** 2)) : fromSide
  return Math.min(fromSide, fromEnd) - CLEAR_OF_TIERS
}

type Block = 'left' | 'centre' | 'right'

/** Angle of a floor seat's place `along` the row, in centimetres from the middle. */
const floorAngle = (along: number, radius: number): number => Math.PI / 2 - along / radius

function floorSpan(block: Block, radius: number): { from: number; to: number; seats: number } {
  const { blockSeats, aisle, y } = FLOOR
  const half = (blockSeats * SEAT_PITCH) / 2
  if (block === 'centre') {
    return { from: floorAngle(-half, radius), to: floorAngle(half, radius), seats: blockSeats }
  }
  const begin = half + aisle
  const edge = halfWidthAt(y + Math.sqrt(radius ** 2 - (begin + half) ** 2))
  const seats = Math.min(blockSeats, Math.floor((edge - begin) / SEAT_PITCH))
  const end = begin + seats * SEAT_PITCH
  const [from, to] = block === 'left' ? [-end, -begin] : [begin, end]
  return { from: floorAngle(from, radius), to: floorAngle(to, radius), seats }
}

function floorSection(of: {
  id: string
  name: string
  price: number
  block: Block
  firstRow: number
}): Section {
  const { block, firstRow, ...rest } = of
  const { x, y, firstRadius, rowPitch } = FLOOR
  const arcAt = (row: number): Arc & { seats: number } => {
    const radius = firstRadius + (firstRow + row) * rowPitch
    return { x, y, radius, ...floorSpan(block, radius) }
  }
  const rows = [...LETTERS].map((id, row) => {
    const { seats, ...arc } = arcAt(row)
    return { id, seats, curve: curveOf({ ...arc, seats, pitch: SEAT_PITCH }) }
  })
  // Rows grow shorter towards the back, so the sides of the outline follow every third of them.
  const depths = Array.from({ length: LETTERS.length / 3 + 1 }, (_, at) => at * 3 - 0.6)
  return { ...rest, rows, outline: outlineAlong(depths.map(arcAt), -42) }
}

const REAR_ROW = LETTERS.length + 1.5

function floorSections(): Section[] {
  const front = { price: 154_000, firstRow: 0 }
  const rear = { price: 132_000, firstRow: REAR_ROW }
  return [
    floorSection({ ...front, id: 'floor', name: 'Floor B', block: 'centre' }),
    floorSection({ ...front, id: 'floorA', name: 'Floor A', block: 'left' }),
    floorSection({ ...front, id: 'floorC', name: 'Floor C', block: 'right' }),
    floorSection({ ...rear, id: 'floorE', name: 'Floor E', block: 'centre' }),
    floorSection({ ...rear, id: 'floorD', name: 'Floor D', block: 'left' }),
    floorSection({ ...rear, id: 'floorF', name: 'Floor F', block: 'right' }),
  ]
}

/** A broad stage with a round front. */
function stage(): number[] {
  const front = Array.from({ length: 13 }, (_, at) => {
    const angle = (180 - at * 15) * DEGREE
    return [Math.round(1_050 * Math.cos(angle)), Math.round(-150 + 300 * Math.sin(angle))]
  })
  const back = [1_500, -150, 1_500, -1_050, -1_500, -1_050, -1_500, -150]
  return [...front.flat(), ...back]
}

/** Nothing in it depends on the day, so making it again changes nothing. */
export const arenaShow = (showId: string): ShowRequest => ({
  showId,
  name: 'Opening night at the Arena',
  startsAt: '2031-05-17T10:00:00.000Z',
  currency: 'KRW',
  geometry: { seatSize: 40, stage: stage() },
  sections: [...floorSections(), ...TIERS.flatMap(tierSections)],
})
