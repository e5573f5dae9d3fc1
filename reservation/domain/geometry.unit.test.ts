import { describe, expect, test } from 'vitest'
import { faultsOfGeometry } from './geometry.ts'
import type { Row, Section } from './layout.ts'

const size = { seatSize: 40 }
const line = [0, 0, 100, 0]
const section = (rows: Row[], more: Partial<Section> = {}): Section => ({
  ...{ id: 'A', name: 'A', price: 1, rows },
  ...more,
})
const row = (more: Partial<Row> = {}): Row => ({ id: '1', seats: 3, ...more })

describe('the geometry of a layout', () => {
  test('may be left out altogether', () => {
    expect(faultsOfGeometry([section([row()])], undefined)).toEqual([])
  })

  test('may be a curve for one row and places for another, with outline and stage', () => {
    const rows = [
      row({ curve: line }),
      row({ id: '2', curve: [...line, 50, 50] }),
      row({ id: '3', places: [0, 0, 1, 1, 2, 2] }),
    ]
    const outline = [0, 0, 10, 0, 10, 10]
    const geometry = { ...size, stage: outline }
    expect(faultsOfGeometry([section(rows, { outline })], geometry)).toEqual([])
  })

  test.each<[string, Section, string]>([
    ['leaves a row out', section([row({ curve: line }), row()]), '/sections/0/rows/1'],
    [
      'places a row twice',
      section([row({ curve: line, places: [0, 0, 1, 1, 2, 2] })]),
      '/sections/0/rows/0/places',
    ],
    [
      'has half a point in a curve',
      section([row({ curve: [...line, 1] })]),
      '/sections/0/rows/0/curve',
    ],
    ['lacks a place', section([row({ places: [0, 0, 1, 1] })]), '/sections/0/rows/0/places'],
    [
      'has half a point in an outline',
      section([row({ curve: line })], { outline: [0, 0, 1, 0, 1, 1, 5] }),
      '/sections/0/outline',
    ],
  ])('is faulty when it %s', (_, faulty, path) => {
    expect(faultsOfGeometry([faulty], size)).toEqual([{ path, message: expect.any(String) }])
  })

  test('is faulty when the stage has half a point', () => {
    const stage = [0, 0, 1, 0, 1, 1, 5]
    const faults = faultsOfGeometry([section([row({ curve: line })])], { ...size, stage })
    expect(faults.map(({ path }) => path)).toEqual(['/geometry/stage'])
  })

  test('is faulty when nobody says how large a seat is', () => {
    const drawn = section([row({ curve: line })], { outline: [0, 0, 1, 0, 1, 1] })
    const paths = faultsOfGeometry([drawn], undefined).map(({ path }) => path)
    expect(paths).toEqual(['/sections/0/outline', '/sections/0/rows/0/curve'])
  })
})
