import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { faultsOf, Layout, type Section } from './layout.ts'

const name = fc.stringMatching(/^[A-Za-z0-9_.]{1,6}$/)

const sections = fc.uniqueArray(
  fc.record({
    id: name,
    name: fc.string(),
    price: fc.nat(1_000_000),
    rows: fc.uniqueArray(fc.record({ id: name, seats: fc.integer({ min: 1, max: 40 }) }), {
      selector: (row) => row.id,
      minLength: 1,
      maxLength: 8,
    }),
  }),
  { selector: (section) => section.id, minLength: 1, maxLength: 6 },
)

/** The seats in layout order, counted out one by one: the definition that the layout must meet. */
function enumerate(all: readonly Section[]): { id: string; price: number }[] {
  return all.flatMap((section) =>
    section.rows.flatMap((row) =>
      Array.from({ length: row.seats }, (_, n) => ({
        id: `${section.id}-${row.id}-${n + 1}`,
        price: section.price,
      })),
    ),
  )
}

const hall: Section[] = [
  {
    id: 'A',
    name: 'Stalls',
    price: 900,
    rows: [
      { id: '1', seats: 2 },
      { id: '2', seats: 12 },
    ],
  },
  { id: 'B', name: 'Circle', price: 500, rows: [{ id: '1', seats: 3 }] },
]

describe('layout', () => {
  test('index and id are each other, for every seat of any layout', () => {
    fc.assert(
      fc.property(sections, (all) => {
        const layout = new Layout(all)
        const seats = enumerate(all)
        const indexes = seats.map((_, index) => index)
        expect(layout.total).toBe(seats.length)
        expect(indexes.map((at) => layout.seatIdAt(at))).toEqual(seats.map((seat) => seat.id))
        expect(indexes.map((at) => layout.priceAt(at))).toEqual(seats.map((seat) => seat.price))
        expect(seats.map((seat) => layout.indexOf(seat.id))).toEqual(indexes)
      }),
    )
  })

  test('a text that names no seat has no index', () => {
    fc.assert(
      fc.property(sections, fc.string(), (all, text) => {
        const known = enumerate(all).findIndex((seat) => seat.id === text)
        expect(new Layout(all).indexOf(text)).toBe(known)
      }),
    )
  })

  test.each([
    'A-1-0',
    'A-1-3',
    'A-1-01',
    'A-1-+1',
    'A-1-1 ',
    ' A-1-1',
    'A-1-',
    'A-1',
    'A--1',
    '-1-1',
    'C-1-1',
    'a-1-1',
    'A-1-1e0',
    'A-1-9999999999999999999',
    '__proto__',
    '',
  ])('%j is no seat', (text) => {
    expect(new Layout(hall).indexOf(text)).toBe(-1)
  })

  test.each([-1, 17, 0.5, Number.NaN])('index %d is refused', (index) => {
    const layout = new Layout(hall)
    expect(() => layout.seatIdAt(index)).toThrow(RangeError)
    expect(() => layout.priceAt(index)).toThrow(RangeError)
  })

  test('a sound layout has no faults', () => {
    expect(faultsOf(hall)).toEqual([])
  })

  test('sections and rows that are named twice are faults, each with its place', () => {
    const twice: Section[] = [
      {
        id: 'A',
        name: '',
        price: 1,
        rows: [
          { id: '1', seats: 1 },
          { id: '1', seats: 1 },
        ],
      },
      { id: 'A', name: '', price: 1, rows: [{ id: '1', seats: 1 }] },
    ]
    expect(faultsOf(twice).map((fault) => fault.path)).toEqual([
      '/sections/0/rows/1/id',
      '/sections/1/id',
    ])
  })

  test('200,000 seats are a show, one more is not', () => {
    const of = (seats: number) => [{ id: 'A', name: '', price: 1, rows: [{ id: '1', seats }] }]
    expect(faultsOf(of(200_000))).toEqual([])
    expect(faultsOf(of(200_001)).map((fault) => fault.path)).toEqual(['/sections'])
  })

  test('a layout of 200,000 seats costs memory for its rows only', () => {
    const rows = [{ id: '1', seats: 200_000 }]
    const layout = new Layout([{ id: 'A', name: '', price: 1, rows }])
    expect(layout.seatIdAt(199_999)).toBe('A-1-200000')
    expect(layout.indexOf('A-1-200000')).toBe(199_999)
  })
})
