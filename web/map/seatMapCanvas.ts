/**
 * The map on the screen: a canvas that is painted whole after a move and patched after a change,
 * at most once per frame; and what a pointer on it means.
 */
import type { MapChange } from '../../client/holdfast.ts'
import { grown } from '../venue/box.ts'
import { type Plan, seatNear } from '../venue/plan.ts'
import { isInside } from '../venue/polygon.ts'
import { Camera } from './camera.ts'
import { Painter } from './painter.ts'
import { levelOf, type Scene, type View } from './scene.ts'

const PIXEL_RATIO_MAX = 2
/** More changes than this in a frame are cheaper painted whole. */
const PATCHES_MAX = 4_000
/** A finger needs this much; smaller seats are brought closer first, as are they by a mouse. */
const TOUCH_SEAT_PX = 17
const CLOSE_SEAT_PX = 24
/** How far beside a seat's middle it can be pressed, in sizes of a seat: rows have room between. */
const REACH = 0.95

export interface SeatMapEvents {
  press(index: number): void
  /** The seat under the pointer, or null. */
  hover(index: number | null): void
  /** The view has moved. */
  move(view: View): void
  /** A frame was drawn. */
  drawn(drawing: { kind: 'paint' | 'patch'; isKnown: boolean; tookMs: number }): void
}

export class SeatMapCanvas {
  readonly camera: Camera
  readonly #canvas: HTMLCanvasElement
  readonly #ctx: CanvasRenderingContext2D
  readonly #painter: Painter
  readonly #plan: Plan
  readonly #scene: () => Scene
  readonly #events: SeatMapEvents
  readonly #resizing: ResizeObserver
  readonly #changed = new Set<number>()
  #isStale = true
  #frame = 0

  constructor(
    canvas: HTMLCanvasElement,
    options: {
      plan: Plan
      scene: () => Scene
      events: SeatMapEvents
      isMotionReduced: () => boolean
    },
  ) {
    const { plan, scene, events, isMotionReduced } = options
    const ctx = canvas.getContext('2d', { alpha: false })
    if (!ctx) throw new Error('this browser draws no canvas')
    this.#canvas = canvas
    this.#ctx = ctx
    this.#painter = new Painter(ctx)
    this.#plan = plan
    this.#scene = scene
    this.#events = events
    const onMove = () => {
      this.repaint()
      events.move(this.camera.view)
    }
    this.camera = new Camera(canvas, { plan, onMove, isMotionReduced })
    this.#resizing = new ResizeObserver(() => this.#resize())
    this.#resizing.observe(canvas)
    canvas.addEventListener('click', (event) => this.#press(event as PointerEvent))
    canvas.addEventListener('pointermove', (event) => this.#hover(event))
    canvas.addEventListener('pointerleave', () => events.hover(null))
    this.#resize()
  }

  close(): void {
    cancelAnimationFrame(this.#frame)
    this.#resizing.disconnect()
    this.camera.close()
  }

  /** Everything has to be drawn anew. */
  repaint(): void {
    this.#isStale = true
    this.#schedule()
  }

  /** These seats look different now. */
  touch(changes: MapChange['changes'] | Iterable<{ index: number }>): void {
    for (const { index } of changes) this.#changed.add(index)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw())
  }

  #draw(): void {
    this.#frame = 0
    const begunMs = performance.now()
    const scene = this.#scene()
    const isWhole =
      this.#isStale || this.#changed.size > PATCHES_MAX || scene.zone !== null || !scene.isKnown
    const { view } = this.camera
    if (isWhole) this.#painter.paint(scene, view)
    else this.#painter.patch(scene, view, this.#changed)
    this.#isStale = false
    this.#changed.clear()
    const tookMs = performance.now() - begunMs
    this.#events.drawn({ kind: isWhole ? 'paint' : 'patch', isKnown: scene.isKnown, tookMs })
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas
    const ratio = Math.min(PIXEL_RATIO_MAX, devicePixelRatio || 1)
    this.#canvas.width = Math.round(width * ratio)
    this.#canvas.height = Math.round(height * ratio)
    this.#ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.camera.resize(width, height)
    this.repaint()
    // A canvas that was resized is empty until it is drawn; a frame later would be a blink.
    cancelAnimationFrame(this.#frame)
    this.#draw()
  }

  #press({ offsetX, offsetY, pointerType }: PointerEvent): void {
    const { x, y } = this.camera.planPoint(offsetX, offsetY)
    const level = levelOf(this.camera.view, this.#plan)
    const seatPx = this.#plan.seatSize * this.camera.view.k
    const isTooSmall = level === 'rows' || (pointerType === 'touch' && seatPx < TOUCH_SEAT_PX)
    if (level === 'sections') this.#approach(x, y)
    else if (isTooSmall) this.camera.flyToPoint(x, y, CLOSE_SEAT_PX)
    else {
      const index = this.#seatAt(offsetX, offsetY)
      if (index !== null) this.#events.press(index)
    }
  }

  #approach(x: number, y: number): void {
    const section = this.#plan.sections.find(({ outline }) => isInside(outline, x, y))
    if (section) this.camera.flyTo(grown(section.box, this.#plan.seatSize), TOUCH_SEAT_PX)
  }

  #hover({ offsetX, offsetY, pointerType, buttons }: PointerEvent): void {
    const isLooking = pointerType === 'mouse' && buttons === 0
    const isNear = levelOf(this.camera.view, this.#plan) === 'seats'
    this.#events.hover(isLooking && isNear ? this.#seatAt(offsetX, offsetY) : null)
  }

  #seatAt(px: number, py: number): number | null {
    const { x, y } = this.camera.planPoint(px, py)
    return seatNear(this.#plan, x, y, this.#plan.seatSize * REACH)
  }
}
