/** What a phase of goodput sells, and to whom. */
import { openSessions, openShows } from '../light/prepare.ts'
import type { SeatSupply } from '../light/seats.ts'
import type { SystemUnderTest } from '../systems/system.ts'

/** Shows enough to spread over all shards, seats enough for the quickest system's longest phase. */
export const HALL = { shows: 64, rows: 250, seatsPerRow: 100 }
/** Buyers with tokens of their own. */
export const SESSIONS = 2_000

export interface Stock {
  seats: SeatSupply
  tokens: readonly string[]
}

/** @param policy members of the shows' policy that differ from the usual */
export async function openStock(
  system: SystemUnderTest,
  policy: Readonly<Record<string, number>> = {},
): Promise<Stock> {
  const seats = await openShows(system, HALL, policy)
  return { seats, tokens: await openSessions(system.http, SESSIONS) }
}
