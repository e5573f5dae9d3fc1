/**
 * Seats from near. Each look has a shape of its own, so that colour alone tells nothing: free is a
 * disc, held a ring, sold a cross, not for sale a bar; one's own are squares.
 */
import type { OwnLook } from '../booking/claims.ts'
import type { PlanRow, PlanSection } from '../venue/plan.ts'
import { readableOn, zoneColour } from './colours.ts'
import { type Scene, SEATS_FROM_PX, type View } from './scene.ts'

type Context = CanvasRenderingContext2D

const FULL_TURN = 2 * Math.PI
const NUMBERS_FROM_PX = 21
const ROW_NAMES_FROM_PX = 10

export const zoneColourOf = ({ plan, palette }: Scene, section: PlanSection): string =>
  palette.zones[zoneColour(section.zone, plan.zones.length)] as string

interface Spot {
  index: number
  x: number
  y: number
}

/** Draws the seats of a row, or those of `only`. */
export function paintSeats(
  ctx: Context,
  scene: Scene,
  view: View,
  row: PlanRow,
  only: readonly number[] | null,
): void {
  const { plan, palette, looks } = scene
  const { k } = view
  const section = plan.sections[row.section] as PlanSection
  const r = (plan.seatSize * k) / 2
  const byState: [Spot[], Spot[], Spot[], Spot[]] = [[], [], [], []]
  const own: [Spot, OwnLook][] = []
  const count = only ? only.length : row.seats
  for (let at = 0; at < count; at++) {
    const index = only ? (only[at] as number) : row.first + at
    const spot = {
      index,
      x: (plan.xs[index] as number) * k + view.x,
      y: (plan.ys[index] as number) * k + view.y,
    }
    const look = looks.get(index)
    if (look) own.push([spot, look])
    else byState[scene.stateAt(index)].push(spot)
  }
  const colour = zoneColourOf(scene, section)
  paintFree(ctx, byState[0], r, colour)
  paintHeld(ctx, byState[1], r, palette.held)
  paintSold(ctx, byState[2], r, palette.taken)
  paintBlocked(ctx, byState[3], r, palette.taken)
  for (const [spot, look] of own) paintOwn(ctx, spot, r, look, scene)
  if (r * 2 >= NUMBERS_FROM_PX) {
    const onZone = readableOn(colour, [palette.paper, palette.ink])
    writeNumbers(ctx, scene, row, byState[0], { r, colour: onZone })
  }
  if (!only && r * 2 >= ROW_NAMES_FROM_PX) writeRowName(ctx, scene, view, row)
}

function paintFree(ctx: Context, spots: readonly Spot[], r: number, colour: string): void {
  if (spots.length === 0) return
  ctx.beginPath()
  for (const { x, y } of spots) {
    ctx.moveTo(x + r, y)
    ctx.arc(x, y, r, 0, FULL_TURN)
  }
  ctx.fillStyle = colour
  ctx.fill()
}

function paintHeld(ctx: Context, spots: readonly Spot[], r: number, colour: string): void {
  if (spots.length === 0) return
  const width = Math.max(1.2, r * 0.3)
  const ring = r * 0.82 - width / 2
  ctx.beginPath()
  for (const { x, y } of spots) {
    ctx.moveTo(x + ring, y)
    ctx.arc(x, y, ring, 0, FULL_TURN)
  }
  ctx.lineWidth = width
  ctx.strokeStyle = colour
  ctx.stroke()
}

function paintSold(ctx: Context, spots: readonly Spot[], r: number, colour: string): void {
  if (spots.length === 0) return
  const arm = r * 0.44
  ctx.beginPath()
  for (const { x, y } of spots) {
    ctx.moveTo(x - arm, y - arm)
    ctx.lineTo(x + arm, y + arm)
    ctx.moveTo(x + arm, y - arm)
    ctx.lineTo(x - arm, y + arm)
  }
  ctx.lineCap = 'round'
  ctx.lineWidth = Math.max(1, r * 0.22)
  ctx.strokeStyle = colour
  ctx.stroke()
}

function paintBlocked(ctx: Context, spots: readonly Spot[], r: number, colour: string): void {
  if (spots.length === 0) return
  const arm = r * 0.6
  ctx.beginPath()
  for (const { x, y } of spots) {
    ctx.moveTo(x - arm, y)
    ctx.lineTo(x + arm, y)
  }
  ctx.lineCap = 'butt'
  ctx.lineWidth = Math.max(1.5, r * 0.34)
  ctx.strokeStyle = colour
  ctx.stroke()
}

/** A square; inside it a dot while it is asked for, a tick when held, dots while paid, a star after. */
function paintOwn(ctx: Context, { x, y }: Spot, r: number, look: OwnLook, { palette }: Scene) {
  const lineWidth = Math.max(1.5, r * 0.24)
  // The outline lies within the square, or clearSeat would leave something of it.
  const half = look === 'pending' ? r * 0.98 - lineWidth / 2 : r * 0.98
  ctx.beginPath()
  ctx.roundRect(x - half, y - half, half * 2, half * 2, r * 0.3)
  ctx.lineWidth = lineWidth
  ctx.strokeStyle = palette.own
  ctx.fillStyle = look === 'pending' ? palette.section : palette.own
  ctx.fill()
  if (look === 'pending') ctx.stroke()
  ctx.beginPath()
  if (look === 'mine') {
    ctx.moveTo(x - r * 0.44, y + r * 0.04)
    ctx.lineTo(x - r * 0.12, y + r * 0.38)
    ctx.lineTo(x + r * 0.48, y - r * 0.36)
    ctx.lineCap = 'round'
    ctx.lineJoin = 'round'
    ctx.strokeStyle = palette.onOwn
    ctx.stroke()
    return
  }
  if (look === 'ticket') traceStar(ctx, x, y, r * 0.62)
  else {
    const [dots, dot] = look === 'paying' ? [[-0.5, 0, 0.5], r * 0.17] : [[0], r * 0.28]
    for (const along of dots) {
      ctx.moveTo(x + along * r + dot, y)
      ctx.arc(x + along * r, y, dot, 0, FULL_TURN)
    }
  }
  ctx.fillStyle = look === 'pending' ? palette.own : palette.onOwn
  ctx.fill()
}

const MARK_PX = 9

/** Where one's own seats are, from so far that seats are not drawn. */
export function markOwn(ctx: Context, { plan, palette, looks }: Scene, { k, x, y }: View): void {
  ctx.beginPath()
  for (const index of looks.keys()) {
    const px = (plan.xs[index] as number) * k + x - MARK_PX / 2
    const py = (plan.ys[index] as number) * k + y - MARK_PX / 2
    ctx.roundRect(px, py, MARK_PX, MARK_PX, 2)
  }
  ctx.lineWidth = 3
  ctx.strokeStyle = palette.section
  ctx.stroke()
  ctx.fillStyle = palette.own
  ctx.fill()
}

const STAR_POINTS = 5

function traceStar(ctx: Context, x: number, y: number, r: number): void {
  for (let at = 0; at < STAR_POINTS * 2; at++) {
    const reach = at % 2 === 0 ? r : r * 0.45
    const angle = (at * Math.PI) / STAR_POINTS - Math.PI / 2
    ctx.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle))
  }
  ctx.closePath()
}

function writeNumbers(
  ctx: Context,
  { font }: Scene,
  row: PlanRow,
  spots: readonly Spot[],
  { r, colour }: { r: number; colour: string },
): void {
  ctx.font = `500 ${Math.min(13, r * 0.86)}px ${font}`
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  ctx.fillStyle = colour
  for (const { index, x, y } of spots) ctx.fillText(String(index - row.first + 1), x, y + 0.5)
}

/** Beside the first and the last seat, or in the middle of seats that stand around something. */
function writeRowName(ctx: Context, scene: Scene, { k, x, y }: View, row: PlanRow): void {
  const { plan, palette, font } = scene
  const { first, seats, box, id, isScattered } = row
  ctx.font = `500 ${Math.min(13, Math.max(9, plan.seatSize * k * 0.55))}px ${font}`
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  ctx.fillStyle = palette.soft
  if (isScattered) {
    ctx.fillText(id, ((box.x0 + box.x1) / 2) * k + x, ((box.y0 + box.y1) / 2) * k + y)
    return
  }
  const last = first + seats - 1
  const ends = seats === 1 ? [] : [[first, first + 1] as const, [last, last - 1] as const]
  for (const [end, inner] of ends) {
    const dx = (plan.xs[end] as number) - (plan.xs[inner] as number)
    const dy = (plan.ys[end] as number) - (plan.ys[inner] as number)
    const away = (plan.seatSize * 1.05) / (Math.hypot(dx, dy) || 1)
    ctx.fillText(
      id,
      ((plan.xs[end] as number) + dx * away) * k + x,
      ((plan.ys[end] as number) + dy * away) * k + y,
    )
  }
}

/** Takes a seat off the canvas, and nothing of its neighbours. */
export function clearSeat(ctx: Context, { plan, palette }: Scene, view: View, index: number): void {
  const r = Math.max(SEATS_FROM_PX, plan.seatSize * view.k) / 2
  const x = (plan.xs[index] as number) * view.k + view.x
  const y = (plan.ys[index] as number) * view.k + view.y
  ctx.beginPath()
  // One's own are squares, whose corners reach a little further than a disc.
  ctx.roundRect(x - r - 1, y - r - 1, r * 2 + 2, r * 2 + 2, r * 0.4)
  ctx.fillStyle = palette.section
  ctx.fill()
}
