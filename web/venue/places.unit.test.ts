import { describe, expect, test } from 'vitest'
import { type LayoutRow, placeRow } from './places.ts'

function placed(row: Omit<LayoutRow, 'id'>): [number, number][] {
  const into = { xs: new Float32Array(row.seats + 1), ys: new Float32Array(row.seats + 1) }
  placeRow({ id: '1', ...row }, 1, into)
  expect([into.xs[0], into.ys[0]]).toEqual([0, 0])
  return Array.from({ length: row.seats }, (_, at) => [into.xs[at + 1]!, into.ys[at + 1]!])
}

const rounded = (points: [number, number][]) =>
  points.map((point) => point.map((n) => Math.round(n) + 0))

describe('the places of a row', () => {
  test('are evenly spaced on a line from the first seat to the last', () => {
    expect(placed({ seats: 3, curve: [10, 0, 30, 40] })).toEqual([
      [10, 0],
      [20, 20],
      [30, 40],
    ])
  })

  test('are evenly spaced on the arc through three points, whichever way it bends', () => {
    const half = [
      [-100, 0],
      [-71, 71],
      [0, 100],
      [71, 71],
      [100, 0],
    ]
    expect(rounded(placed({ seats: 5, curve: [-100, 0, 0, 100, 100, 0] }))).toEqual(half)
    const up = half.map(([x, y]) => [x, y === 0 ? 0 : -y!])
    expect(rounded(placed({ seats: 5, curve: [-100, 0, 0, -100, 100, 0] }))).toEqual(up)
  })

  test('may go more than half around', () => {
    const most = placed({ seats: 4, curve: [100, 0, -100, 0, 0, -100] })
    expect(rounded(most)).toEqual([
      [100, 0],
      [0, 100],
      [-100, 0],
      [0, -100],
    ])
  })

  test('are a line when the three points are one', () => {
    expect(placed({ seats: 3, curve: [0, 0, 5, 5, 10, 10] })).toEqual([
      [0, 0],
      [5, 5],
      [10, 10],
    ])
  })

  test('are in the middle for a single seat', () => {
    expect(placed({ seats: 1, curve: [0, 0, 10, 20] })).toEqual([[5, 10]])
    expect(rounded(placed({ seats: 1, curve: [-10, 0, 0, 10, 10, 0] }))).toEqual([[0, 10]])
  })

  test('are what was said, seat by seat', () => {
    expect(placed({ seats: 2, places: [7, 8, -1, 2] })).toEqual([
      [7, 8],
      [-1, 2],
    ])
  })
})
