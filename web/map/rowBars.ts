/** Rows from afar: a bar where seats are free, a thin line where they are not. */
import type { PlanRow, PlanSection } from '../venue/plan.ts'
import type { Scene, View } from './scene.ts'
import { zoneColourOf } from './seats.ts'

type Context = CanvasRenderingContext2D

const BAR = 0.74
const LINE = 0.2

export function paintRowBars(ctx: Context, scene: Scene, view: View, row: PlanRow): void {
  const { plan, palette, looks } = scene
  const sizePx = plan.seatSize * view.k
  const section = plan.sections[row.section] as PlanSection
  ctx.lineCap = 'butt'
  strokeRuns(ctx, scene, view, row, (index) => scene.stateAt(index) !== 0, {
    colour: palette.taken,
    widthPx: Math.max(1, sizePx * LINE),
  })
  strokeRuns(ctx, scene, view, row, (index) => scene.stateAt(index) === 0 && !looks.has(index), {
    colour: zoneColourOf(scene, section),
    widthPx: sizePx * BAR,
  })
  if (looks.size === 0) return
  strokeRuns(ctx, scene, view, row, (index) => looks.has(index), {
    colour: palette.own,
    widthPx: sizePx,
  })
}

/** One stroke along each run of seats for which `isOf` holds, half a seat longer at both ends. */
function strokeRuns(
  ctx: Context,
  { plan }: Scene,
  { k, x, y }: View,
  { first, seats, isScattered }: PlanRow,
  isOf: (index: number) => boolean,
  { colour, widthPx }: { colour: string; widthPx: number },
): void {
  const half = (plan.seatSize * k) / 2
  const px = (index: number): number => (plan.xs[index] as number) * k + x
  const py = (index: number): number => (plan.ys[index] as number) * k + y
  ctx.beginPath()
  const end = first + seats
  for (let at = first; at < end; at++) {
    if (!isOf(at)) continue
    let to = at
    while (!isScattered && to + 1 < end && isOf(to + 1)) to++
    // Where the row goes at the run's ends, told by a neighbour.
    const next = at + 1 < end ? at + 1 : at - 1
    const [ux, uy] = isScattered || seats === 1 ? [1, 0] : towards(px, py, at, next, at < next)
    const last = to > first ? to - 1 : to + 1
    const [vx, vy] = isScattered || seats === 1 ? [1, 0] : towards(px, py, to, last, to < last)
    ctx.moveTo(px(at) - ux * half, py(at) - uy * half)
    for (let seat = at; seat <= to; seat++) ctx.lineTo(px(seat), py(seat))
    ctx.lineTo(px(to) + vx * half, py(to) + vy * half)
    at = to
  }
  ctx.lineWidth = widthPx
  ctx.strokeStyle = colour
  ctx.stroke()
}

/** The unit vector along the row at a seat, in the direction of growing numbers. */
function towards(
  px: (index: number) => number,
  py: (index: number) => number,
  from: number,
  neighbour: number,
  isForwards: boolean,
): [number, number] {
  const dx = px(neighbour) - px(from)
  const dy = py(neighbour) - py(from)
  const length = Math.hypot(dx, dy) || 1
  const sign = isForwards ? 1 : -1
  return [(sign * dx) / length, (sign * dy) / length]
}
