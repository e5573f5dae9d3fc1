import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage, type Message } from '../../contracts/message.ts'
import { ENTRY_TYPES, type EntryType, type ReservationEntry } from '../../lua/logEntry.ts'
import { messageOf } from './messages.ts'
import { foldRows, isProjected, recordOf, rowOf } from './rows.ts'

const reservationId = 'r07_0123456789abcdefghjkmnpqrs'
const show = {
  name: 'Winter Lights',
  startsAt: '2027-01-15T10:30:00.000Z',
  layout: { seatIdAt: (index: number) => `A-1-${index + 1}` },
}

const entry = (type: EntryType, changes: Partial<ReservationEntry> = {}): ReservationEntry => ({
  ...{ id: '1763719200256-0', type, status: 'paying', showId: 'demo', prev: '1-0' },
  ...{ reservationId, customerId: 'c_1', seats: [6, 7], moved: [], owns: true },
  ...{ amount: { currency: 'KRW', value: 240_000 }, createdMs: 1, deadlineMs: 1763719320256 },
  ...{ atMs: 1763719200256, reason: 'seat_conflict', phase: 'paying', paymentToken: 'tok_ok' },
  ...{ paymentId: 'p_1', tickets: [{ ticketId: `t${reservationId.slice(1)}_1`, seatId: 'A-1-7' }] },
  ...changes,
})

describe('the messages of log entries', () => {
  it.each([
    ['paying', 'payment_request'],
    ['confirmed', 'seat_confirm'],
    ['cancelled', 'seat_cancel'],
    ['refunding', 'seat_cancel'],
    ['expired', 'seat_expired'],
  ] as const)('%s is told as %s, in a form that every consumer accepts', (type, topic) => {
    const message = { source: '/reservation', ...messageOf(entry(type), show) } as Message
    expect(message).toMatchObject({
      topic,
      id: 's07-1763719200256-0',
      time: '2025-11-21T10:00:00.256Z',
      payload: { reservationId, seatIds: ['A-1-7', 'A-1-8'], show: { name: 'Winter Lights' } },
    })
    expect(decodeMessage(topic, encodeMessage(message))).toMatchObject({ ok: true })
  })

  it('tell when the seats were freed, not when they should have been', () => {
    const late = entry('expired', { deadlineMs: 1763719200000 })
    expect(messageOf(late, show)?.payload).toMatchObject({ expiredAt: '2025-11-21T10:00:00.256Z' })
  })

  it('do not exist for what has no topic', () => {
    for (const type of ['held', 'extended', 'released', 'refunded', 'freed'] as const) {
      expect(messageOf(entry(type), show)).toBe(null)
    }
  })

  it('are not made up: an entry without what its message must say is refused', () => {
    const { tickets: _tickets, ...bare } = entry('confirmed')
    expect(() => messageOf(bare, show)).toThrow('has no tickets')
  })
})

describe('the rows of log entries', () => {
  it('keep everything of the reservation', () => {
    const full = entry('paying', {
      ...{ requestHash: 'h', checkoutKey: 'k', checkoutHash: 'ch', traceparent: 't' },
      contact: { email: 'a@b.example', locale: 'ko' },
    })
    const { phase: _phase, paymentToken: _token, type: _type, moved: _moved, ...rest } = full
    const { id: version, prev: _prev, atMs: _at, ...record } = rest
    expect(recordOf(rowOf(full))).toEqual({ ...record, version })
  })

  it('of one reservation become one: the last change, with what earlier ones alone told', () => {
    const { paymentId: _p, tickets: _t, ...first } = entry('paying', { checkoutKey: 'k' })
    const second = entry('confirmed', { id: '1763719200256-1', status: 'confirmed' })
    const [row, ...others] = foldRows([first, second])
    expect(others).toEqual([])
    expect(row).toMatchObject({ status: 'confirmed', checkout_key: 'k', version_seq: 1 })
  })

  it('exist for everything but holds that come and go', () => {
    const without = ENTRY_TYPES.filter((type) => !isProjected(entry(type)))
    expect(without).toEqual(['held', 'extended', 'released'])
  })
})
