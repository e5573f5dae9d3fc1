/** What the buyers of a generator have seen. */

/** Why an order failed: the status of the answer, `lost` for a connection, or what it said. */
export type FailureName = string

export interface Figures {
  /** Checkouts that were answered with 2xx and were not turned down. */
  accepted: number
  /** Failures by name. */
  failures: Map<FailureName, number>
  /** 503 with Retry-After: asked again later with the same key. */
  refused: number
  /** Orders that could not begin because every connection was in use. */
  dropped: number
  /** Milliseconds: until a hold was answered; in an open loop since the buyer meant to begin. */
  holdMs: number[]
  checkoutMs: number[]
  /** From the checkout's request until the ticket was seen, of the orders that were waited for. */
  ticketMs: number[]
}

export const noFigures = (): Figures => ({
  accepted: 0,
  failures: new Map(),
  refused: 0,
  dropped: 0,
  holdMs: [],
  checkoutMs: [],
  ticketMs: [],
})

export function countFailure({ failures }: Figures, name: FailureName): void {
  failures.set(name, (failures.get(name) ?? 0) + 1)
}
