/** What a log entry tells the rest of the world: the message of each transition, if it has one. */
import { logEventIdOf, shardOfReservation } from '../../contracts/ids.ts'
import type { CancelReason, Snapshot } from '../../contracts/payloads.ts'
import type { ReservationEntry } from '../../lua/logEntry.ts'
import type { NewMessage } from '../../platform/outbox/outbox.ts'

/** The part of a show that messages tell of. */
export interface ToldShow {
  readonly name: string
  /** RFC 3339 UTC with milliseconds. */
  readonly startsAt: string
  readonly layout: { seatIdAt(index: number): string }
}

const timeOf = (ms: number): string => new Date(ms).toISOString()

/**
 * The message of an entry; null for a transition that has no topic. Its id is the entry's, so it
 * is the same however often the entry is read, and its time is Redis's.
 */
export function messageOf(entry: ReservationEntry, show: ToldShow): NewMessage | null {
  const message = topicAndPayloadOf(entry, snapshotOf(entry, show))
  if (!message) return null
  return {
    ...message,
    id: logEventIdOf(shardOfReservation(entry.reservationId), entry.id),
    time: timeOf(entry.atMs),
    ...(entry.traceparent && { traceparent: entry.traceparent }),
  }
}

function topicAndPayloadOf(entry: ReservationEntry, snapshot: Snapshot): NewMessage | null {
  switch (entry.type) {
    case 'paying': {
      const paymentToken = known(entry.paymentToken, entry, 'payment token')
      const payload = { ...snapshot, paymentToken, payBy: timeOf(entry.deadlineMs) }
      return { topic: 'payment_request', payload }
    }
    case 'confirmed': {
      const paymentId = known(entry.paymentId, entry, 'payment id')
      const tickets = [...known(entry.tickets, entry, 'tickets')]
      return { topic: 'seat_confirm', payload: { ...snapshot, paymentId, tickets } }
    }
    case 'cancelled':
    case 'refunding':
      return { topic: 'seat_cancel', payload: { ...snapshot, ...cancelFactsOf(entry) } }
    case 'expired': {
      const phase = known(entry.phase, entry, 'phase')
      const payload = { ...snapshot, expiredAt: timeOf(entry.atMs), phase }
      return { topic: 'seat_expired', payload }
    }
    case 'held':
    case 'extended':
    case 'released':
    case 'refunded':
    case 'freed':
      return null
    default:
      throw new TypeError(`unknown entry ${entry.type satisfies never}`)
  }
}

function cancelFactsOf(entry: ReservationEntry): { reason: CancelReason; paymentId?: string } {
  const reason = known(entry.reason, entry, 'reason')
  return { reason, ...(entry.paymentId && { paymentId: entry.paymentId }) }
}

function snapshotOf(entry: ReservationEntry, show: ToldShow): Snapshot {
  return {
    reservationId: entry.reservationId,
    showId: entry.showId,
    customerId: entry.customerId,
    seatIds: entry.seats.map((index) => show.layout.seatIdAt(index)),
    amount: entry.amount,
    ...(entry.contact && { contact: entry.contact }),
    show: { name: show.name, startsAt: show.startsAt },
  }
}

function known<T>(value: T | undefined, entry: ReservationEntry, what: string): T {
  if (value === undefined) throw new TypeError(`${entry.type} entry ${entry.id} has no ${what}`)
  return value
}
