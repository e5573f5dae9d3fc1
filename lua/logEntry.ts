/**
 * The entries of a shard's log (`{sNN}:log`), typed. Every script that changes a reservation
 * appends exactly one per transition; opening a shard appends one `opened`.
 */
import type { CancelReason, Contact, IssuedTicket, Money } from '../contracts/payloads.ts'
import {
  ownsSeats,
  parseIndexes,
  type ReservationRecord,
  type ReservationStatus,
} from './record.ts'

export const ENTRY_TYPES = [
  'held',
  'extended',
  'released',
  'expired',
  'paying',
  'confirmed',
  'cancelled',
  'refunding',
  'refunded',
  'freed',
] as const
export type EntryType = (typeof ENTRY_TYPES)[number]

/** What seats became: 0 free, 1 held, 2 sold (the states of the seat map). */
export type SeatState = 0 | 1 | 2

/** One transition of one reservation. */
export interface ReservationEntry
  extends Pick<
    ReservationRecord,
    'reason' | 'contact' | 'paymentId' | 'tickets' | 'traceparent' | 'checkoutKey' | 'checkoutHash'
  > {
  /** Log id: the version of the show and of the reservation after this change. */
  id: string
  type: EntryType
  /** The reservation's status after this change. */
  status: ReservationStatus
  showId: string
  /** The show's version before this change; its entries form a gap-free chain. */
  prev: string
  reservationId: string
  customerId: string
  seats: readonly number[]
  /** What the `moved` seats became; absent when no seat changed. */
  state?: SeatState
  /** Indexes of the seats that changed: all of `seats`, a part of them, or none. */
  moved: readonly number[]
  /** Whether the reservation owns its seats after this change. */
  owns: boolean
  amount: Money
  createdMs: number
  deadlineMs: number
  /** Of `expired`: which phase ran out. */
  phase?: 'held' | 'paying'
  /** Of `paying`, where the projection begins: hash of the hold's request body. */
  requestHash?: string
  /** Of `paying`: what the payment provider needs to charge. */
  paymentToken?: string
  /** Redis's clock at the change, in milliseconds. */
  atMs: number
  /** Id of the message that caused the change, when one did. */
  cause?: string
}

/** The shard was opened with a new epoch: whoever keeps state of it in memory loads it afresh. */
export interface OpenedEntry {
  id: string
  type: 'opened'
  /** The new epoch; it is this entry's id. */
  epoch: string
  atMs: number
}

export type LogEntry = ReservationEntry | OpenedEntry

const STATUS_AFTER: Record<EntryType, ReservationStatus> = {
  held: 'held',
  extended: 'held',
  released: 'released',
  expired: 'expired',
  paying: 'paying',
  confirmed: 'confirmed',
  cancelled: 'cancelled',
  refunding: 'refunding',
  refunded: 'refunded',
  freed: 'refunding',
}

/**
 * Reads one entry as XREAD and XRANGE answer it: one field, named after the type, whose value is an
 * array of texts. Throws TypeError when it is not one of ours.
 */
export function parseLogEntry(id: string, [type = '', value = '']: readonly string[]): LogEntry {
  if (type !== 'opened' && !Object.hasOwn(STATUS_AFTER, type)) {
    throw new TypeError(`log entry ${id} has the unknown type ${type}`)
  }
  const values = JSON.parse(value) as string[]
  if (type === 'opened') return { id, type, epoch: id, atMs: Number(values[0]) }
  if (values.length < ALWAYS_THERE) throw new TypeError(`log entry ${id} lacks values`)
  return reservationEntry(id, type as EntryType, values)
}

/** The first so many values are in every entry; the others are empty or left off when unknown. */
const ALWAYS_THERE = 10

/** In the order of lua/include/entry.lua. */
function reservationEntry(id: string, type: EntryType, values: string[]): ReservationEntry {
  const [showId = '', prev = '', reservationId = '', customerId = '', indexes = ''] = values
  const [currency = '', amount, created, deadline, at, state, moved] = values.slice(5, 12)
  const [paymentId, tickets, cause, traceparent, paymentToken, requestHash] = values.slice(12, 18)
  const [checkoutKey, checkoutHash, contact, reason, owns, phase] = values.slice(18)
  const status = STATUS_AFTER[type]
  const seats = parseIndexes(indexes)
  const entry: ReservationEntry = {
    id,
    type,
    status,
    showId,
    prev,
    reservationId,
    customerId,
    seats,
    moved: state ? (moved ? parseIndexes(moved) : seats) : [],
    owns: ownsSeats(status, owns),
    amount: { currency, value: Number(amount) },
    createdMs: Number(created),
    deadlineMs: Number(deadline),
    atMs: Number(at),
  }
  if (state) entry.state = Number(state) as SeatState
  if (paymentId) entry.paymentId = paymentId
  if (tickets) entry.tickets = JSON.parse(tickets) as IssuedTicket[]
  if (cause) entry.cause = cause
  if (traceparent) entry.traceparent = traceparent
  if (paymentToken) entry.paymentToken = paymentToken
  if (requestHash) entry.requestHash = requestHash
  if (checkoutKey) entry.checkoutKey = checkoutKey
  if (checkoutHash) entry.checkoutHash = checkoutHash
  if (contact) entry.contact = JSON.parse(contact) as Contact
  if (reason) entry.reason = reason as CancelReason
  if (phase) entry.phase = phase as 'held' | 'paying'
  return entry
}

/** One stream's part of an XREAD reply (RESP2): its key and its entries in order. */
export type StreamReply = readonly [key: string, entries: readonly StreamEntry[]]
export type StreamEntry = readonly [id: string, fields: readonly string[]]

/** Reads an XREAD reply; null (nothing arrived in time) is no entries. */
export function parseLogs(
  reply: readonly StreamReply[] | null,
): { key: string; entries: LogEntry[] }[] {
  return (reply ?? []).map(([key, entries]) => ({
    key,
    entries: entries.map(([id, fields]) => parseLogEntry(id, fields)),
  }))
}
