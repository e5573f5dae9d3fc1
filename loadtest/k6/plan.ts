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

/** What k6/feed.ts is told. Each watcher has a row of the hall to itself. */
export interface FeedPlan extends Pick<OrdersPlan, 'http' | 'tokens' | 'seatsPerRow'> {
  showId: string
  watchers: number
  warmUpS: number
  seconds: number
  summaryFile: string
}

/** Deltas and changes are counted within the window, and over all watchers. */
export interface FeedSummary {
  deltas: number
  changes: number
  /** How often a map was not what a delta followed upon. */
  gaps: number
  /** Connections that ended of themselves. */
  lost: number
  /** Commands that were not done. */
  failed: number
  /** Seats that were held and not seen to be. */
  missing: number
  /** Watchers whose map was the server's own at the end. */
  same: number
  commandMs: TrendSummary | null
  /** From the press until the map shows the seat as held. */
  seenMs: TrendSummary | null
}
