import { describe, expect, it } from 'vitest'
import { kneeOf } from './lightPhase.ts'

const rungs = (...rates: number[]) =>
  rates.map((ordersPerS, at) => ({ buyers: 64 * 2 ** at, ordersPerS }))

describe('kneeOf', () => {
  it('is the fewest buyers that achieve nearly the most', () => {
    expect(kneeOf(rungs(500, 970, 1_000, 990)).buyers).toBe(128)
  })

  it('is the last rung while more buyers still help', () => {
    expect(kneeOf(rungs(100, 200, 400, 800)).buyers).toBe(512)
  })

  it('is the first when more buyers are in each other’s way', () => {
    expect(kneeOf(rungs(800, 700, 600, 100)).buyers).toBe(64)
  })
})
