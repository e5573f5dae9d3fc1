import { describe, expect, test } from 'vitest'
import type { Show } from '../../contracts/http.ts'
import { arenaShow } from '../../scripts/seed/arena.ts'
import { clubShow } from '../../scripts/seed/club.ts'
import { Census } from './census.ts'
import { indexOf, type Plan, planOf, rowAt, seatAt, seatNear } from './plan.ts'
import { isInside } from './polygon.ts'

type Layout = Pick<Show, 'sections' | 'geometry'>

const totalOf = ({ sections }: Layout): number =>
  sections.flatMap(({ rows }) => rows).reduce((sum, { seats }) => sum + seats, 0)
const planned = (layout: Layout): Plan => planOf({ ...layout, total: totalOf(layout) })

const section = (id: string, price: number, rows: number[]) => ({
  ...{ id, name: `Section ${id}`, price },
  rows: rows.map((seats, at) => ({ id: String(at + 1), seats })),
})

/** The least distance of two seats; the seats of the plan are put into squares to find it. */
function leastDistance({ xs, ys, total, seatSize }: Plan): number {
  const squares = new Map<string, number[]>()
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < total; at++) {
    const [column, line] = [Math.floor(xs[at]! / seatSize), Math.floor(ys[at]! / seatSize)]
    for (let x = column - 1; x <= column + 1; x++) {
      for (let y = line - 1; y <= line + 1; y++) {
        for (const other of squares.get(`${x},${y}`) ?? []) {
          least = Math.min(least, Math.hypot(xs[at]! - xs[other]!, ys[at]! - ys[other]!))
        }
      }
    }
    squares.set(`${column},${line}`, [...(squares.get(`${column},${line}`) ?? []), at])
  }
  return least
}

describe.each<[string, Layout, number, number]>([
  ['the demo arena', arenaShow('demo'), 11_500, 12_500],
  ['the demo club', clubShow('club'), 200, 200],
  [
    'a show without geometry',
    { sections: [section('A', 1, [10, 12]), section('B', 2, [4])] },
    26,
    26,
  ],
])('the plan of %s', (_, layout, seatsMin, seatsMax) => {
  const plan = planned(layout)

  test('has the seats it should have, none on top of another', () => {
    expect(plan.total).toBeGreaterThanOrEqual(seatsMin)
    expect(plan.total).toBeLessThanOrEqual(seatsMax)
    expect(leastDistance(plan)).toBeGreaterThanOrEqual(plan.seatSize)
  })

  test('has every seat inside of its section, and in no other', () => {
    for (let at = 0; at < plan.total; at++) {
      const [x, y] = [plan.xs[at]!, plan.ys[at]!]
      const around = plan.sections.filter(({ outline }) => isInside(outline, x, y))
      expect(around.map(({ id }) => id)).toEqual([seatAt(plan, at).section.id])
    }
  })

  test('finds each seat where it is', () => {
    for (let at = 0; at < plan.total; at += 7) {
      expect(seatNear(plan, plan.xs[at]! + 0.1, plan.ys[at]!, plan.seatSize)).toBe(at)
      expect(indexOf(plan, seatAt(plan, at).seatId)).toBe(at)
    }
  })
})

describe('a plan', () => {
  const plan = planned({
    sections: [section('A', 5, [2, 3]), section('B', 9, [4]), section('C', 5, [1])],
  })

  test('numbers seats in the order of the layout', () => {
    expect([0, 2, 4, 5, 9].map((at) => seatAt(plan, at).seatId)).toEqual([
      ...['A-1-1', 'A-2-1', 'A-2-3', 'B-1-1', 'C-1-1'],
    ])
    expect(rowAt(plan, 4)).toMatchObject({ id: '2', first: 2, seats: 3 })
    for (const unknown of ['A-1-3', 'A-3-1', 'D-1-1', 'A-1-0', 'A-1', '']) {
      expect(indexOf(plan, unknown)).toBe(-1)
    }
  })

  test('has a zone for each price, the dearest first', () => {
    expect(plan.zones).toEqual([
      { price: 9, seats: 4 },
      { price: 5, seats: 6 },
    ])
    expect(plan.sections.map(({ zone }) => zone)).toEqual([1, 0, 1])
  })

  test('faces a stage that somebody drew, or none', () => {
    const rows = [{ id: '1', seats: 2, curve: [0, 0, 9, 0] }]
    const layout = { sections: [{ ...section('A', 1, []), rows }], geometry: { seatSize: 4 } }
    expect(planned(layout).stage).toBeNull()
    expect(plan.stage).not.toBeNull()
  })

  test('has no seat where there is none', () => {
    expect(seatNear(plan, plan.box.x0 - 500, 0, plan.seatSize)).toBeNull()
  })
})

describe('a census', () => {
  test('counts free seats by section and by price, whatever they become', () => {
    const plan = planned({ sections: [section('A', 5, [2, 3]), section('B', 9, [4])] })
    const census = new Census(plan)
    const counts = () => [
      census.inSection(0),
      census.inSection(1),
      census.inZone(0),
      census.inZone(1),
    ]
    expect(counts()).toEqual([5, 4, 4, 5])
    census.apply({
      changes: [
        { index: 0, from: 0, to: 1 },
        { index: 8, from: 0, to: 3 },
      ],
    })
    expect(counts()).toEqual([4, 3, 3, 4])
    census.apply({
      changes: [
        { index: 0, from: 1, to: 2 },
        { index: 8, from: 3, to: 0 },
        // The last byte of a map has room for seats that the layout does not have.
        { index: 9, from: 0, to: 1 },
      ],
    })
    expect(counts()).toEqual([4, 4, 4, 4])
  })
})
