/** The states of a show's seats, two bits each, and how many seats are in each state. */
import type { SeatState } from './types.ts'

const SEATS_PER_BYTE = 4

export class PackedSeats {
  readonly total: number
  readonly #bytes: Uint8Array
  readonly #counts: [number, number, number, number]

  /** All seats free. */
  constructor(total: number) {
    this.total = total
    this.#bytes = new Uint8Array(Math.ceil(total / SEATS_PER_BYTE))
    this.#counts = [total, 0, 0, 0]
  }

  /** A map of `total` seats with these packed states, of which it keeps a copy. */
  static from(total: number, states: Uint8Array): PackedSeats {
    const seats = new PackedSeats(total)
    for (let index = 0; index < total; index += 1) {
      const state = (((states[index >> 2] as number) >> shiftOf(index)) & 3) as SeatState
      if (state !== 0) seats.set(index, state)
    }
    return seats
  }

  get(index: number): SeatState {
    this.#check(index)
    return ((this.#byteAt(index) >> shiftOf(index)) & 3) as SeatState
  }

  /** Answers whether that was a change. Throws RangeError for a seat that the show does not have. */
  set(index: number, state: SeatState): boolean {
    const before = this.get(index)
    if (before === state) return false
    const shift = shiftOf(index)
    this.#bytes[index >> 2] = (this.#byteAt(index) & ~(3 << shift)) | (state << shift)
    this.#counts[before] -= 1
    this.#counts[state] += 1
    return true
  }

  count(state: SeatState): number {
    return this.#counts[state]
  }

  /** A copy of the packed states: first seat in the lowest bits of the first byte. */
  toBytes(): Uint8Array {
    return this.#bytes.slice()
  }

  /** The seats whose states differ from `before`, with the states they have here. */
  differencesFrom(before: PackedSeats): [index: number, state: SeatState][] {
    const differences: [number, SeatState][] = []
    for (const [at, byte] of this.#bytes.entries()) {
      if (byte === before.#bytes[at]) continue
      const first = at * SEATS_PER_BYTE
      for (let index = first; index < Math.min(first + SEATS_PER_BYTE, this.total); index += 1) {
        const state = this.get(index)
        if (state !== before.get(index)) differences.push([index, state])
      }
    }
    return differences
  }

  #byteAt(index: number): number {
    return this.#bytes[index >> 2] as number
  }

  #check(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.total) {
      throw new RangeError(`no seat has the index ${index}`)
    }
  }
}

const shiftOf = (index: number): number => (index & 3) * 2
