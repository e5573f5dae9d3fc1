import { describe, expect, it } from 'vitest'
import { partsOf } from './insertAll.ts'

const sizes = (rows: number, columns: number) => partsOf(rows, columns).map((part) => part.count)

describe('rows of an insertion', () => {
  it('are split into whole grains of 16, and the rest', () => {
    expect(sizes(0, 5)).toEqual([])
    expect(sizes(1, 5)).toEqual([1])
    expect(sizes(37, 5)).toEqual([32, 5])
    expect(sizes(600, 5)).toEqual([256, 256, 80, 8])
  })

  it('are all there, in their order, and not too many in one statement', () => {
    for (const rows of [1, 7, 255, 1_000]) {
      let next = 0
      for (const { from, count } of partsOf(rows, 22)) {
        expect(from).toBe(next)
        expect(count * 22).toBeLessThanOrEqual(4_096)
        next += count
      }
      expect(next).toBe(rows)
    }
  })
})
