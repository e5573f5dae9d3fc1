/** The rows of the projection: from log entries to rows, and from rows back to records. */
import { shardOfReservation } from '../../contracts/ids.ts'
import type { CancelReason, Contact, IssuedTicket } from '../../contracts/payloads.ts'
import type { ReservationEntry } from '../../lua/logEntry.ts'
import { parseIndexes, type ReservationRecord, type ReservationStatus } from '../../lua/record.ts'

/** The columns, in the order of an INSERT. */
export const COLUMNS = [
  'reservation_id',
  'shard',
  'show_id',
  'customer_id',
  'status',
  'owns',
  'seats',
  'currency',
  'amount',
  'request_hash',
  'checkout_key',
  'checkout_hash',
  'reason',
  'payment_id',
  'contact',
  'tickets',
  'traceparent',
  'created_at',
  'deadline_at',
  'updated_at',
  'version_ms',
  'version_seq',
] as const
export type Column = (typeof COLUMNS)[number]

/** What an entry may not repeat; once known it stays. */
export const KEPT_COLUMNS: readonly Column[] = [
  'request_hash',
  'checkout_key',
  'checkout_hash',
  'reason',
  'payment_id',
  'contact',
  'tickets',
  'traceparent',
]

export interface ReservationRow {
  reservation_id: string
  shard: number
  show_id: string
  customer_id: string
  status: string
  owns: number
  seats: string
  currency: string
  amount: number
  request_hash: string | null
  checkout_key: string | null
  checkout_hash: string | null
  reason: string | null
  payment_id: string | null
  contact: string | null
  tickets: string | null
  traceparent: string | null
  created_at: number
  deadline_at: number
  updated_at: number
  version_ms: number
  version_seq: number
}

/**
 * Whether SQL is to know this change: everything from checkout on, and holds that expired, for
 * their message goes through SQL too. A hold that is taken, extended or released stays in Redis.
 */
export const isProjected = (entry: ReservationEntry): boolean =>
  entry.type !== 'held' && entry.type !== 'extended' && entry.type !== 'released'

/** The row that a projected entry makes of its reservation. */
export function rowOf(entry: ReservationEntry): ReservationRow {
  const [ms = '0', seq = '0'] = entry.id.split('-')
  return {
    reservation_id: entry.reservationId,
    shard: shardOfReservation(entry.reservationId),
    show_id: entry.showId,
    customer_id: entry.customerId,
    status: entry.status,
    owns: entry.owns ? 1 : 0,
    seats: entry.seats.join(','),
    currency: entry.amount.currency,
    amount: entry.amount.value,
    request_hash: entry.requestHash || null,
    checkout_key: entry.checkoutKey ?? null,
    checkout_hash: entry.checkoutHash ?? null,
    reason: entry.reason ?? null,
    payment_id: entry.paymentId ?? null,
    contact: entry.contact ? JSON.stringify(entry.contact) : null,
    tickets: entry.tickets ? JSON.stringify(entry.tickets) : null,
    traceparent: entry.traceparent ?? null,
    created_at: entry.createdMs,
    deadline_at: entry.deadlineMs,
    updated_at: entry.atMs,
    version_ms: Number(ms),
    version_seq: Number(seq),
  }
}

/** One row per reservation: later entries win, and keep what they do not repeat. */
export function foldRows(entries: readonly ReservationEntry[]): ReservationRow[] {
  const rows = new Map<string, ReservationRow>()
  for (const entry of entries) {
    const row = rowOf(entry)
    const before = rows.get(row.reservation_id)
    rows.set(row.reservation_id, before ? { ...row, ...keptOf(before, row) } : row)
  }
  return [...rows.values()]
}

function keptOf(before: ReservationRow, after: ReservationRow): Partial<ReservationRow> {
  return Object.fromEntries(
    KEPT_COLUMNS.map((column) => [column, after[column] ?? before[column]]),
  ) as Partial<ReservationRow>
}

/** The reservation as Redis would have it. */
export function recordOf(row: ReservationRow): ReservationRecord {
  return {
    reservationId: row.reservation_id,
    status: row.status as ReservationStatus,
    showId: row.show_id,
    customerId: row.customer_id,
    seats: parseIndexes(row.seats),
    amount: { currency: row.currency, value: row.amount },
    requestHash: row.request_hash ?? '',
    createdMs: row.created_at,
    deadlineMs: row.deadline_at,
    version: `${row.version_ms}-${row.version_seq}`,
    owns: row.owns === 1,
    ...(row.reason !== null && { reason: row.reason as CancelReason }),
    ...(row.contact !== null && { contact: JSON.parse(row.contact) as Contact }),
    ...(row.checkout_key !== null && { checkoutKey: row.checkout_key }),
    ...(row.checkout_hash !== null && { checkoutHash: row.checkout_hash }),
    ...(row.payment_id !== null && { paymentId: row.payment_id }),
    ...(row.tickets !== null && { tickets: JSON.parse(row.tickets) as IssuedTicket[] }),
    ...(row.traceparent !== null && { traceparent: row.traceparent }),
  }
}
