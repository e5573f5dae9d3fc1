import { describe, expect, it } from 'vitest'
import { frontPairs } from './onsale.ts'

/** Packs states as the seat map does: two bits each, the first seat in the lowest. */
function packed(states: readonly number[]): string {
  const bytes = new Uint8Array(Math.ceil(states.length / 4))
  for (const [at, state] of states.entries()) {
    bytes[at >> 2] = (bytes[at >> 2] ?? 0) | (state << ((at & 3) * 2))
  }
  return Buffer.from(bytes).toString('latin1')
}

describe('frontPairs', () => {
  it('finds the pairs whose two seats are free, front to back', () => {
    const states = packed([0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 0])
    expect(frontPairs(states, { seats: 12, max: 9 })).toEqual([0, 6, 10])
  })

  it('stops at so many', () => {
    expect(frontPairs(packed([0, 0, 0, 0, 0, 0]), { seats: 6, max: 2 })).toEqual([0, 2])
  })

  it('does not take what lies behind the last seat for seats', () => {
    expect(frontPairs(packed([1, 1, 0, 0, 0]), { seats: 5, max: 9 })).toEqual([2])
  })
})
