/** A show as this service knows it. */
import type { Geometry } from '../../contracts/http.ts'
import type { Layout, Section } from '../domain/layout.ts'

/** The rules of a show. Durations in milliseconds. */
export interface Policy {
  readonly holdTtlMs: number
  readonly paymentWindowMs: number
  readonly seatsPerHoldMax: number
  readonly seatsPerBuyerMax: number
  readonly holdExtensionMaxMs: number
}

export const POLICY_DEFAULTS: Policy = {
  holdTtlMs: 300_000,
  paymentWindowMs: 120_000,
  seatsPerHoldMax: 8,
  seatsPerBuyerMax: 8,
  holdExtensionMaxMs: 600_000,
}

/** What an operator decides about a show. Never changes once the show exists. */
export interface ShowDefinition {
  readonly showId: string
  readonly name: string
  /** RFC 3339 UTC with milliseconds. */
  readonly startsAt: string
  /** ISO 4217 code; all prices are in its minor units. */
  readonly currency: string
  readonly policy: Policy
  readonly sections: readonly Section[]
  /** Only for drawing. */
  readonly geometry?: Geometry
}

export interface Show extends ShowDefinition {
  /** Chosen when the show is created, and never moved. */
  readonly shard: number
  readonly layout: Layout
  /** Strong validator of the definition, with its quotes. */
  readonly etag: string
}

export interface ShowSummary {
  readonly showId: string
  readonly name: string
  readonly startsAt: string
  readonly total: number
}
