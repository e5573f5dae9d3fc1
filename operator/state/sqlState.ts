/** What the services' databases say, through the views and tables that outlive a stopped service. */
import type { Database } from '../../platform/mysql/database.ts'
import type { Databases } from '../checker/gatherSql.ts'

/** A row of a service's view `ops_reservation`. */
export interface ServiceRow {
  reservationId: string
  showId: string
  state: string
  detail: string
  amount: number
  currency: string
  updatedAtMs: number
}

interface ViewRow {
  reservation_id: string
  show_id: string
  state: string
  detail: string | null
  amount: number
  currency: string
  updated_at: number
}

const VIEW_COLUMNS = 'reservation_id, show_id, state, detail, amount, currency, updated_at'

/** A service's state of the reservations that it knows, by reservation. */
export async function selectStates(
  db: Database,
  reservationIds: readonly string[],
): Promise<Map<string, ServiceRow>> {
  const rows = await db.query<ViewRow>(
    `SELECT ${VIEW_COLUMNS} FROM ops_reservation WHERE reservation_id IN (?)`,
    [reservationIds],
  )
  return new Map(rows.map((row) => [row.reservation_id, rowOf(row)]))
}

const rowOf = (row: ViewRow): ServiceRow => ({
  reservationId: row.reservation_id,
  showId: row.show_id,
  state: row.state,
  detail: row.detail ?? '',
  amount: row.amount,
  currency: row.currency,
  updatedAtMs: row.updated_at,
})

export interface ConversationRow extends ServiceRow {
  lastLogId: string | null
  /** Every kind of notice that was said so far. */
  said: readonly string[]
}

/** What the customers of the reservations were told. */
export async function selectConversations(
  db: Database,
  reservationIds: readonly string[],
): Promise<Map<string, ConversationRow>> {
  const rows = await db.query<ViewRow & { last_log_id: string | null; said: string }>(
    `SELECT ${VIEW_COLUMNS}, last_log_id, said FROM ops_reservation WHERE reservation_id IN (?)`,
    [reservationIds],
  )
  return new Map(
    rows.map((row) => [
      row.reservation_id,
      { ...rowOf(row), lastLogId: row.last_log_id, said: row.said.split(',') },
    ]),
  )
}

export interface LiveTicket {
  reservationId: string
  state: 'issued' | 'confirmed'
}

/** The live tickets on the seats, by `<show>/<seat>`. */
export async function selectLiveTickets(
  db: Database,
  wanted: readonly { showId: string; seatIds: readonly string[] }[],
): Promise<Map<string, LiveTicket>> {
  const seatIdsByShow = new Map<string, Set<string>>()
  for (const { showId, seatIds } of wanted) {
    const known = seatIdsByShow.get(showId) ?? new Set()
    for (const seatId of seatIds) known.add(seatId)
    seatIdsByShow.set(showId, known)
  }
  const oneShow = '(show_id = ? AND seat_id IN (?))'
  const rows = await db.query<{
    show_id: string
    seat_id: string
    reservation_id: string
    state: LiveTicket['state']
  }>(
    `SELECT show_id, seat_id, reservation_id, state FROM tickets
     WHERE live = 1 AND (${Array(seatIdsByShow.size).fill(oneShow).join(' OR ')})`,
    [...seatIdsByShow].flatMap(([showId, seatIds]) => [showId, [...seatIds]]),
  )
  return new Map(
    rows.map((row) => [
      `${row.show_id}/${row.seat_id}`,
      { reservationId: row.reservation_id, state: row.state },
    ]),
  )
}

/** Groups that keep an inbox, and whose it is. */
const INBOXES = ['payment', 'ticket', 'notification'] as const

/** Which of the messages the groups have handled, as `<group> <message id>`. */
export async function selectHandled(
  databases: Databases,
  asked: readonly { group: string | null; eventId: string }[],
): Promise<Set<string>> {
  const handled = new Set<string>()
  await Promise.all(
    INBOXES.map(async (group) => {
      const ids = asked.filter((one) => one.group === group).map(({ eventId }) => eventId)
      if (ids.length === 0) return
      const rows = await databases[group].query<{ event_id: string }>(
        'SELECT event_id FROM inbox WHERE consumer = ? AND event_id IN (?)',
        [group, ids],
      )
      for (const row of rows) handled.add(`${group} ${row.event_id}`)
    }),
  )
  return handled
}
