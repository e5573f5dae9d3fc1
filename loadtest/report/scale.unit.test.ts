import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { niceMax, scaleOf } from './scale.ts'

describe('scaleOf', () => {
  it('puts the ends of the axis at the ends of the picture', () => {
    const scale = scaleOf({ from: 0, until: 50, pixels: [100, 600] })
    expect([scale.at(0), scale.at(25), scale.at(50)]).toEqual([100, 350, 600])
    expect(scale.ticks).toEqual([0, 10, 20, 30, 40, 50])
  })

  it('marks powers of ten on a logarithmic axis', () => {
    const scale = scaleOf({ from: 1, until: 1_000, pixels: [0, 300], isLog: true })
    expect(scale.ticks).toEqual([1, 10, 100, 1_000])
    expect(scale.at(100)).toBeCloseTo(200)
  })

  it('refuses a logarithmic axis from zero', () => {
    expect(() => scaleOf({ from: 0, until: 1, pixels: [0, 1], isLog: true })).toThrow(RangeError)
  })

  it('keeps few marks, all of them on the axis', () => {
    const end = fc.double({ min: 1e-3, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(end, (until) => {
        const { ticks } = scaleOf({ from: 0, until, pixels: [0, 100] })
        expect(ticks.length).toBeGreaterThan(1)
        expect(ticks.length).toBeLessThanOrEqual(7)
        for (const tick of ticks) expect(tick).toBeLessThanOrEqual(until * (1 + 1e-9))
      }),
    )
  })

  it('places the one value of an axis without extent', () => {
    expect(scaleOf({ from: 5, until: 5, pixels: [0, 100] }).at(5)).toBe(0)
  })
})

describe('niceMax', () => {
  it('is the next round mark', () => {
    expect([0, 0.93, 9, 104, 1_801].map((max) => niceMax(max))).toEqual([1, 1, 10, 120, 2_000])
  })
})
