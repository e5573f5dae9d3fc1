import { describe, expect, test } from 'vitest'
import type { Notice } from '../booking/notice.ts'
import { en } from './en.ts'
import { clockTime, formatFor } from './format.ts'
import { ko } from './ko.ts'

describe('money', () => {
  test('has the decimals of its currency', () => {
    const { money } = formatFor('en')
    expect(money({ currency: 'KRW', value: 154_000 })).toBe('₩154,000')
    expect(money({ currency: 'EUR', value: 4_550 })).toBe('€45.50')
    expect(money({ currency: 'KWD', value: 1_500 })).toContain('1.500')
  })
})

test('a clock counts whole seconds up, so that zero is the end', () => {
  expect([299_001, 60_000, 59_999, 1, 0, -5].map(clockTime)).toEqual([
    ...['5:00', '1:00', '1:00', '0:01', '0:00', '0:00'],
  ])
})

const NOTICES: Notice[] = [
  { type: 'held', seatIds: ['A-1-1'] },
  { type: 'released', seatIds: ['A-1-1'] },
  { type: 'extended' },
  { type: 'extended-to-the-end' },
  { type: 'time-left', seconds: 30 },
  { type: 'taken', seatIds: ['A-1-1'] },
  { type: 'not-free', seatId: 'A-1-1', state: 2 },
  { type: 'none-together', count: 1 },
  { type: 'none-together', count: 3 },
  { type: 'held-together', seatIds: ['A-1-1', 'A-1-2'] },
  { type: 'ran-out', seatIds: ['A-1-1'] },
  { type: 'limit', max: 8, have: 7 },
  { type: 'too-many', max: 4 },
  { type: 'not-now' },
  { type: 'unanswered' },
  { type: 'processing' },
  { type: 'confirmed', count: 2 },
  { type: 'not-bought' },
  { type: 'connection', isLost: true },
  { type: 'connection', isLost: false },
]

describe.each([
  ['English', en, /[\uac00-\ud7af]/],
  ['Korean', ko, /\b[a-z]{3,}\b/],
])('%s', (_, words, foreign) => {
  test('says everything, in its own words', () => {
    const seat = () => '*'
    for (const notice of NOTICES) {
      const said = words.notice(notice, seat)
      expect(said.length).toBeGreaterThan(3)
      expect(said).not.toMatch(foreign)
      expect(said).not.toMatch(/undefined|NaN|\[object/)
      expect(said).not.toMatch(/\b1 [a-z]+ seats/)
      if ('seatIds' in notice && notice.seatIds.length === 1) expect(said).toContain('*')
    }
  })

  test('tells where the money is, however a purchase failed', () => {
    const base = { reservationId: 'r', showId: 's', customerId: 'c', seatIds: [], version: '1' }
    const amount = { currency: 'KRW', value: 1 }
    const texts = [
      { status: 'cancelled', reason: 'payment_declined' } as const,
      { status: 'expired' } as const,
      { status: 'refunding', reason: 'seat_conflict', payment: { status: 'captured' } } as const,
      { status: 'refunded', reason: 'seat_conflict', payment: { status: 'refunded' } } as const,
    ].map((end) => words.after.moneyText({ ...base, amount, ...end }, '₩1'))
    expect(new Set(texts).size).toBe(4)
    expect(texts.map((text) => text.includes('₩1'))).toEqual([false, false, true, true])
  })
})
