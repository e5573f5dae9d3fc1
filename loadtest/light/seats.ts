/** The seats that a run sells: shows enough that nobody meets a taken seat. */

export interface SeatPair {
  showId: string
  first: string
  second: string
}

export interface Hall {
  shows: number
  rows: number
  /** Even, so that pairs fill a row. */
  seatsPerRow: number
}

const SEATS_PER_ORDER = 2

/** Hands the seats of pairs out one by one. */
export function singlesOf(supply: SeatSupply): () => { showId: string; seatId: string } {
  let spare: { showId: string; seatId: string } | null = null
  return () => {
    if (spare) {
      const seat = spare
      spare = null
      return seat
    }
    const { showId, first, second } = supply.take()
    spare = { showId, seatId: second }
    return { showId, seatId: first }
  }
}

/** Pairs of neighbours, each handed out once; consecutive pairs belong to different shows. */
export class SeatSupply {
  readonly showIds: readonly string[]
  readonly #hall: Hall
  #next = 0

  constructor(hall: Hall, showIds: readonly string[]) {
    this.#hall = hall
    this.showIds = showIds
  }

  /** How many pairs there are in all. */
  get pairs(): number {
    const { rows, seatsPerRow } = this.#hall
    return (this.showIds.length * rows * seatsPerRow) / SEATS_PER_ORDER
  }

  /** @throws RangeError when everything has been handed out */
  take(): SeatPair {
    if (this.#next >= this.pairs) throw new RangeError(`all ${this.pairs} pairs of seats are gone`)
    const turn = this.#next
    this.#next += 1
    const { seatsPerRow } = this.#hall
    const showId = this.showIds[turn % this.showIds.length] as string
    const seat = Math.floor(turn / this.showIds.length) * SEATS_PER_ORDER
    const row = `A-${Math.floor(seat / seatsPerRow) + 1}`
    const number = (seat % seatsPerRow) + 1
    return { showId, first: `${row}-${number}`, second: `${row}-${number + 1}` }
  }
}
