import type { Database } from '../../platform/mysql/database.ts'
import type {
  Facts,
  HandledFact,
  LedgerFact,
  OutboxFact,
  ServiceFact,
  ShowFact,
  TicketFact,
} from './facts.ts'

export interface Databases {
  reservation: Database
  payment: Database
  ticket: Database
  notification: Database
}

type SqlFacts = Pick<Facts, 'shows' | 'services' | 'tickets' | 'ledger' | 'outbox' | 'inbox'>

const SERVICES = ['reservation', 'payment', 'ticket', 'notification'] as const

/** Everything that the four databases say. */
export async function gatherSql(databases: Databases): Promise<SqlFacts> {
  const perService = await Promise.all(
    SERVICES.map(async (service) => ({
      services:
        service === 'notification'
          ? await selectNotices(databases.notification)
          : await selectStates(databases[service], service),
      outbox: await selectOutbox(databases[service], service),
      inbox: await selectInbox(databases[service]),
    })),
  )
  return {
    shows: await selectShows(databases.reservation),
    services: perService.flatMap(({ services }) => services),
    tickets: await selectTickets(databases.ticket),
    ledger: await selectLedger(databases.payment),
    outbox: perService.flatMap(({ outbox }) => outbox),
    inbox: perService.flatMap(({ inbox }) => inbox),
  }
}

async function selectStates(db: Database, service: ServiceFact['service']): Promise<ServiceFact[]> {
  const rows = await db.query<StateRow>(
    'SELECT reservation_id, state, updated_at FROM ops_reservation',
  )
  return rows.map((row) => stateOf(service, row))
}

/** The view tells the last word to each customer; whether every word went out, only the rows do. */
async function selectNotices(db: Database): Promise<ServiceFact[]> {
  const rows = await db.query<StateRow>(
    'SELECT reservation_id, state, updated_at FROM notifications',
  )
  return rows.map((row) => stateOf('notification', row))
}

interface StateRow {
  reservation_id: string
  state: string
  updated_at: number
}

const stateOf = (service: ServiceFact['service'], row: StateRow): ServiceFact => ({
  service,
  reservationId: row.reservation_id,
  state: row.state,
  changedAtMs: row.updated_at,
})

async function selectOutbox(db: Database, service: string): Promise<OutboxFact[]> {
  if (!(await hasTable(db, 'outbox'))) return []
  const rows = await db.query<{
    event_id: string
    topic: string
    event_key: string
    is_published: number
  }>('SELECT event_id, topic, event_key, published_at IS NOT NULL AS is_published FROM outbox')
  return rows.map((row) => ({
    service,
    eventId: row.event_id,
    topic: row.topic,
    isPublished: row.is_published === 1,
    reservationId: row.event_key,
  }))
}

async function selectInbox(db: Database): Promise<HandledFact[]> {
  if (!(await hasTable(db, 'inbox'))) return []
  const rows = await db.query<{ consumer: string; event_id: string }>(
    'SELECT consumer, event_id FROM inbox',
  )
  return rows.map((row) => ({ group: row.consumer, eventId: row.event_id }))
}

async function hasTable(db: Database, table: string): Promise<boolean> {
  const rows = await db.query(
    'SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
    [db.database, table],
  )
  return rows.length > 0
}

interface Section {
  id: string
  rows: { id: string; seats: number }[]
}

async function selectShows(db: Database): Promise<ShowFact[]> {
  const rows = await db.query<{ show_id: string; shard: number; definition: string }>(
    'SELECT show_id, shard, definition FROM shows',
  )
  return rows.map(({ show_id: showId, shard, definition }) => {
    const { sections } = JSON.parse(definition) as { sections: Section[] }
    return { showId, shard, seatIds: sections.flatMap(seatIdsOf) }
  })
}

/** Seat ids of a section in layout order: by the public contract `<section>-<row>-<1..count>`. */
const seatIdsOf = (section: Section): string[] =>
  section.rows.flatMap((row) =>
    Array.from({ length: row.seats }, (_, at) => `${section.id}-${row.id}-${at + 1}`),
  )

async function selectTickets(db: Database): Promise<TicketFact[]> {
  const rows = await db.query<{
    ticket_id: string
    reservation_id: string
    show_id: string
    seat_id: string
    live: number | null
    state: string
  }>('SELECT ticket_id, reservation_id, show_id, seat_id, live, state FROM tickets')
  return rows.map((row) => ({
    ticketId: row.ticket_id,
    reservationId: row.reservation_id,
    showId: row.show_id,
    seatId: row.seat_id,
    isLive: row.live === 1,
    state: row.state,
  }))
}

async function selectLedger(db: Database): Promise<LedgerFact[]> {
  const rows = await db.query<{
    reservation_id: string
    kind: LedgerFact['kind']
    amount: number
  }>(
    `SELECT payments.reservation_id, ledger.kind, ledger.amount
       FROM ledger JOIN payments ON payments.payment_id = ledger.payment_id`,
  )
  return rows.map((row) => ({
    reservationId: row.reservation_id,
    kind: row.kind,
    amount: Math.abs(row.amount),
  }))
}
