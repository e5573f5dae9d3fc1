import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PackedSeats } from './packedSeats.ts'
import type { SeatState } from './types.ts'

const state = fc.constantFrom<SeatState>(0, 1, 2, 3)

describe('packed seats', () => {
  it('are what was set last, seat by seat, and count themselves', () => {
    const changes = fc.array(fc.tuple(fc.nat(20), state))
    fc.assert(
      fc.property(fc.integer({ min: 21, max: 40 }), changes, (total, all) => {
        const seats = new PackedSeats(total)
        const model = new Array<SeatState>(total).fill(0)
        for (const [index, to] of all) {
          expect(seats.set(index, to)).toBe(model[index] !== to)
          model[index] = to
        }
        expect(model.map((_, index) => seats.get(index))).toEqual(model)
        for (const one of [0, 1, 2, 3] as const) {
          expect(seats.count(one)).toBe(model.filter((other) => other === one).length)
        }
      }),
    )
  })

  it('have the first seat in the lowest bits of the first byte', () => {
    const seats = new PackedSeats(5)
    seats.set(0, 1)
    seats.set(3, 2)
    seats.set(4, 3)
    expect([...seats.toBytes()]).toEqual([0b10_00_00_01, 0b11])
  })

  it('tell which seats differ from another version, with their new states', () => {
    const sides = fc.array(fc.tuple(state, state), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(sides, (pairs) => {
        const [before, after] = [new PackedSeats(pairs.length), new PackedSeats(pairs.length)]
        for (const [index, [a, b]] of pairs.entries()) {
          before.set(index, a)
          after.set(index, b)
        }
        const expected = pairs.flatMap(([a, b], index) => (a === b ? [] : [[index, b]]))
        expect(after.differencesFrom(before)).toEqual(expected)
      }),
    )
  })

  it('hand out a copy, which later changes leave alone', () => {
    const seats = new PackedSeats(4)
    const copy = seats.toBytes()
    seats.set(0, 2)
    expect([...copy]).toEqual([0])
  })

  it.each([-1, 4, 0.5])('refuse the index %d of a show with four seats', (index) => {
    expect(() => new PackedSeats(4).set(index, 1)).toThrow(RangeError)
  })
})
