/** A reservation as its customer sees it. */
import type { Reservation } from '../../contracts/http.ts'
import { isUnpaid } from '../../contracts/payloads.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import type { Show } from '../shows/show.ts'

const timeOf = (ms: number): string => new Date(ms).toISOString()

export function viewOf(record: ReservationRecord, show: Show): Reservation {
  const { status, reason, tickets, deadlineMs } = record
  const payment = paymentOf(record)
  return {
    reservationId: record.reservationId,
    showId: record.showId,
    customerId: record.customerId,
    seatIds: record.seats.map((index) => show.layout.seatIdAt(index)),
    amount: record.amount,
    status,
    ...(reason && { reason }),
    ...((status === 'held' || status === 'paying') && { expiresAt: timeOf(deadlineMs) }),
    version: record.version,
    // Only while they are live: a client that sees tickets may show them.
    ...(status === 'confirmed' && tickets && { tickets: [...tickets] }),
    ...(payment && { payment }),
  }
}

/** What the reservation knows of the money; nothing before checkout and after a plain expiry. */
function paymentOf(record: ReservationRecord): Reservation['payment'] {
  switch (record.status) {
    case 'paying':
      return { status: 'pending' }
    case 'confirmed':
      return { status: 'captured' }
    case 'cancelled':
      return record.reason && isUnpaid(record.reason) ? { status: 'failed' } : undefined
    case 'refunding':
      return { status: 'refunding' }
    case 'refunded':
      return { status: 'refunded', refunded: record.amount }
    case 'held':
    case 'released':
    case 'expired':
      return undefined
    default:
      return unreachable(record.status)
  }
}

/** Whether the reservation has left its first two phases, which is what a waiting client waits for. */
export const isSettled = (record: Pick<ReservationRecord, 'status'>): boolean =>
  record.status !== 'held' && record.status !== 'paying'

function unreachable(status: never): never {
  throw new TypeError(`unknown status ${status}`)
}
