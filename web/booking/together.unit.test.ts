import { describe, expect, test } from 'vitest'
import { planOf } from '../venue/plan.ts'
import { partWith, seatAfterKey } from './gridMoves.ts'
import { firstTogether, neighbours } from './together.ts'

const rows = [5, 3, 4].map((seats, at) => ({ id: `${at + 1}`, seats }))
const plan = planOf({ sections: [{ id: 'A', name: 'A', price: 1, rows }], total: 12 })
const free =
  (...taken: number[]) =>
  (index: number) =>
    !taken.includes(index)

describe('neighbours of a seat', () => {
  test.each<[string, number, number, number[], number[] | null]>([
    ['are itself alone when one is wanted', 2, 1, [], [2]],
    ['have it in the middle', 2, 3, [], [1, 2, 3]],
    ['stay in its row at the beginning', 0, 3, [], [0, 1, 2]],
    ['stay in its row at the end', 4, 3, [], [2, 3, 4]],
    ['keep clear of what is taken', 2, 3, [1], [2, 3, 4]],
    ['are as many as wanted or none', 2, 4, [0], [1, 2, 3, 4]],
    ['are none where too few are free', 2, 3, [1, 4], null],
    ['are none around a seat that is taken', 2, 1, [2], null],
  ])('%s', (_, index, count, taken, expected) => {
    expect(neighbours(plan, index, count, free(...taken))).toEqual(expected)
  })
})

describe('the first free seats side by side', () => {
  const first = (count: number, ...taken: number[]) =>
    firstTogether(plan, { first: 0, end: 12, count }, free(...taken))

  test('are in one row', () => {
    expect(first(2)).toEqual([0, 1])
    expect(first(2, 0, 2)).toEqual([3, 4])
    expect(first(4, 1)).toEqual([8, 9, 10, 11])
    expect(first(6)).toBeNull()
  })
})

describe('a key in the grid of seats', () => {
  const section = plan.sections[0]!
  const led = (index: number, key: string, isCtrl = false) =>
    seatAfterKey(plan, section, index, { key, isCtrl })

  test.each<[number, string, number]>([
    [0, 'ArrowRight', 1],
    [4, 'ArrowRight', 4],
    [5, 'ArrowLeft', 5],
    [4, 'ArrowDown', 7],
    [7, 'ArrowDown', 10],
    [10, 'ArrowDown', 10],
    [6, 'ArrowUp', 1],
    [0, 'ArrowUp', 0],
    [1, 'End', 4],
    [7, 'Home', 5],
    [1, 'PageDown', 9],
  ])('leads from seat %i by %s to seat %i', (from, key, to) => {
    expect(led(from, key)).toBe(to)
  })

  test('leads to the ends of the section together with Ctrl', () => {
    expect([led(6, 'Home', true), led(6, 'End', true)]).toEqual([0, 11])
  })

  test('leads nowhere when it is another', () => {
    expect(led(6, 'x')).toBeNull()
  })

  test('meets sections in parts that a browser can bear, every row in just one', () => {
    const many = Array.from({ length: 500 }, (_, at) => ({ id: `${at}`, seats: 9 }))
    const great = planOf({ sections: [{ id: 'A', name: 'A', price: 1, rows: many }], total: 4_500 })
    const whole = great.sections[0]!
    let next = 0
    while (next < 500) {
      const part = partWith(great, whole, next)
      expect(part.from).toBe(next)
      expect((part.to - part.from) * 9).toBeLessThanOrEqual(1_200)
      expect(partWith(great, whole, part.to - 1)).toEqual(part)
      next = part.to
    }
    expect(next).toBe(500)
    expect(partWith(plan, section, 2)).toEqual({ from: 0, to: 3 })
  })
})
