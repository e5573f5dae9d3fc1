/**
 * The reservation record: the hash `{sNN}:r:<reservationId>` as a typed value, and back.
 * Lists are comma separated and objects are JSON in Redis; a field that is not known is absent.
 */
import type { CancelReason, Contact, IssuedTicket, Money } from '../contracts/payloads.ts'

export const RESERVATION_STATUSES = [
  'held',
  'paying',
  'confirmed',
  'released',
  'expired',
  'cancelled',
  'refunding',
  'refunded',
] as const
export type ReservationStatus = (typeof RESERVATION_STATUSES)[number]

/** How long the record of a reservation that is over and owns no seat stays in Redis. */
export const RECORD_RETENTION_MS = 24 * 60 * 60 * 1000
/** The same for one that reached checkout: no message about its payment is later than that. */
export const PAID_RECORD_RETENTION_MS = 7 * RECORD_RETENTION_MS

/** One reservation as Redis knows it, and as a rebuild restores it. */
export interface ReservationRecord {
  reservationId: string
  status: ReservationStatus
  showId: string
  customerId: string
  /** Indexes in the show's layout order, in the order in which the buyer named the seats. */
  seats: readonly number[]
  amount: Money
  /** Hash of the hold's request body; empty when it is not known (recreated from a message). */
  requestHash: string
  /** When the hold was taken, in milliseconds of Redis's clock. */
  createdMs: number
  /** When held or paying ends, in milliseconds of Redis's clock; afterwards the last deadline. */
  deadlineMs: number
  /** Log id of the reservation's last change; `0-0` when it was recreated from a message. */
  version: string
  /**
   * True while the seats hash carries this reservation's id. The status tells it, except for
   * `refunding`, where a sold ticket being refunded keeps its seats until the ticket is void.
   */
  owns: boolean
  reason?: CancelReason
  contact?: Contact
  checkoutKey?: string
  checkoutHash?: string
  paymentId?: string
  tickets?: readonly IssuedTicket[]
  traceparent?: string
}

/** Whether a reservation in `status` owns its seats; `refunding` is decided by its own field. */
export function ownsSeats(status: ReservationStatus, field: string | undefined): boolean {
  if (status === 'refunding') return field === '1'
  return status === 'held' || status === 'paying' || status === 'confirmed'
}

/** Reads the flat reply of HGETALL (later fields win); null when there is no such record. */
export function parseRecord(
  reservationId: string,
  flat: readonly string[],
): ReservationRecord | null {
  if (flat.length === 0) return null
  return recordOf(reservationId, fieldsOf(flat))
}

/** `[name, value, name, value]` as a map; a name that comes twice has its last value. */
export function fieldsOf(flat: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>()
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(flat[at]!, flat[at + 1]!)
  return fields
}

function recordOf(reservationId: string, fields: Map<string, string>): ReservationRecord {
  const status = need(fields, 'status') as ReservationStatus
  return {
    reservationId,
    status,
    showId: need(fields, 'show'),
    customerId: need(fields, 'customer'),
    seats: parseIndexes(need(fields, 'seats')),
    amount: { currency: need(fields, 'currency'), value: Number(need(fields, 'amount')) },
    requestHash: need(fields, 'hash'),
    createdMs: Number(need(fields, 'created')),
    deadlineMs: Number(need(fields, 'deadline')),
    version: need(fields, 'version'),
    owns: ownsSeats(status, fields.get('owns')),
    ...knownLater(fields),
  }
}

type KnownLater = Pick<
  ReservationRecord,
  'reason' | 'contact' | 'checkoutKey' | 'checkoutHash' | 'paymentId' | 'tickets' | 'traceparent'
>

/** The members that appear in the course of the reservation. */
function knownLater(fields: Map<string, string>): KnownLater {
  const known: KnownLater = {}
  const reason = fields.get('reason')
  const contact = fields.get('contact')
  const tickets = fields.get('tickets')
  const payment = fields.get('payment')
  const trace = fields.get('trace')
  const checkoutKey = fields.get('checkoutKey')
  const checkoutHash = fields.get('checkoutHash')
  if (reason) known.reason = reason as CancelReason
  if (contact) known.contact = JSON.parse(contact) as Contact
  if (tickets) known.tickets = JSON.parse(tickets) as IssuedTicket[]
  if (payment) known.paymentId = payment
  if (trace) known.traceparent = trace
  if (checkoutKey) known.checkoutKey = checkoutKey
  if (checkoutHash) known.checkoutHash = checkoutHash
  return known
}

/** `3,7,8` as numbers; the empty text is the empty list. */
export function parseIndexes(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number)
}

/** The value of a field that the scripts always write. Throws when the hash is not a record. */
export function need(fields: Map<string, string>, name: string): string {
  const value = fields.get(name)
  if (value === undefined) throw new TypeError(`the reply lacks the field ${name}`)
  return value
}
