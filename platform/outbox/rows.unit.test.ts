import { describe, expect, it } from 'vitest'
import { rangesOf } from './rows.ts'

describe('rangesOf', () => {
  it('never spans an id that was not given', () => {
    expect(rangesOf([])).toEqual([])
    expect(rangesOf([7])).toEqual([[7, 7]])
    expect(rangesOf([1, 2, 3, 5, 6, 9])).toEqual([
      [1, 3],
      [5, 6],
      [9, 9],
    ])
  })
})
