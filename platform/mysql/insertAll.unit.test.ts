import { describe, expect, it } from 'vitest'
import { partsOf } from './insertAll.ts'

const sizes = (rows: number, columns: number) => partsOf(rows, columns).map((part) => part.count)

describe('rows of an insertion', () => {
  it('are split into powers of two, the largest first', () => {
    expect(sizes(0, 5)).toEqual([])
    expect(sizes(1, 5)).toEqual([1])
    expect(sizes(37, 5)).toEqual([32, 4, 1])
  })

  it('are all there, in their order, and not too many in one statement', () => {
    for (const rows of [1, 7, 255, 1_000]) {
      let next = 0
      for (const { from, count } of partsOf(rows, 22)) {
        expect(from).toBe(next)
        expect(count * 22).toBeLessThanOrEqual(1_024)
        next += count
      }
      expect(next).toBe(rows)
    }
  })
})
