import type { MapChange, SeatChange, SeatState } from './types.ts'

const SEATS_PER_BYTE = 4

/**
 * The states of a show's seats by their index in layout order, two bits each, at one version. It
 * is changed by whole snapshots and by deltas, and tells what each of them changed.
 */
export class SeatMap {
  readonly showId: string
  #version = ''
  #bytes = new Uint8Array(0)
  /** Seats in the states 0 to 3; of state 0 only those that were not there from the beginning. */
  #counts = [0, 0, 0, 0]

  constructor(showId: string) {
    this.showId = showId
  }

  /** Opaque; empty before the first snapshot. */
  get version(): string {
    return this.#version
  }

  /** The packed states, first seat in the lowest bits of the first byte. Not to be written to. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** State of the seat at `index`; free where there is no such seat. */
  stateAt(index: number): SeatState {
    return (((this.#bytes[index >> 2] ?? 0) >> shiftOf(index)) & 3) as SeatState
  }

  /** How many seats are held, sold or blocked. What is free is the show's `total` less these. */
  count(state: 1 | 2 | 3): number {
    return this.#counts[state] as number
  }

  /**
   * Takes over a whole map, as `GET .../seats` and the feed's `snapshot` have it.
   * @param snapshot.states base64
   */
  applySnapshot(snapshot: { version: string; states: string }): MapChange {
    const packed = atob(snapshot.states)
    const bytes = new Uint8Array(packed.length)
    for (let at = 0; at < bytes.length; at++) bytes[at] = packed.charCodeAt(at)
    const before = this.#bytes
    // A map of another size is of another layout: nothing of it remains.
    this.#bytes = before.length === bytes.length ? before : new Uint8Array(bytes.length)
    if (this.#bytes !== before) this.#counts = [0, 0, 0, 0]
    const changes: SeatChange[] = []
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === this.#bytes[at]) continue
      for (let seat = 0; seat < SEATS_PER_BYTE; seat++) {
        this.#set(at * SEATS_PER_BYTE + seat, ((byte >> (seat * 2)) & 3) as SeatState, changes)
      }
    }
    this.#version = snapshot.version
    return { kind: 'snapshot', version: this.#version, changes }
  }

  /** Applies a delta, or answers null when it does not follow upon this version: a gap. */
  applyDelta(delta: {
    prev: string
    version: string
    changes: readonly (readonly [index: number, state: number])[]
  }): MapChange | null {
    if (delta.prev !== this.#version) return null
    const changes: SeatChange[] = []
    for (const [index, state] of delta.changes) this.#set(index, state as SeatState, changes)
    this.#version = delta.version
    return { kind: 'delta', version: this.#version, changes }
  }

  #set(index: number, to: SeatState, changes: SeatChange[]): void {
    const from = this.stateAt(index)
    if (from === to || index >> 2 >= this.#bytes.length) return
    const shift = shiftOf(index)
    this.#bytes[index >> 2] = ((this.#bytes[index >> 2] as number) & ~(3 << shift)) | (to << shift)
    const counts = this.#counts as [number, number, number, number]
    counts[from]--
    counts[to]++
    changes.push({ index, from, to })
  }
}

const shiftOf = (index: number): number => (index & 3) * 2
