/** Polygons and writing. */
import type { PlanSection } from '../venue/plan.ts'
import { centroidOf, type Polygon } from '../venue/polygon.ts'
import type { Scene, View } from './scene.ts'

type Context = CanvasRenderingContext2D

export function tracePolygon(ctx: Context, polygon: Polygon, { k, x, y }: View): void {
  ctx.beginPath()
  for (let at = 0; at < polygon.length; at += 2) {
    ctx.lineTo((polygon[at] as number) * k + x, (polygon[at + 1] as number) * k + y)
  }
  ctx.closePath()
}

const STAGE_TEXT_PX_MIN = 9

export function writeStage(ctx: Context, { plan, palette, font, stageLabel }: Scene, view: View) {
  const stage = plan.stage as Polygon
  tracePolygon(ctx, stage, view)
  ctx.fillStyle = palette.stage
  ctx.fill()
  const xs = stage.filter((_, at) => at % 2 === 0)
  const widthPx = (Math.max(...xs) - Math.min(...xs)) * view.k
  const sizePx = Math.min(22, widthPx / 9)
  if (sizePx < STAGE_TEXT_PX_MIN) return
  const { x, y } = centroidOf(stage)
  ctx.font = `600 ${sizePx}px ${font}`
  ctx.letterSpacing = `${sizePx * 0.22}px`
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  ctx.fillStyle = palette.onStage
  ctx.fillText(stageLabel.toUpperCase(), x * view.k + view.x + sizePx * 0.11, y * view.k + view.y)
  ctx.letterSpacing = '0px'
}

const NAME_PX_MIN = 10
const NAME_PX_MAX = 17
/** Widths of texts at 1 px, by font and text; a plan has few names. */
const widths = new Map<string, number>()
const WIDTHS_MAX = 5_000

function widthOf(ctx: Context, font: string, text: string): number {
  const key = `${font}${text}`
  let width = widths.get(key)
  if (width === undefined) {
    if (widths.size > WIDTHS_MAX) widths.clear()
    ctx.font = `600 100px ${font}`
    width = ctx.measureText(text).width / 100
    widths.set(key, width)
  }
  return width
}

/** Larger houses are written on with ids at once: measuring every name would be noticed. */
const NAMES_MEASURED_MAX = 400
/** From this share on that have room for their names, names are written, and ids otherwise. */
const NAMED_SHARE = 0.85

/** A name of so few letters is as good as an id, and an id of more is for machines. */
const SHORT_NAME = 8
const SHORT_ID = 4

const sizeOf = ({ label }: PlanSection, k: number): number =>
  Math.min(NAME_PX_MAX, Math.max(NAME_PX_MIN, label.room * k * 0.72))

const fits = (ctx: Context, font: string, section: PlanSection, k: number, text: string): boolean =>
  widthOf(ctx, font, text) * sizeOf(section, k) <= section.label.width * k * 0.94

/** Whether sections are called by their names, or all by their ids, for a mixture is hard to read. */
export function hasRoomForNames(ctx: Context, { plan, font }: Scene, { k }: View): boolean {
  const { sections } = plan
  if (sections.length > NAMES_MEASURED_MAX) return false
  const named = sections.filter((section) => fits(ctx, font, section, k, section.name))
  return named.length >= sections.length * NAMED_SHARE
}

export interface LabelStyle {
  readonly colour: string
  /** Laid below the letters, so that they can be read on seats; null for none. */
  readonly plate: string | null
  readonly isNamed: boolean
}

/** What a section is called, and how many seats are free in it, as far as there is room. */
export function writeLabel(
  ctx: Context,
  scene: Scene,
  view: View,
  section: PlanSection,
  free: number,
  style: LabelStyle,
): void {
  const { font, numberFormat, isKnown } = scene
  const { k } = view
  if (section.label.room * k < NAME_PX_MIN * 0.6) return
  const sizePx = sizeOf(section, k)
  const isShort = section.name.length <= SHORT_NAME
  const id = section.id.length <= SHORT_ID ? [section.id] : []
  const candidates = style.isNamed || isShort ? [section.name, ...id] : id
  const name = candidates.find((text) => fits(ctx, font, section, k, text))
  const lines: [string, number][] = name ? [[name, 640]] : []
  if (isKnown && section.label.room * k > sizePx * 1.1 * lines.length) {
    lines.push([numberFormat(free), 430])
  }
  const x = section.label.x * k + view.x
  let y = section.label.y * k + view.y - ((lines.length - 1) * sizePx * 1.25) / 2
  if (style.plate && lines.length > 0) {
    const width = Math.max(...lines.map(([text]) => widthOf(ctx, font, text) * sizePx))
    layPlate(ctx, { x, y, width, height: (lines.length - 1) * sizePx * 1.25 }, sizePx, style.plate)
  }
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  for (const [text, weight] of lines) {
    ctx.font = `${weight} ${weight > 500 ? sizePx : sizePx * 0.88}px ${font}`
    ctx.fillStyle = style.colour
    ctx.fillText(text, x, y)
    y += sizePx * 1.25
  }
}

/** From the middle of the first line to that of the last, and as wide as the widest. */
function layPlate(
  ctx: Context,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  sizePx: number,
  colour: string,
): void {
  const [padX, padY] = [sizePx * 0.5, sizePx * 0.8]
  ctx.beginPath()
  ctx.roundRect(x - width / 2 - padX, y - padY, width + 2 * padX, height + 2 * padY, sizePx * 0.3)
  ctx.fillStyle = colour
  ctx.fill()
}
