/**
 * Draws a scene on a 2D canvas. Seats of a row that look alike are one path: without a graphics card
 * that is faster than stamping images of seats, and it is sharp at every scale.
 */
import { type Box, grown, overlaps } from '../venue/box.ts'
import { type PlanRow, type PlanSection, rowIndexAt } from '../venue/plan.ts'
import { mix, readableOn } from './colours.ts'
import { paintRowBars } from './rowBars.ts'
import { type Level, levelOf, type Scene, type View } from './scene.ts'
import { clearSeat, markOwn, paintSeats, zoneColourOf } from './seats.ts'
import { hasRoomForNames, tracePolygon, writeLabel, writeStage } from './shapes.ts'

/** How much of a section's colour is left when it is not of the price that is looked for. */
const FADED = 0.14

export class Painter {
  readonly #ctx: CanvasRenderingContext2D

  constructor(ctx: CanvasRenderingContext2D) {
    this.#ctx = ctx
  }

  /** Draws everything that can be seen. */
  paint(scene: Scene, view: View): void {
    const ctx = this.#ctx
    const { plan, palette } = scene
    const level = levelOf(view, plan)
    ctx.fillStyle = palette.paper
    ctx.fillRect(0, 0, view.width, view.height)
    const seen = seenBox(view)
    if (plan.stage) writeStage(ctx, scene, view)
    for (const [at, section] of plan.sections.entries()) {
      if (overlaps(section.box, seen)) this.#paintSection(scene, view, at, level, seen)
    }
    if (level === 'seats') return
    const isNamed = hasRoomForNames(ctx, scene, view)
    for (const [at, section] of plan.sections.entries()) {
      if (overlaps(section.box, seen)) this.#write(scene, view, at, level, isNamed)
    }
    if (level === 'sections') markOwn(ctx, scene, view)
  }

  /** Draws seats anew that have changed; the rest of the canvas must show this scene and view. */
  patch(scene: Scene, view: View, indexes: Iterable<number>): void {
    const { plan } = scene
    const level = levelOf(view, plan)
    const seen = seenBox(view)
    const rows = new Map<number, number[]>()
    for (const index of indexes) {
      const row = rowIndexAt(plan, index)
      const known = rows.get(row)
      if (known) known.push(index)
      else rows.set(row, [index])
    }
    if (level === 'seats') this.#patchSeats(scene, view, rows, seen)
    else this.#patchSections(scene, view, rows.keys(), { level, seen })
  }

  #patchSeats(scene: Scene, view: View, rows: Map<number, number[]>, seen: Box): void {
    for (const [at, indexes] of rows) {
      const row = scene.plan.rows[at] as PlanRow
      if (!overlaps(grown(row.box, scene.plan.seatSize), seen)) continue
      for (const index of indexes) clearSeat(this.#ctx, scene, view, index)
      paintSeats(this.#ctx, scene, view, row, indexes)
    }
  }

  #patchSections(
    scene: Scene,
    view: View,
    rows: Iterable<number>,
    { level, seen }: { level: Level; seen: Box },
  ): void {
    const { plan } = scene
    const sections = new Set<number>()
    for (const row of rows) sections.add((plan.rows[row] as PlanRow).section)
    const isNamed = hasRoomForNames(this.#ctx, scene, view)
    for (const at of sections) {
      if (!overlaps((plan.sections[at] as PlanSection).box, seen)) continue
      this.#paintSection(scene, view, at, level, seen)
      this.#write(scene, view, at, level, isNamed)
    }
    if (level === 'sections') markOwn(this.#ctx, scene, view)
  }

  #write(scene: Scene, view: View, at: number, level: Level, isNamed: boolean): void {
    const { plan, palette, census, zone } = scene
    const section = plan.sections[at] as PlanSection
    const isFaded = zone !== null && zone !== section.zone
    if (isFaded) return
    const isOnSeats = level === 'rows'
    const fill = isOnSeats ? palette.section : sectionFill(scene, at, isFaded)
    const colour = readableOn(fill, [palette.paper, palette.ink])
    const style = { colour, plate: isOnSeats ? palette.section : null, isNamed }
    writeLabel(this.#ctx, scene, view, section, census.inSection(at), style)
  }

  #paintSection(scene: Scene, view: View, at: number, level: Level, seen: Box): void {
    const ctx = this.#ctx
    const { plan, palette, zone } = scene
    const section = plan.sections[at] as PlanSection
    const isFaded = zone !== null && zone !== section.zone
    tracePolygon(ctx, section.outline, view)
    ctx.fillStyle = level === 'sections' ? sectionFill(scene, at, isFaded) : palette.section
    ctx.fill()
    ctx.lineWidth = 1
    ctx.strokeStyle = palette.line
    ctx.stroke()
    if (level === 'sections') return
    const reach = grown(seen, plan.seatSize)
    for (let r = section.rowsFrom; r < section.rowsTo; r++) {
      const row = plan.rows[r] as PlanRow
      if (!overlaps(row.box, reach)) continue
      ctx.globalAlpha = isFaded ? FADED : 1
      if (level === 'rows') paintRowBars(ctx, scene, view, row)
      else paintSeats(ctx, scene, view, row, null)
    }
    ctx.globalAlpha = 1
  }
}

/** The fuller a section is, the less is left of its colour. */
function sectionFill(scene: Scene, at: number, isFaded: boolean): string {
  const { plan, census, palette, isKnown } = scene
  const section = plan.sections[at] as PlanSection
  const colour = zoneColourOf(scene, section)
  if (!isKnown) return mix(colour, palette.section, 0.3)
  if (isFaded) return mix(colour, palette.section, FADED)
  const free = census.inSection(at)
  if (free === 0) return mix(palette.taken, palette.section, 0.35)
  return mix(colour, palette.section, 0.3 + 0.7 * (free / section.seats))
}

const seenBox = ({ k, x, y, width, height }: View): Box => ({
  x0: -x / k,
  y0: -y / k,
  x1: (width - x) / k,
  y1: (height - y) / k,
})
