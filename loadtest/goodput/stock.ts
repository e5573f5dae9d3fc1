/** What a phase of goodput sells, and to whom. */
import { openSessions, openShows } from '../light/prepare.ts'
import type { Hall, SeatSupply } from '../light/seats.ts'
import type { SystemUnderTest } from '../systems/system.ts'

/** Shows enough to spread over all shards, seats enough for the quickest system's longest phase. */
export const HALL: Hall = { shows: 64, rows: 250, seatsPerRow: 100 }
/** Buyers with tokens of their own. */
const SESSIONS = 2_000

export interface Stock {
  seats: SeatSupply
  tokens: readonly string[]
}

export interface StockOptions {
  hall?: Hall
  sessions?: number
  /** Members of the shows' policy that differ from the usual. */
  policy?: Readonly<Record<string, number>>
}

export async function openStock(
  system: SystemUnderTest,
  { hall = HALL, sessions = SESSIONS, policy = {} }: StockOptions = {},
): Promise<Stock> {
  const seats = await openShows(system, hall, policy)
  return { seats, tokens: await openSessions(system.http, sessions) }
}
