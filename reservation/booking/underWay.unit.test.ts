import { describe, expect, test } from 'vitest'
import type { LogEntry } from '../../lua/logEntry.ts'
import type { Tail } from './ground.ts'
import { CheckoutsUnderWay } from './underWay.ts'

function setUp(max: number) {
  let hear: (shard: number, entries: readonly LogEntry[]) => void = () => {}
  const tail: Tail = {
    subscribe: (listener) => {
      hear = listener
      return () => {}
    },
  }
  const underWay = new CheckoutsUnderWay(tail, max)
  const say = (shard: number, type: string, reservationId = '') =>
    hear(shard, [{ type, status: type, reservationId } as LogEntry])
  return { underWay, say }
}

describe('checkouts under way', () => {
  test('leave room until there are as many as the limit', () => {
    const { underWay, say } = setUp(2)
    say(1, 'held', 'a')
    say(1, 'paying', 'a')
    expect(underWay.hasRoomFor(2, 'b')).toBe(true)
    say(2, 'paying', 'b')
    expect(underWay.hasRoomFor(1, 'c')).toBe(false)
    expect(underWay.size).toBe(2)
  })

  test('leave room for their own repeats', () => {
    const { underWay, say } = setUp(1)
    say(1, 'paying', 'a')
    expect(underWay.hasRoomFor(1, 'a')).toBe(true)
    expect(underWay.hasRoomFor(1, 'b')).toBe(false)
  })

  test('are over when they were confirmed, cancelled or have expired, and count once', () => {
    const { underWay, say } = setUp(1)
    for (const end of ['confirmed', 'cancelled', 'expired', 'refunding']) {
      say(1, 'paying', 'a')
      say(1, 'paying', 'a')
      expect(underWay.size).toBe(1)
      say(1, end, 'a')
      say(1, end, 'a')
      expect(underWay.size).toBe(0)
    }
  })

  test('are forgotten of a shard that was rebuilt', () => {
    const { underWay, say } = setUp(1)
    say(1, 'paying', 'a')
    say(2, 'paying', 'b')
    say(1, 'opened')
    expect(underWay.size).toBe(1)
    expect(underWay.hasRoomFor(1, 'a')).toBe(false)
    say(2, 'opened')
    expect(underWay.hasRoomFor(1, 'a')).toBe(true)
  })
})
