/** The tickets, in SQL. The unique key on (show, seat, live) is the last word on who has a seat. */
import type { Database, Queryable } from '../../../platform/mysql/database.ts'
import { SQL_NOW_MS } from '../../../platform/mysql/database.ts'
import type { IssueRequest, Variant } from '../api.ts'
import { isInserted, type Unit, unitOf } from '../unit.ts'

/** `void`: the reversal came first. `taken`: somebody else has a live ticket for one of the seats. */
export type IssueOutcome = 'issued' | 'void' | 'taken'

export class TicketBook {
  readonly #db: Database
  readonly #unit: Unit

  constructor(variant: Variant, db: Database) {
    this.#db = db
    this.#unit = unitOf(variant, db)
  }

  /** Issues all tickets or none. Safe to repeat. */
  async issue(request: IssueRequest): Promise<IssueOutcome> {
    if (await isInserted(this.#unit((sql) => insertTickets(sql, request)))) return 'issued'
    return outcomeOfDuplicate(this.#db, request.reservationId)
  }

  /** Voids them, issued or not. Safe to repeat. */
  void(request: IssueRequest): Promise<void> {
    return this.#unit((sql) => voidTickets(sql, request))
  }
}

/** Why tickets could not be written: they are there, as live or as void ones, or a seat is taken. */
async function outcomeOfDuplicate(db: Queryable, reservationId: string): Promise<IssueOutcome> {
  const rows = await db.query<{ live: number | null }>(
    'SELECT live FROM tickets WHERE reservation_id = ?',
    [reservationId],
  )
  if (rows.length === 0) return 'taken'
  return rows.every(({ live }) => live === 1) ? 'issued' : 'void'
}

async function insertTickets(db: Queryable, request: IssueRequest): Promise<void> {
  const { reservationId, showId, tickets } = request
  const rows = tickets.flatMap(({ ticketId, seatId }) => [ticketId, reservationId, showId, seatId])
  await db.execute(
    `INSERT INTO tickets (ticket_id, reservation_id, show_id, seat_id, state, live, updated_at)
     VALUES ${valuesOf(tickets.length, "'confirmed', 1")}`,
    rows,
  )
}

/** A ticket that was never issued is written as void, so that an issue which comes late is refused. */
async function voidTickets(db: Queryable, request: IssueRequest): Promise<void> {
  const { reservationId, showId, tickets } = request
  const rows = tickets.flatMap(({ ticketId, seatId }) => [ticketId, reservationId, showId, seatId])
  await db.execute(
    `INSERT INTO tickets (ticket_id, reservation_id, show_id, seat_id, state, live, updated_at)
     VALUES ${valuesOf(tickets.length, "'void', NULL")}
     ON DUPLICATE KEY UPDATE state = 'void', live = NULL, updated_at = ${SQL_NOW_MS}`,
    rows,
  )
}

const valuesOf = (count: number, stateAndLive: string): string =>
  Array.from({ length: count }, () => `(?, ?, ?, ?, ${stateAndLive}, ${SQL_NOW_MS})`).join(', ')
