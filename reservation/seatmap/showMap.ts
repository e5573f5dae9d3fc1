/**
 * The map of one show: read from Redis once and kept up by the log. Every entry names the version
 * that it follows upon, so a map that has missed one knows it and reads itself afresh.
 */
import { compareLogIds } from '../../contracts/ids.ts'
import type { ReservationEntry } from '../../lua/logEntry.ts'
import { type LoadedSeats, PART_SEATS } from './loadSeats.ts'
import type { PackedSeats } from './packedSeats.ts'
import type { MappedShow, SeatMapChange, SeatMapSnapshot, SeatState } from './types.ts'

/** Entries kept while the map is being read; with more, the reading begins anew. */
const ASIDE_MAX = 50_000

export type MapStage = 'stale' | 'loading' | 'live'

export class ShowMap {
  readonly show: MappedShow
  readonly #listeners = new Set<(change: SeatMapChange) => void>()
  #stage: MapStage = 'stale'
  #seats: PackedSeats | null = null
  #version = ''
  #epoch = ''
  #aside: ReservationEntry[] = []
  #snapshot: SeatMapSnapshot | null = null

  constructor(show: MappedShow) {
    this.show = show
  }

  get stage(): MapStage {
    return this.#stage
  }

  get version(): string {
    return this.#version
  }

  get epoch(): string {
    return this.#epoch
  }

  get isWatched(): boolean {
    return this.#listeners.size > 0
  }

  subscribe(listener: (change: SeatMapChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What the map says may be wrong: it must be read afresh. */
  spoil(): void {
    this.#stage = 'stale'
    this.#aside = []
  }

  /** The reading begins: entries that come from now on are put aside. */
  beginLoading(): void {
    this.#stage = 'loading'
    this.#aside = []
  }

  /**
   * The reading has ended, and all entries up to the newest version of a part are put aside.
   * False when something got in between: then it must be read again.
   */
  finishLoading(loaded: LoadedSeats): boolean {
    if (this.#stage !== 'loading') return false
    const before = this.#seats
    const prev = this.#version
    this.#seats = loaded.seats
    this.#epoch = loaded.epoch
    this.#version = this.#catchUp(loaded)
    this.#stage = 'live'
    this.#aside = []
    this.#snapshot = null
    if (before && prev !== this.#version && this.isWatched) {
      this.#tell(prev, loaded.seats.differencesFrom(before), [this.#version])
    }
    return true
  }

  /** Follows entries of this show, in order. False when one does not follow upon what is known. */
  follow(entries: readonly ReservationEntry[]): boolean {
    if (this.#stage === 'loading') return this.#putAside(entries)
    if (this.#stage === 'stale') return true
    const prev = this.#version
    const changes = new Map<number, SeatState>()
    const passed: string[] = []
    let isGapFree = true
    for (const entry of entries) {
      if (compareLogIds(entry.id, this.#version) <= 0) continue
      isGapFree = entry.prev === this.#version
      if (!isGapFree) break
      this.#apply(entry, changes)
      this.#version = entry.id
      passed.push(entry.id)
    }
    if (this.#version !== prev) {
      this.#snapshot = null
      if (this.isWatched) this.#tell(prev, [...changes], passed)
    }
    if (!isGapFree) this.spoil()
    return isGapFree
  }

  /** The map as it is now. The same object until something changes. */
  snapshot(): SeatMapSnapshot {
    const seats = this.#seats
    if (!seats) throw new TypeError(`the map of ${this.show.showId} was never read`)
    this.#snapshot ??= {
      version: this.#version,
      total: seats.total,
      free: seats.count(0),
      held: seats.count(1),
      sold: seats.count(2),
      blocked: seats.count(3),
      states: seats.toBytes(),
    }
    return this.#snapshot
  }

  #putAside(entries: readonly ReservationEntry[]): boolean {
    if (this.#aside.length + entries.length > ASIDE_MAX) {
      this.spoil()
      return false
    }
    this.#aside.push(...entries)
    return true
  }

  /** Brings every part from its own version to the newest; answers that version. */
  #catchUp({ versions, seats }: LoadedSeats): string {
    const partOf = (index: number): string =>
      (versions.length === 1 ? versions[0] : versions[Math.floor(index / PART_SEATS)]) as string
    let version = versions.reduce((a, b) => (compareLogIds(a, b) >= 0 ? a : b))
    for (const entry of this.#aside) {
      for (const index of entry.moved) {
        if (compareLogIds(entry.id, partOf(index)) > 0) seats.set(index, entry.state as SeatState)
      }
      if (compareLogIds(entry.id, version) > 0) version = entry.id
    }
    return version
  }

  #apply(entry: ReservationEntry, changes: Map<number, SeatState>): void {
    if (entry.state === undefined) return
    for (const index of entry.moved) {
      if (this.#seats?.set(index, entry.state)) changes.set(index, entry.state)
    }
  }

  #tell(prev: string, changes: [number, SeatState][], passed: readonly string[]): void {
    const change = { prev, version: this.#version, changes, passed }
    for (const listener of this.#listeners) listener(change)
  }
}
