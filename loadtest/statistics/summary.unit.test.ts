import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distributionOf, groupsOf, quantileOf, ratioOf, summaryOf } from './summary.ts'

describe('summaryOf', () => {
  it('answers the middle of an odd count and the range', () => {
    expect(summaryOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 })
  })

  it('answers the mean of the two in the middle of an even count', () => {
    expect(summaryOf([10, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 10 })
  })

  it('orders numbers as numbers', () => {
    expect(summaryOf([9, 10, 100])).toEqual({ median: 10, min: 9, max: 100 })
  })

  it('refuses to summarise nothing', () => {
    expect(() => summaryOf([])).toThrow(RangeError)
  })
})

describe('ratioOf', () => {
  it('divides run by run before it takes the median', () => {
    // The quotient of the medians would be 20 / 10 = 2.
    expect(ratioOf([10, 20, 60], [1, 10, 20])).toEqual({ median: 3, min: 2, max: 10 })
  })

  it('refuses sides of different length', () => {
    expect(() => ratioOf([1, 2], [1])).toThrow(RangeError)
  })
})

describe('quantileOf', () => {
  it('answers the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at)
    expect(quantileOf(hundred, 0.5)).toBe(50)
    expect(quantileOf(hundred, 0.99)).toBe(99)
    expect(quantileOf(hundred, 1)).toBe(100)
    expect(quantileOf(hundred, 0)).toBe(1)
  })

  it('answers a measured value that the share does not exceed', () => {
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 200 })
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(values, share, (list, q) => {
        const found = quantileOf(list, q)
        const within = list.filter((value) => value <= found).length
        const below = list.filter((value) => value < found).length
        expect(list).toContain(found)
        expect(within).toBeGreaterThanOrEqual(q * list.length)
        expect(below === 0 || below < q * list.length).toBe(true)
      }),
    )
  })
})

describe('distributionOf', () => {
  it('describes latencies', () => {
    const thousand = Array.from({ length: 1_000 }, (_, at) => at + 1)
    expect(distributionOf(thousand)).toEqual({
      count: 1_000,
      mean: 500.5,
      p50: 500,
      p90: 900,
      p99: 990,
      p999: 999,
      max: 1_000,
    })
  })

  it('is null without any', () => {
    expect(distributionOf([])).toBeNull()
  })
})

describe('groupsOf', () => {
  it('keeps every value once and in order, in groups of almost one size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { maxLength: 100 }),
        fc.integer({ min: 1, max: 20 }),
        (all, n) => {
          const groups = groupsOf(all, n)
          expect(groups).toHaveLength(n)
          expect(groups.flat()).toEqual(all)
          const sizes = groups.map((group) => group.length)
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})
