/** Bindings of what reads or writes a shard's state as a whole: reading seats, restoring. */
import { defineBatch, defineScript } from '../defineScript.ts'
import type { ReservationRecord } from '../record.ts'
import type { NoEpoch, Restoration, RestoreOutcome, SeatsOutcome } from '../seatVerbs.ts'
import { NO_EPOCH } from './common.ts'

export const readSeats = defineScript<{ shard: number; showId: string }, SeatsOutcome>({
  name: 'readSeats',
  keys: ['epoch', 'seats', 'version'],
  args: {},
  outcomes: {
    SEATS: ([epoch = '', version = '', owners]) => ({
      type: 'seats',
      epoch,
      version,
      // The one outcome that has a list inside, for it may be as long as the show has seats.
      owners: ownersOf(owners as unknown as string[]),
    }),
    NO_EPOCH,
  },
})

function ownersOf(flat: readonly string[]): Map<number, string> {
  const owners = new Map<number, string>()
  for (let at = 0; at < flat.length; at += 2) owners.set(Number(flat[at]), flat[at + 1]!)
  return owners
}

export const restore = defineBatch<Restoration, ReservationRecord, RestoreOutcome, NoEpoch>({
  name: 'restore',
  keys: ['epoch', 'lease', 'deadlines', 'seats', 'buyers'],
  args: {
    showId: (restoration) => restoration.showId,
    permit: (restoration) => restoration.permit ?? '',
  },
  outcomes: { NO_EPOCH },
  each: {
    of: (restoration) => restoration.reservations,
    keys: ['reservation'],
    args: {
      reservationId: (record) => record.reservationId,
      status: (record) => record.status,
      customerId: (record) => record.customerId,
      seats: (record) => record.seats.join(','),
      currency: (record) => record.amount.currency,
      amount: (record) => record.amount.value,
      requestHash: (record) => record.requestHash,
      created: (record) => record.createdMs,
      deadline: (record) => record.deadlineMs,
      version: (record) => record.version,
      owns: (record) => (record.owns ? 1 : 0),
      reason: (record) => record.reason ?? '',
      contact: (record) => (record.contact ? JSON.stringify(record.contact) : ''),
      checkoutKey: (record) => record.checkoutKey ?? '',
      checkoutHash: (record) => record.checkoutHash ?? '',
      paymentId: (record) => record.paymentId ?? '',
      tickets: (record) => (record.tickets ? JSON.stringify(record.tickets) : ''),
      traceparent: (record) => record.traceparent ?? '',
    },
    outcomes: {
      RESTORED: () => ({ type: 'restored' }),
      KEPT: ([version = '']) => ({ type: 'kept', version }),
      CLASH: (rest) => ({ type: 'clash', seats: rest.map(Number) }),
      REFUSED: () => ({ type: 'refused' }),
    },
  },
})
