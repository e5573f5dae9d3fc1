/**
 * The life of one reservation as the stores remember it: every message about it and when it was
 * handled by whom, the money that moved, and the mail that went out.
 */
import { decodeMessage } from '../../contracts/message.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import type { Database } from '../../platform/mysql/database.ts'
import type { Databases } from '../checker/gatherSql.ts'

export interface Moment {
  atMs: number
  /** A service, the provider, or an operator. */
  who: string
  what: string
}

interface OutboxRow {
  event_id: string
  topic: string
  body: string
  created_at: number
  published_at: number | null
}

/** Everything that SQL knows to have happened since `sinceMs`, and the hold, in order. */
export async function timelineOf(
  databases: Databases,
  of: { reservationId: string; sinceMs: number; record: ReservationRecord | null },
): Promise<Moment[]> {
  const { reservationId, sinceMs, record } = of
  const said = await Promise.all(
    Object.values(databases).map((db: Database) => selectSaid(db, reservationId, sinceMs)),
  )
  const rows = said.flat()
  const handled = await Promise.all(
    (['payment', 'ticket', 'notification'] as const).map((group) =>
      selectHandledAt(databases[group], group, rows),
    ),
  )
  const moments = [
    ...(record ? [{ atMs: record.createdMs, who: 'reservation', what: 'held' }] : []),
    ...rows.flatMap(momentsOf),
    ...handled.flat(),
    ...(await selectMoney(databases.payment, reservationId)),
    ...(await selectNotices(databases.notification, reservationId)),
  ]
  return moments.sort((a, b) => a.atMs - b.atMs)
}

/** The key has no index, so the range of time has to be narrow: the index on publication serves. */
function selectSaid(db: Database, reservationId: string, sinceMs: number): Promise<OutboxRow[]> {
  return db.query<OutboxRow>(
    `SELECT event_id, topic, body, created_at, published_at FROM outbox
     WHERE (published_at IS NULL OR published_at >= ?) AND event_key = ?`,
    [sinceMs, reservationId],
  )
}

function momentsOf({ event_id: id, topic, body, created_at, published_at }: OutboxRow): Moment[] {
  const decoded = decodeMessage(topic, body)
  const who = decoded.ok ? decoded.message.source.replace(/^\//, '') : '?'
  const atMs = decoded.ok ? Date.parse(decoded.message.time) : created_at
  const payload = decoded.ok ? decoded.message.payload : {}
  const why = 'reason' in payload ? ` (${payload.reason})` : ''
  const changed = { atMs, who, what: `says ${topic}${why}  ${id}` }
  return published_at === null
    ? [changed, { atMs: Date.now(), who, what: `has not published ${topic} ${id} yet` }]
    : [changed]
}

async function selectHandledAt(
  db: Database,
  group: string,
  rows: readonly OutboxRow[],
): Promise<Moment[]> {
  if (rows.length === 0) return []
  const topics = new Map(rows.map(({ event_id, topic }) => [event_id, topic]))
  const found = await db.query<{ event_id: string; received_at: number }>(
    'SELECT event_id, received_at FROM inbox WHERE consumer = ? AND event_id IN (?)',
    [group, [...topics.keys()]],
  )
  return found.map(({ event_id: id, received_at: atMs }) => ({
    atMs,
    who: group,
    what: `handled ${topics.get(id)}  ${id}`,
  }))
}

/** The key begins with the reservation, so that its index serves. */
async function selectNotices(db: Database, reservationId: string): Promise<Moment[]> {
  const rows = await db.query<{ kind: string; state: string; updated_at: number }>(
    'SELECT kind, state, updated_at FROM notifications WHERE notification_key LIKE ?',
    [`${reservationId.replaceAll('_', '\\_')}.%`],
  )
  return rows.map(({ kind, state, updated_at: atMs }) => ({
    atMs,
    who: 'notification',
    what: state === 'sent' ? `sent the mail "${kind}"` : `has the mail "${kind}" ${state}`,
  }))
}

async function selectMoney(db: Database, reservationId: string): Promise<Moment[]> {
  const rows = await db.query<{ kind: string; amount: number; currency: string; moved_at: number }>(
    `SELECT ledger.kind, ledger.amount, ledger.currency, ledger.moved_at
     FROM ledger JOIN payments ON payments.payment_id = ledger.payment_id
     WHERE payments.reservation_id = ?`,
    [reservationId],
  )
  return rows.map(({ kind, amount, currency, moved_at: atMs }) => ({
    atMs,
    who: 'provider',
    what: `${kind} of ${Math.abs(amount).toLocaleString('en')} ${currency}`,
  }))
}
