import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SeatMap } from './seatMap.ts'

const packed = (states: readonly number[]): string => {
  const bytes = Buffer.alloc(Math.ceil(states.length / 4))
  for (const [index, state] of states.entries()) {
    const at = index >> 2
    bytes[at] = (bytes[at] as number) | (state << ((index & 3) * 2))
  }
  return bytes.toString('base64')
}

const statesOf = (map: SeatMap, total: number) =>
  Array.from({ length: total }, (_, index) => map.stateAt(index))

const state = fc.integer({ min: 0, max: 3 })
const seats = fc.array(state, { minLength: 1, maxLength: 70 })

describe('a seat map', () => {
  it('is what snapshots and deltas say, and tells exactly what they changed', () => {
    const deltas = fc.array(fc.array(fc.tuple(fc.nat(69), state), { maxLength: 8 }), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(seats, deltas, seats, (first, all, last) => {
        const map = new SeatMap('s')
        const model = first.map(() => 0)
        const follow = (changes: readonly { index: number; from: number; to: number }[]) => {
          for (const { index, from, to } of changes) {
            expect([model[index], from === to]).toEqual([from, false])
            model[index] = to
          }
        }
        follow(map.applySnapshot({ version: 'v0', states: packed(first) }).changes)
        expect(model).toEqual(first)
        for (const [n, some] of all.entries()) {
          const changes = some.filter(([index]) => index < first.length)
          const delta = { prev: `v${n}`, version: `v${n + 1}`, changes }
          follow(map.applyDelta(delta)?.changes ?? [])
          for (const [index, to] of changes) expect(model[index]).toBe(lastOf(changes, index) ?? to)
          expect(statesOf(map, first.length)).toEqual(model)
        }
        const again = first.map((_, index) => last[index % last.length] as number)
        follow(map.applySnapshot({ version: 'w', states: packed(again) }).changes)
        expect(statesOf(map, first.length)).toEqual(again)
        for (const kind of [1, 2, 3] as const) {
          expect(map.count(kind)).toBe(again.filter((one) => one === kind).length)
        }
      }),
    )
  })

  it('does not take a delta that does not follow upon its version', () => {
    const map = new SeatMap('s')
    const delta = { prev: 'a', version: 'b', changes: [[0, 2]] as [number, number][] }
    expect(map.applyDelta(delta)).toBe(null)
    map.applySnapshot({ version: 'b', states: packed([0, 0]) })
    expect(map.applyDelta(delta)).toBe(null)
    expect([map.version, map.stateAt(0)]).toEqual(['b', 0])
  })

  it('moves its version by a delta that changes nothing', () => {
    const map = new SeatMap('s')
    map.applySnapshot({ version: 'a', states: packed([1]) })
    expect(map.applyDelta({ prev: 'a', version: 'b', changes: [[0, 1]] })).toEqual({
      kind: 'delta',
      version: 'b',
      changes: [],
    })
    expect(map.version).toBe('b')
  })

  it('begins anew when the layout has another size', () => {
    const map = new SeatMap('s')
    map.applySnapshot({ version: 'a', states: packed([1, 2, 3, 1, 2]) })
    map.applySnapshot({ version: 'b', states: packed([2]) })
    expect([map.count(1), map.count(2), map.count(3)]).toEqual([0, 1, 0])
    expect(map.bytes).toHaveLength(1)
    expect(map.stateAt(4)).toBe(0)
  })

  it('leaves alone what is no seat of its own', () => {
    const map = new SeatMap('s')
    map.applySnapshot({ version: 'a', states: packed([0]) })
    expect(map.applyDelta({ prev: 'a', version: 'b', changes: [[400, 1]] })?.changes).toEqual([])
    expect([map.count(1), map.stateAt(400)]).toEqual([0, 0])
  })
})

const lastOf = (changes: readonly [number, number][], index: number) =>
  changes.findLast(([one]) => one === index)?.[1]
