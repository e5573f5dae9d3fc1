import { describe, expect, test } from 'vitest'
import type { Reservation } from '../../client/holdfast.ts'
import {
  type Claim,
  type Claims,
  claimFor,
  firstDeadline,
  heard,
  looksOf,
  priceOf,
} from './claims.ts'

const told = (status: Reservation['status'], more: Partial<Reservation> = {}): Reservation => ({
  ...{ reservationId: 'r1', showId: 's', customerId: 'c', version: '1-0', status },
  ...{ seatIds: ['A-1-1', 'A-1-2'], amount: { currency: 'KRW', value: 200 } },
  ...more,
})
const asking: Claim = {
  ...{ key: 'k1', seatIds: ['A-1-1', 'A-1-2'], indexes: [0, 1] },
  ...{ reservation: null, doing: 'hold', isCheckedOut: false },
}
const indexOf = (seatId: string): number => Number(seatId.split('-')[2]) - 1
const hear = (claims: Claims, ...news: Reservation[]): Claims =>
  news.reduce((now, one) => heard(now, one, indexOf), claims)

describe('what a buyer has', () => {
  test('looks asked for at once, and held when the server has said so', () => {
    expect(looksOf([asking])).toEqual(new Map([0, 1].map((at) => [at, 'pending'])))
    const [held] = hear([asking], told('held'))
    expect(held).toMatchObject({ key: 'k1', doing: null })
    expect(looksOf([held!])).toEqual(new Map([0, 1].map((at) => [at, 'mine'])))
  })

  test('goes from held over paying to tickets', () => {
    const looks = (['held', 'paying', 'confirmed'] as const).map((status) =>
      looksOf(hear([asking], told(status))).get(0),
    )
    expect(looks).toEqual(['mine', 'paying', 'ticket'])
  })

  test('is gone when it was given back, or ran out before a checkout', () => {
    expect(hear([asking], told('held'), told('released'))).toEqual([])
    expect(hear([asking], told('held'), told('expired'))).toEqual([])
  })

  test('is remembered when it failed after a checkout, for that has to be told', () => {
    for (const status of ['expired', 'cancelled', 'refunding', 'refunded'] as const) {
      const claims = hear([asking], told('held'), told('paying'), told(status))
      expect(claims).toMatchObject([{ isCheckedOut: true, reservation: { status } }])
      expect(looksOf(claims).size).toBe(0)
    }
  })

  test('keeps on being given back while the server still calls it held', () => {
    const [held] = hear([asking], told('held'))
    const releasing: Claim = { ...held!, doing: 'release' }
    expect(hear([releasing], told('held', { version: '2-0' }))).toMatchObject([
      { doing: 'release' },
    ])
  })

  test('takes in what another tab has, while it is alive', () => {
    expect(hear([], told('held'))).toMatchObject([{ key: 'r1', indexes: [0, 1] }])
    for (const status of ['released', 'expired', 'cancelled', 'refunded'] as const) {
      expect(hear([], told(status))).toEqual([])
    }
  })

  test('is not mixed up with another hold of other seats', () => {
    const other = told('held', { reservationId: 'r2', seatIds: ['A-1-3'] })
    expect(claimFor([asking], other)).toBeUndefined()
    expect(hear([asking], other)).toHaveLength(2)
  })

  test('costs what the server says, and what the layout says until then', () => {
    const priceAt = () => 70
    expect(priceOf([asking], priceAt)).toBe(140)
    expect(priceOf(hear([asking], told('held')), priceAt)).toBe(200)
  })

  test('runs out when the first hold does', () => {
    const at = (reservationId: string, expiresAt: string, seatIds: string[]) =>
      told('held', { reservationId, expiresAt, seatIds })
    const claims = hear(
      [],
      at('r1', '2030-01-01T00:00:09.000Z', ['A-1-1']),
      at('r2', '2030-01-01T00:00:05.000Z', ['A-1-2']),
    )
    expect(firstDeadline(claims)).toBe('2030-01-01T00:00:05.000Z')
    const paying = hear(claims, told('paying', { reservationId: 'r2', seatIds: ['A-1-2'] }))
    expect(firstDeadline(paying)).toBe('2030-01-01T00:00:09.000Z')
    expect(firstDeadline([])).toBeNull()
  })
})
