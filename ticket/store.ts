/**
 * The SQL of the ticket service. A ticketing's row lock guards its tickets: whoever changes them
 * took it first, so rows of `tickets` are only read, inserted and updated, never locked to wait.
 */
import type { CancelReason, Snapshot } from '../contracts/payloads.ts'
import { type Queryable, SQL_NOW_MS, type Transaction } from '../platform/mysql/database.ts'
import { insertAll } from '../platform/mysql/insertAll.ts'
import { isDuplicateKey } from '../platform/mysql/sqlErrors.ts'
import {
  type Page,
  type Seat,
  type StandingTicket,
  type StoredTicketing,
  ticketsOf,
} from './domain/ticketBook.ts'
import type { TicketState } from './domain/ticketing.ts'

/** A reservation that waits for a seat. */
export interface WaitingTicket extends Seat {
  reservationId: string
}

interface TicketingRow {
  reservation_id: string
  state: TicketState
  reason: CancelReason | null
  payment_id: string | null
  traceparent: string | null
  snapshot: string | null
  updated_at: number
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const isLive = (state: TicketState): boolean => state === 'issued' || state === 'confirmed'

/** Tickets are written for those that stand or may come to stand; a refusal needs none. */
const hasTickets = (state: TicketState | null): boolean =>
  state === 'waiting' || state === 'issued' || state === 'confirmed'

/**
 * Locks the rows of reservations, in the order of their ids so that two instances cannot each
 * wait for the other. Those that wait come in the order in which they began to.
 */
export async function lockTicketings(
  tx: Transaction,
  reservationIds: Iterable<string>,
): Promise<StoredTicketing[]> {
  const ids = [...new Set(reservationIds)].sort(byText)
  if (ids.length === 0) return []
  const rows = await tx.query<TicketingRow>(
    `SELECT reservation_id, state, reason, payment_id, traceparent, updated_at,
       CASE state WHEN 'waiting' THEN snapshot END AS snapshot
     FROM ticketings WHERE reservation_id IN (?) ORDER BY reservation_id FOR UPDATE`,
    [ids],
  )
  return rows
    .sort((a, b) => a.updated_at - b.updated_at)
    .map((row) => ({
      reservationId: row.reservation_id,
      state: row.state,
      reason: row.reason,
      paymentId: row.payment_id,
      traceparent: row.traceparent,
      snapshot: row.snapshot === null ? null : (JSON.parse(row.snapshot) as Snapshot),
    }))
}

/** The live tickets on any of the seats, as last committed. */
export async function findStanding(
  tx: Queryable,
  seats: readonly Seat[],
): Promise<StandingTicket[]> {
  if (seats.length === 0) return []
  const seatIdsByShow = new Map<string, string[]>()
  for (const { showId, seatId } of seats) {
    const seatIds = seatIdsByShow.get(showId)
    if (seatIds) seatIds.push(seatId)
    else seatIdsByShow.set(showId, [seatId])
  }
  // One range per show and seat; pairs in one IN list are half again as slow on MariaDB.
  const oneShow = '(show_id = ? AND seat_id IN (?))'
  const rows = await tx.query<{
    reservation_id: string
    show_id: string
    seat_id: string
    state: 'issued' | 'confirmed'
  }>(
    `SELECT reservation_id, show_id, seat_id, state FROM tickets
     WHERE live = 1 AND (${Array(seatIdsByShow.size).fill(oneShow).join(' OR ')})`,
    [...seatIdsByShow].flat(),
  )
  return rows.map((row) => ({
    reservationId: row.reservation_id,
    showId: row.show_id,
    seatId: row.seat_id,
    state: row.state,
  }))
}

/** All tickets of these shows that wait. There are few at any time, and mostly none. */
export async function findWaiting(
  tx: Queryable,
  showIds: readonly string[],
): Promise<WaitingTicket[]> {
  if (showIds.length === 0) return []
  const rows = await tx.query<{ reservation_id: string; show_id: string; seat_id: string }>(
    `SELECT reservation_id, show_id, seat_id FROM tickets
     WHERE due_at IS NOT NULL AND show_id IN (?)`,
    [showIds],
  )
  return rows.map((row) => ({
    reservationId: row.reservation_id,
    showId: row.show_id,
    seatId: row.seat_id,
  }))
}

/** Waiting reservations whose time to be looked at has come, by the SQL server's clock. */
export async function findDue(db: Queryable, limit: number): Promise<string[]> {
  const rows = await db.query<{ reservation_id: string }>(
    `SELECT DISTINCT reservation_id FROM tickets WHERE due_at <= ${SQL_NOW_MS} LIMIT ?`,
    [limit],
  )
  return rows.map((row) => row.reservation_id)
}

/**
 * Runs statements that take seats. Another instance may have taken one since we looked, and the
 * unique key says so; ER_CHECKREAD is the server's own word for a row that changed since it was
 * read, on which Database.transaction runs the whole work again, and then it sees the other.
 */
async function noticingRaces<T>(key: string, statement: () => Promise<T>): Promise<T> {
  try {
    return await statement()
  } catch (cause) {
    if (!isDuplicateKey(cause, key)) throw cause
    throw Object.assign(new Error(`lost a race for ${key}`, { cause }), { code: 'ER_CHECKREAD' })
  }
}

/** Writes reservations that were not known before, with their tickets where they have some. */
export async function insertPages(tx: Transaction, pages: readonly Page[]): Promise<void> {
  if (pages.length === 0) return
  const nowMs = await tx.nowMs()
  const inOrder = [...pages].sort((a, b) => byText(a.reservationId, b.reservationId))
  await noticingRaces('PRIMARY', () =>
    insertAll(tx, {
      into: `ticketings (reservation_id, show_id, state, reason, payment_id, amount, currency,
        snapshot, traceparent, updated_at)`,
      rows: inOrder.map((page) => ticketingRowOf(page, nowMs)),
    }),
  )
  const tickets = inOrder.filter((page) => hasTickets(page.state)).flatMap(ticketRowsOf)
  if (tickets.length === 0) return
  // In the order of the seats, so that two instances that want the same ones meet at the first.
  tickets.sort((a, b) => byText(a[2], b[2]) || byText(a[3], b[3]))
  await noticingRaces('one_live_ticket', () =>
    insertAll(tx, {
      into: 'tickets (ticket_id, reservation_id, show_id, seat_id, state, live, due_at)',
      rows: tickets,
    }),
  )
}

const ticketingRowOf = (
  { reservationId, state, reason, paymentId, traceparent, snapshot }: Page,
  nowMs: number,
) => [
  reservationId,
  snapshot.showId,
  state,
  reason,
  paymentId,
  snapshot.amount.value,
  snapshot.amount.currency,
  state === 'waiting' ? JSON.stringify(snapshot) : null,
  traceparent,
  nowMs,
]

type TicketRow = [string, string, string, string, TicketState, 1 | null, number | null]

const ticketRowsOf = ({ reservationId, state, snapshot }: Page): TicketRow[] =>
  ticketsOf(snapshot).map(({ ticketId, seatId }) => [
    ticketId,
    reservationId,
    snapshot.showId,
    seatId,
    state,
    isLive(state) ? 1 : null,
    state === 'waiting' ? 0 : null,
  ])

/**
 * Moves known reservations and their tickets from state to state, one pair of statements per kind
 * of move; what is issued comes last, for it takes the seats that others leave. The rows are
 * locked, so that every one of them is where it was read is an invariant.
 * @throws TypeError when a row is not
 */
export async function movePages(tx: Transaction, pages: readonly Page[]): Promise<void> {
  const moves = new Map<string, Page[]>()
  for (const page of pages) {
    const move = `${page.from} ${page.state} ${page.reason}`
    moves.set(move, [...(moves.get(move) ?? []), page])
  }
  const isIssue = ([page]: readonly Page[]): number => (page?.state === 'issued' ? 1 : 0)
  for (const alike of [...moves.values()].sort((a, b) => isIssue(a) - isIssue(b))) {
    await moveTicketings(tx, alike)
    if (hasTickets((alike[0] as Page).from)) await moveTickets(tx, alike)
  }
}

async function moveTicketings(tx: Transaction, alike: readonly Page[]): Promise<void> {
  const { from, state, reason } = alike[0] as Page
  const { affectedRows } = await tx.execute(
    `UPDATE ticketings SET state = ?, reason = ?, updated_at = ?
     WHERE reservation_id IN (?) AND state = ?`,
    [state, reason, await tx.nowMs(), alike.map((page) => page.reservationId), from],
  )
  assertMoved('ticketings', alike, { expected: alike.length, affectedRows })
}

async function moveTickets(tx: Transaction, alike: readonly Page[]): Promise<void> {
  const { from, state } = alike[0] as Page
  const tickets = alike.flatMap((page) => ticketsOf(page.snapshot))
  const ticketIds = tickets.map(({ ticketId }) => ticketId).sort(byText)
  const { affectedRows } = await noticingRaces('one_live_ticket', () =>
    tx.execute(
      `UPDATE tickets SET state = ?, live = ?, due_at = NULL
       WHERE ticket_id IN (?) AND state = ?`,
      [state, isLive(state) ? 1 : null, ticketIds, from],
    ),
  )
  assertMoved('tickets', alike, { expected: ticketIds.length, affectedRows })
}

function assertMoved(
  table: string,
  alike: readonly Page[],
  count: { expected: number; affectedRows: number },
): void {
  if (count.expected === count.affectedRows) return
  const { from, state, reservationId } = alike[0] as Page
  throw new TypeError(
    `${count.affectedRows} of ${count.expected} ${table} moved from ${from} to ${state}, ` +
      `among them those of ${reservationId}`,
  )
}

/** Sets when reservations that wait are looked at again, by the SQL server's clock. */
export async function postpone(
  tx: Transaction,
  reservationIds: readonly string[],
  delayMs: number,
): Promise<void> {
  if (reservationIds.length === 0) return
  await tx.execute(
    `UPDATE tickets SET due_at = ${SQL_NOW_MS} + ?
     WHERE reservation_id IN (?) AND state = 'waiting'`,
    [delayMs, reservationIds],
  )
}
