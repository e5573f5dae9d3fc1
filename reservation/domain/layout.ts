/**
 * The layout of a show: which seats there are, in which order, at which price. A seat's *index* is
 * its position: sections in the order given, their rows in the order given, seats from 1 up.
 *
 * Memory is proportional to the rows, not the seats: a row is kept as the index of its first seat.
 */
import { SEATS_PER_SHOW_MAX } from '../../contracts/http.ts'

export interface Row {
  readonly id: string
  /** How many seats, numbered from 1. */
  readonly seats: number
  /** Where the row stands, for drawing; see contracts/layout.md. */
  readonly curve?: readonly number[]
  readonly places?: readonly number[]
}

export interface Section {
  readonly id: string
  readonly name: string
  /** Minor units of the show's currency, for each seat. */
  readonly price: number
  readonly rows: readonly Row[]
  readonly outline?: readonly number[]
}

/** Something wrong with a layout, at a JSON pointer below the body. */
export interface LayoutFault {
  readonly path: string
  readonly message: string
}

/** What is wrong with sections whose shape is right: names used twice, and too many seats. */
export function faultsOf(sections: readonly Section[]): LayoutFault[] {
  const faults: LayoutFault[] = []
  const sectionIds = new Set<string>()
  let total = 0
  for (const [s, section] of sections.entries()) {
    if (sectionIds.has(section.id)) {
      faults.push({ path: `/sections/${s}/id`, message: `section ${section.id} is named twice` })
    }
    sectionIds.add(section.id)
    const rowIds = new Set<string>()
    for (const [r, row] of section.rows.entries()) {
      if (rowIds.has(row.id)) {
        const path = `/sections/${s}/rows/${r}/id`
        faults.push({ path, message: `row ${row.id} is named twice in its section` })
      }
      rowIds.add(row.id)
      total += row.seats
    }
  }
  if (total > SEATS_PER_SHOW_MAX) {
    const message = `${total} seats are more than the ${SEATS_PER_SHOW_MAX} a show may have`
    faults.push({ path: '/sections', message })
  }
  return faults
}

/** Seat index <-> seat id of one show, and prices. */
export class Layout {
  readonly total: number
  /** Index of the first seat of each row, ascending, and one more entry: the total. */
  readonly #rowStarts: Uint32Array
  /** `<section>-<row>` of each row. */
  readonly #rowNames: readonly string[]
  readonly #rowPrices: readonly number[]
  readonly #rowOf: ReadonlyMap<string, number>

  /** The sections must be free of faults; see faultsOf. */
  constructor(sections: readonly Section[]) {
    const names: string[] = []
    const prices: number[] = []
    const starts: number[] = []
    const rowOf = new Map<string, number>()
    let next = 0
    for (const section of sections) {
      for (const row of section.rows) {
        const name = `${section.id}-${row.id}`
        rowOf.set(name, names.length)
        names.push(name)
        prices.push(section.price)
        starts.push(next)
        next += row.seats
      }
    }
    starts.push(next)
    this.total = next
    this.#rowStarts = Uint32Array.from(starts)
    this.#rowNames = names
    this.#rowPrices = prices
    this.#rowOf = rowOf
  }

  /** The id of the seat at `index`; throws RangeError for an index the layout does not have. */
  seatIdAt(index: number): string {
    const row = this.#rowAt(index)
    return `${this.#rowNames[row]}-${index - (this.#rowStarts[row] as number) + 1}`
  }

  /** The index of a seat, or -1. Only the one canonical spelling names a seat: no `A-1-01`. */
  indexOf(seatId: string): number {
    const cut = seatId.lastIndexOf('-')
    if (cut < 0) return -1
    const row = this.#rowOf.get(seatId.slice(0, cut))
    if (row === undefined) return -1
    const number = seatNumberOf(seatId, cut + 1)
    const start = this.#rowStarts[row] as number
    const seats = (this.#rowStarts[row + 1] as number) - start
    return number >= 1 && number <= seats ? start + number - 1 : -1
  }

  /** Minor units of the show's currency; throws RangeError for an unknown index. */
  priceAt(index: number): number {
    return this.#rowPrices[this.#rowAt(index)] as number
  }

  /** The last row that starts at or before `index`. Binary search over the row starts. */
  #rowAt(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.total) {
      throw new RangeError(`no seat has the index ${index}`)
    }
    let low = 0
    let high = this.#rowNames.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#rowStarts[middle] as number) <= index) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Reads the digits from `from` to the end; -1 unless they are a canonical positive integer. */
function seatNumberOf(seatId: string, from: number): number {
  const length = seatId.length - from
  if (length < 1 || length > 6 || seatId.charCodeAt(from) === 0x30) return -1
  let number = 0
  for (let at = from; at < seatId.length; at++) {
    const digit = seatId.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}
