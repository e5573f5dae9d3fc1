import { describe, expect, it } from 'vitest'
import { recoverySOf } from './recovery.ts'

const second = (accepted: number, completed: number, failed = 0) => ({
  accepted,
  completed,
  failed,
})

describe('recoverySOf', () => {
  const healthy = [second(10, 8), second(10, 10)]

  it('is the time until the backlog is as small as in the healthy time', () => {
    const outage = [second(10, 0), second(10, 0)]
    const after = [second(10, 18), second(10, 18), second(10, 14)]
    const seconds = [...healthy, ...outage, ...after]
    expect(recoverySOf(seconds, { healthyUntilS: 2, healedAtS: 4 })).toBe(2)
  })

  it('counts errors that are still shown after the repair', () => {
    const seconds = [...healthy, second(0, 0, 10), second(5, 5, 5), second(10, 10)]
    expect(recoverySOf(seconds, { healthyUntilS: 2, healedAtS: 3 })).toBe(1)
  })

  it('is zero for a system that never fell behind', () => {
    expect(recoverySOf([...healthy, second(10, 10)], { healthyUntilS: 2, healedAtS: 2 })).toBe(0)
  })

  it('is null for one that never caught up', () => {
    const seconds = [...healthy, second(10, 0), second(10, 10)]
    expect(recoverySOf(seconds, { healthyUntilS: 2, healedAtS: 3 })).toBeNull()
  })
})
