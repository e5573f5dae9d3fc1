/**
 * The last changes of one show, for clients that come back and say which version they have. What
 * it holds is a chain without a hole that ends at `version`.
 */
import type { SeatMapChange, SeatState } from '../seatmap/types.ts'

export type Changes = readonly (readonly [index: number, state: SeatState])[]

export interface RingOptions {
  readonly version: string
  /** Seat changes kept, counting a seat as often as it changed. */
  readonly changesMax: number
  /** Versions kept: those that changed no seat count here alone. */
  readonly versionsMax: number
}

export class Ring {
  readonly #options: RingOptions
  #links: SeatMapChange[] = []
  /** How many links were dropped or put in front, so that a link's number stays the same. */
  #base = 0
  /** Number of the link that passes a version. */
  readonly #linkOf = new Map<string, number>()
  #changeCount = 0
  /** There was more than it may keep: what is older is out of reach for good. */
  #hasDropped = false
  #version: string

  constructor(options: RingOptions) {
    this.#options = options
    this.#version = options.version
  }

  /** The newest version. */
  get version(): string {
    return this.#version
  }

  /** The oldest version from which one can go on. */
  get start(): string {
    return this.#links[0]?.prev ?? this.#version
  }

  /** Whether there is no room for anything older. */
  get isFull(): boolean {
    const { changesMax, versionsMax } = this.#options
    const isAtLimit = this.#changeCount >= changesMax || this.#linkOf.size >= versionsMax
    return isAtLimit || this.#hasDropped
  }

  /** Adds what follows upon `version`. Throws TypeError when it does not follow. */
  append(link: SeatMapChange): void {
    if (link.prev !== this.#version) throw new TypeError(`${link.prev} is not ${this.#version}`)
    const number = this.#base + this.#links.length
    this.#links.push(link)
    this.#count(link, number)
    this.#version = link.version
    while (this.#isOverfull) this.#dropOldest()
  }

  /** Puts older links in front, given newest first, as far as they fit and follow. */
  prepend(older: Iterable<SeatMapChange>): void {
    const front: SeatMapChange[] = []
    let { start } = this
    for (const link of older) {
      if (link.version !== start || this.isFull) break
      this.#base -= 1
      this.#count(link, this.#base)
      front.push(link)
      start = link.prev
    }
    this.#links = [...front.reverse(), ...this.#links]
    while (this.#isOverfull) this.#dropOldest()
  }

  /**
   * What a client must apply to get from the version it has to the newest: each seat once, with
   * its state there. Null when it cannot be told from here.
   */
  changesSince(version: string): Changes | null {
    const from = this.#indexAfter(version)
    if (from === null) return null
    // A version in the middle of a link has some of its changes; having them again does no harm,
    // for a change names the seat's state at the end of the link.
    const states = new Map<number, SeatState>()
    for (const link of this.#links.slice(from)) {
      for (const [index, state] of link.changes) states.set(index, state)
    }
    return [...states]
  }

  /** Position of the first link with something that `version` does not have. */
  #indexAfter(version: string): number | null {
    if (version === this.#version) return this.#links.length
    if (version === this.start) return 0
    const number = this.#linkOf.get(version)
    if (number === undefined) return null
    const at = number - this.#base
    return (this.#links[at] as SeatMapChange).version === version ? at + 1 : at
  }

  get #isOverfull(): boolean {
    const { changesMax, versionsMax } = this.#options
    return this.#changeCount > changesMax || this.#linkOf.size > versionsMax
  }

  #count({ passed, changes }: SeatMapChange, number: number): void {
    for (const version of passed) this.#linkOf.set(version, number)
    this.#changeCount += changes.length
  }

  #dropOldest(): void {
    const oldest = this.#links.shift()
    if (!oldest) return
    this.#hasDropped = true
    this.#base += 1
    this.#changeCount -= oldest.changes.length
    for (const version of oldest.passed) this.#linkOf.delete(version)
  }
}
