/** What a k6 script is told, as a JSON file that the variable PLAN names. Plain types: k6 runs it. */

export interface OrdersPlan {
  http: string
  tokens: readonly string[]
  showIds: readonly string[]
  rows: number
  seatsPerRow: number
  /** Begins every idempotency key of the run. */
  keyPrefix: string
  buyers: number
  /** A buyer waits for the ticket of every so-manieth order; 0: never. */
  waitEvery: number
  warmUpS: number
  seconds: number
  /** Where the summary goes. */
  summaryFile: string
}

/** What k6/holds.ts is told. */
export interface HoldsPlan extends Pick<OrdersPlan, 'http' | 'tokens' | 'showIds' | 'seatsPerRow'> {
  keyPrefix: string
  buyers: number
  warmUpS: number
  seconds: number
  summaryFile: string
}

export interface HoldsSummary {
  accepted: number
  failed: number
  holdMs: TrendSummary | null
}

/** What the script writes when it is done: counts and milliseconds of the window alone. */
export interface OrdersSummary {
  accepted: number
  refused: number
  failed: number
  dropped: number
  holdMs: TrendSummary | null
  checkoutMs: TrendSummary | null
  ticketMs: TrendSummary | null
}

export interface TrendSummary {
  count: number
  mean: number
  p50: number
  p90: number
  p99: number
  p999: number
  max: number
}
