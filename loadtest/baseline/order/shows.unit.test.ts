import { describe, expect, it } from 'vitest'
import { Layout } from './shows.ts'

const layout = new Layout([
  {
    id: 'A',
    name: 'A',
    price: 100,
    rows: [
      { id: '1', seats: 2 },
      { id: '2', seats: 1 },
    ],
  },
  { id: 'B', name: 'B', price: 50, rows: [{ id: '1', seats: 3 }] },
])

describe('a layout', () => {
  it('numbers the seats section by section and row by row', () => {
    const seatIds = Array.from({ length: layout.total }, (_, index) => layout.seatIdAt(index))
    expect(seatIds).toEqual(['A-1-1', 'A-1-2', 'A-2-1', 'B-1-1', 'B-1-2', 'B-1-3'])
    expect(seatIds.map((seatId) => layout.indexOf(seatId))).toEqual([0, 1, 2, 3, 4, 5])
    expect(seatIds.map((_, index) => layout.priceAt(index))).toEqual([100, 100, 100, 50, 50, 50])
  })

  it('knows no other spelling of a seat', () => {
    for (const seatId of ['A-1-3', 'A-1-0', 'A-1-01', 'A-1-1e0', 'C-1-1', 'A-1', 'A-1-', '']) {
      expect(layout.indexOf(seatId)).toBe(-1)
    }
  })
})
