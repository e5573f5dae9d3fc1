import { describe, expect, it } from 'vitest'
import { SeatSupply, singlesOf } from './seats.ts'

const HALL = { shows: 2, rows: 2, seatsPerRow: 4 }

describe('SeatSupply', () => {
  it('hands out every pair of neighbours once, show by show', () => {
    const supply = new SeatSupply(HALL, ['x', 'y'])
    const pairs = Array.from({ length: supply.pairs }, () => supply.take())
    expect(pairs.map(({ showId, first, second }) => `${showId} ${first} ${second}`)).toEqual([
      'x A-1-1 A-1-2',
      'y A-1-1 A-1-2',
      'x A-1-3 A-1-4',
      'y A-1-3 A-1-4',
      'x A-2-1 A-2-2',
      'y A-2-1 A-2-2',
      'x A-2-3 A-2-4',
      'y A-2-3 A-2-4',
    ])
    expect(() => supply.take()).toThrow(RangeError)
  })

  it('hands out single seats too', () => {
    const next = singlesOf(new SeatSupply({ shows: 1, rows: 1, seatsPerRow: 4 }, ['x']))
    const seats = Array.from({ length: 4 }, () => next().seatId)
    expect(seats).toEqual(['A-1-1', 'A-1-2', 'A-1-3', 'A-1-4'])
  })
})
