import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isReservationId, shardOfReservation } from '../../contracts/ids.ts'
import { checkoutHashOf, holdHashOf, holdIdOf } from './identity.ts'

const base = { shard: 7, customerId: 'buyer', key: 'k1', showId: 'show' }

describe('the id of a hold', () => {
  test('is a reservation id that carries its shard, and the same for the same request', () => {
    const id = holdIdOf(base)
    expect(isReservationId(id)).toBe(true)
    expect(shardOfReservation(id)).toBe(7)
    expect(holdIdOf({ ...base })).toBe(id)
  })

  test('differs when customer, key or show differ', () => {
    const others = [{ customerId: 'buyer2' }, { key: 'k2' }, { showId: 'show2' }]
    const ids = others.map((other) => holdIdOf({ ...base, ...other }))
    expect(new Set([holdIdOf(base), ...ids]).size).toBe(4)
  })

  test('cannot be reached by moving text from one part to the next', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,4}$/)
    fc.assert(
      fc.property(part, part, part, fc.nat(3), (a, b, c, shift) => {
        const text = a + b + c
        const cut = (from: number, to: number) => text.slice(from, to) || '-'
        const moved = {
          ...base,
          customerId: cut(0, a.length - shift),
          key: cut(a.length - shift, a.length - shift + b.length),
          showId: cut(a.length - shift + b.length, text.length),
        }
        const original = { ...base, customerId: a, key: b, showId: c }
        const isSame = moved.customerId === a && moved.key === b && moved.showId === c
        expect(holdIdOf(moved) === holdIdOf(original)).toBe(isSame)
      }),
    )
  })
})

describe('the fingerprint of a body', () => {
  test('of a hold tells seats and their order apart', () => {
    const hashes = [[1], [1, 2], [2, 1], [12], [1, 2, 3], [1, 23]].map(holdHashOf)
    expect(new Set(hashes).size).toBe(6)
    expect(holdHashOf([1, 2])).toBe(hashes[1])
  })

  test('of a checkout tells token, mail address and locale apart', () => {
    const bodies = [
      { paymentToken: 't' },
      { paymentToken: 'u' },
      { paymentToken: 't', contact: { email: 'a@b' } },
      { paymentToken: 't', contact: { email: 'a@b', locale: 'ko' } },
      { paymentToken: 't', contact: { email: 'a@bko' } },
    ]
    expect(new Set(bodies.map(checkoutHashOf)).size).toBe(5)
    expect(checkoutHashOf({ paymentToken: 't' })).toBe(checkoutHashOf({ paymentToken: 't' }))
  })
})
