/** From where the plan is looked at: dragging, pinching, the wheel, and flights to a place. */
import { select } from 'd3-selection'
import {
  type D3ZoomEvent,
  type ZoomBehavior,
  type ZoomTransform,
  zoom,
  zoomIdentity,
} from 'd3-zoom'
import type { Box } from '../venue/box.ts'
import type { Plan } from '../venue/plan.ts'
import type { View } from './scene.ts'

const FLIGHT_MS = 520
/** A seat is never drawn larger than this, in CSS pixels. */
const SEAT_PX_MAX = 44
const MARGIN_PX = 28
const ZOOM_STEP = 1.7

/** Slow at both ends. */
const ease = (share: number): number =>
  share < 0.5 ? 4 * share ** 3 : 1 - (2 - 2 * share) ** 3 / 2

export interface CameraOptions {
  plan: Plan
  onMove: () => void
  /** Asked before every flight, for the reader may change their mind. */
  isMotionReduced: () => boolean
}

export class Camera {
  readonly #element: HTMLElement
  readonly #options: CameraOptions
  readonly #zoom: ZoomBehavior<HTMLElement, unknown>
  #flight = 0
  #transform: ZoomTransform = zoomIdentity
  #width = 1
  #height = 1
  /** Whether the whole house is looked at, and should be after the window has changed. */
  #isFitted = true

  constructor(element: HTMLElement, options: CameraOptions) {
    this.#element = element
    this.#options = options
    this.#zoom = zoom<HTMLElement, unknown>()
      .clickDistance(6)
      .tapDistance(12)
      .on('zoom', (event: D3ZoomEvent<HTMLElement, unknown>) => {
        this.#transform = event.transform
        if (event.sourceEvent) {
          this.#isFitted = false
          // A hand on the map ends a flight.
          cancelAnimationFrame(this.#flight)
        }
        options.onMove()
      })
    // A double press is two presses here.
    select(element).call(this.#zoom).on('dblclick.zoom', null)
  }

  close(): void {
    cancelAnimationFrame(this.#flight)
  }

  get view(): View {
    const { k, x, y } = this.#transform
    return { k, x, y, width: this.#width, height: this.#height }
  }

  /** What was in the middle stays there, for a sheet below takes from the map what one looks at. */
  resize(width: number, height: number): void {
    const [dx, dy] = [(width - this.#width) / 2, (height - this.#height) / 2]
    this.#width = Math.max(1, width)
    this.#height = Math.max(1, height)
    const { box, seatSize } = this.#options.plan
    const fitted = this.#transformTo(box)
    const margin = Math.max(box.x1 - box.x0, box.y1 - box.y0) * 0.3
    this.#zoom
      .extent([
        [0, 0],
        [this.#width, this.#height],
      ])
      .scaleExtent([fitted.k * 0.8, Math.max(fitted.k * 2, SEAT_PX_MAX / seatSize)])
      .translateExtent([
        [box.x0 - margin, box.y0 - margin],
        [box.x1 + margin, box.y1 + margin],
      ])
    const { k } = this.#transform
    const kept = this.#transform.translate(dx / k, dy / k)
    select(this.#element).call(this.#zoom.transform, this.#isFitted ? fitted : kept)
  }

  /** The whole house. */
  fit(): void {
    this.#fly(this.#transformTo(this.#options.plan.box))
    this.#isFitted = true
  }

  zoomIn(): void {
    this.#scale(ZOOM_STEP)
  }

  zoomOut(): void {
    this.#scale(1 / ZOOM_STEP)
  }

  /** Brings a box into view; its seats are at least `seatPxMin` large then. */
  flyTo(box: Box, seatPxMin = 0): void {
    this.#isFitted = false
    const whole = this.#transformTo(box)
    const k = Math.max(whole.k, seatPxMin / this.#options.plan.seatSize)
    this.#fly(this.#centredOn((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, k))
  }

  /** Comes closer to a point until a seat is `seatPx` large. */
  flyToPoint(x: number, y: number, seatPx: number): void {
    this.#isFitted = false
    this.#fly(this.#centredOn(x, y, seatPx / this.#options.plan.seatSize))
  }

  /** A point of the element in the plan's coordinates. */
  planPoint(px: number, py: number): { x: number; y: number } {
    const [x, y] = this.#transform.invert([px, py])
    return { x, y }
  }

  #scale(by: number): void {
    const { k, x, y } = this.#transform
    const [low, high] = this.#zoom.scaleExtent()
    const to = Math.min(high, Math.max(low, k * by))
    this.#isFitted = false
    const [middleX, middleY] = [this.#width / 2, this.#height / 2]
    this.#fly(this.#centredOn((middleX - x) / k, (middleY - y) / k, to), FLIGHT_MS / 2)
  }

  /** Brings what will be in the middle there, straight and at an even pace of growth. */
  #fly(to: ZoomTransform, lastsMs = FLIGHT_MS): void {
    cancelAnimationFrame(this.#flight)
    const selection = select(this.#element)
    if (this.#options.isMotionReduced()) {
      selection.call(this.#zoom.transform, to)
      return
    }
    const from = this.#transform
    const [endX, endY] = [this.#width / 2, this.#height / 2]
    const [x, y] = to.invert([endX, endY])
    const [startX, startY] = from.apply([x, y])
    const begunMs = performance.now()
    const step = (nowMs: number): void => {
      const share = ease(Math.min(1, Math.max(0, (nowMs - begunMs) / lastsMs)))
      const k = from.k * (to.k / from.k) ** share
      const px = startX + (endX - startX) * share
      const py = startY + (endY - startY) * share
      const transform = zoomIdentity.translate(px - x * k, py - y * k).scale(k)
      selection.call(this.#zoom.transform, share === 1 ? to : transform)
      if (share < 1) this.#flight = requestAnimationFrame(step)
    }
    this.#flight = requestAnimationFrame(step)
  }

  #transformTo(box: Box): ZoomTransform {
    const width = Math.max(1, box.x1 - box.x0)
    const height = Math.max(1, box.y1 - box.y0)
    const room = (pixels: number): number => Math.max(40, pixels - 2 * MARGIN_PX)
    const fitting = Math.min(room(this.#width) / width, room(this.#height) / height)
    const k = Math.min(fitting, SEAT_PX_MAX / this.#options.plan.seatSize)
    return this.#centredOn((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, k)
  }

  #centredOn(x: number, y: number, k: number): ZoomTransform {
    return zoomIdentity.translate(this.#width / 2 - x * k, this.#height / 2 - y * k).scale(k)
  }
}
