/**
 * What the page believes, for whoever asks in the browser's console, and for the tests that hold it
 * against the server. It reads; it changes nothing.
 */
import type { Camera } from '../map/camera.ts'
import { indexOf } from '../venue/plan.ts'
import type { House } from './house.ts'

const DRAWINGS_KEPT = 400

export interface Drawing {
  kind: 'paint' | 'patch'
  /** Whether the states of the seats were known by then. */
  isKnown: boolean
  atMs: number
  tookMs: number
}

export interface Diagnostics {
  showId: string
  liveness: string
  version: string
  /** Two bits per seat, base64, as `GET /v1/shows/{showId}/seats` has it. */
  states: string
  /** How one's own seats look, by seat index. */
  own: Record<number, string>
  /** The last drawings of the map. */
  drawings: readonly Drawing[]
  /** Where a seat is on the map's canvas, in CSS pixels; null while there is no map. */
  pointOf(seatId: string): { x: number; y: number; sizePx: number } | null
}

const drawings: Drawing[] = []

export function noteDrawing(drawing: Omit<Drawing, 'atMs'>): void {
  drawings.push({ ...drawing, atMs: performance.now() })
  if (drawings.length > DRAWINGS_KEPT) drawings.shift()
}

let camera: Camera | null = null

export function exposeCamera(shown: Camera | null): void {
  camera = shown
}

function pointOf({ plan }: House, seatId: string): ReturnType<Diagnostics['pointOf']> {
  const index = indexOf(plan, seatId)
  if (!camera || index < 0) return null
  const { k, x, y } = camera.view
  return {
    x: (plan.xs[index] as number) * k + x,
    y: (plan.ys[index] as number) * k + y,
    sizePx: plan.seatSize * k,
  }
}

declare global {
  interface Window {
    holdfast?: () => Diagnostics
  }
}

export function exposeDiagnostics(house: House): void {
  drawings.length = 0
  window.holdfast = () => ({
    showId: house.show.showId,
    liveness: house.liveness.value,
    version: house.watch.map.version,
    states: btoa(String.fromCharCode(...house.watch.map.bytes)),
    own: Object.fromEntries(house.looks),
    drawings,
    pointOf: (seatId) => pointOf(house, seatId),
  })
}
