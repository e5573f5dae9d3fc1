import { Value } from '@sinclair/typebox/value'
import { describe, expect, test } from 'vitest'
import { Reservation } from '../../contracts/http.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import { showOf } from '../shows/definition.ts'
import { POLICY_DEFAULTS } from '../shows/show.ts'
import { viewOf } from './view.ts'

const show = showOf(
  {
    showId: 'show',
    name: 'Show',
    startsAt: '2030-01-01T19:00:00.000Z',
    currency: 'KRW',
    policy: POLICY_DEFAULTS,
    sections: [{ id: 'A', name: 'A', price: 100, rows: [{ id: '1', seats: 10 }] }],
  },
  3,
)

const record: ReservationRecord = {
  reservationId: 'r03_00000000000000000000000000',
  status: 'held',
  showId: 'show',
  customerId: 'buyer',
  seats: [7, 2],
  amount: { currency: 'KRW', value: 200 },
  requestHash: 'h',
  createdMs: 1_800_000_000_000,
  deadlineMs: 1_800_000_300_123,
  version: '1800000000000-0',
  owns: true,
}
const tickets = [{ ticketId: 't03_00000000000000000000000000_1', seatId: 'A-1-8' }]

const view = (change: Partial<ReservationRecord>) => viewOf({ ...record, ...change }, show)

describe('a reservation as its customer sees it', () => {
  test('held: seats in the order asked for, and the deadline to the millisecond', () => {
    expect(view({})).toEqual({
      reservationId: record.reservationId,
      showId: 'show',
      customerId: 'buyer',
      seatIds: ['A-1-8', 'A-1-3'],
      amount: { currency: 'KRW', value: 200 },
      status: 'held',
      expiresAt: '2027-01-15T08:05:00.123Z',
      version: '1800000000000-0',
    })
  })

  test.each<[Partial<ReservationRecord>, object]>([
    [{ status: 'paying' }, { payment: { status: 'pending' } }],
    [
      { status: 'confirmed', tickets },
      { payment: { status: 'captured' }, tickets },
    ],
    [
      { status: 'cancelled', reason: 'payment_declined' },
      { payment: { status: 'failed' }, reason: 'payment_declined' },
    ],
    [
      { status: 'cancelled', reason: 'payment_unavailable' },
      { payment: { status: 'failed' }, reason: 'payment_unavailable' },
    ],
    [
      { status: 'refunding', reason: 'seat_conflict', tickets },
      { payment: { status: 'refunding' }, reason: 'seat_conflict' },
    ],
    [
      { status: 'refunded', reason: 'late_payment' },
      { payment: { status: 'refunded', refunded: { currency: 'KRW', value: 200 } } },
    ],
  ])('%j tells of the money', (change, expected) => {
    expect(view(change)).toMatchObject(expected)
  })

  test.each(['released', 'expired', 'cancelled', 'refunding', 'refunded', 'confirmed'] as const)(
    '%s has no deadline any more',
    (status) => {
      expect(view({ status })).not.toHaveProperty('expiresAt')
    },
  )

  test.each(['held', 'released', 'expired'] as const)('%s says nothing of money', (status) => {
    expect(view({ status })).not.toHaveProperty('payment')
  })

  test('shows tickets only while they are live', () => {
    expect(view({ status: 'refunding', tickets })).not.toHaveProperty('tickets')
    expect(view({ status: 'refunded', tickets })).not.toHaveProperty('tickets')
  })

  test('meets its schema in every status', () => {
    const statuses = ['held', 'paying', 'confirmed', 'released', 'expired', 'cancelled'] as const
    for (const status of [...statuses, 'refunding', 'refunded'] as const) {
      const errors = [...Value.Errors(Reservation, view({ status, tickets }))]
      expect(errors).toEqual([])
    }
  })
})
