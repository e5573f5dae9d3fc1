/** What the seat maps tell: whole maps, and how they change. */

/** 0 free, 1 held, 2 sold, 3 blocked. */
export type SeatState = 0 | 1 | 2 | 3

/** The map of one show at one version. Shared between callers: do not write to `states`. */
export interface SeatMapSnapshot {
  /** Log id of the last change that the map shows; opaque to clients. */
  readonly version: string
  readonly total: number
  readonly free: number
  readonly held: number
  readonly sold: number
  readonly blocked: number
  /** Two bits per seat in layout order, the first seat of a byte in its lowest bits. */
  readonly states: Uint8Array
}

/** From one version of a map to the next. Applying it at another version than `prev` is wrong. */
export interface SeatMapChange {
  readonly prev: string
  readonly version: string
  /** Every seat that was changed on the way, with its state at `version`. */
  readonly changes: readonly (readonly [index: number, state: SeatState])[]
  /** The versions that were passed, in order; the last one is `version`. */
  readonly passed: readonly string[]
}

/** The part of a show that a map needs. */
export interface MappedShow {
  readonly showId: string
  readonly shard: number
  readonly layout: { readonly total: number }
}
