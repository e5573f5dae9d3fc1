import { describe, expect, test } from 'vitest'
import { BUCKETS_MAX, RateLimiter } from './rateLimiter.ts'

/** How many of `attempts` requests at one moment are let through. */
const passing = (limiter: RateLimiter, buyer: string, nowMs: number, attempts = 1_000) =>
  Array.from({ length: attempts }, () => limiter.take(buyer, nowMs)).filter(Boolean).length

describe('the rate limiter', () => {
  test('lets a burst of a second through, and then the rate', () => {
    const limiter = new RateLimiter(200)
    expect(passing(limiter, 'a', 0)).toBe(200)
    expect(passing(limiter, 'a', 5)).toBe(1)
    expect(passing(limiter, 'a', 505)).toBe(100)
    expect(passing(limiter, 'a', 100_000)).toBe(200)
  })

  test('keeps buyers apart', () => {
    const limiter = new RateLimiter(10)
    expect(passing(limiter, 'a', 0)).toBe(10)
    expect(passing(limiter, 'b', 0)).toBe(10)
  })

  test('counts slow fractions, so that one request a second passes at a rate of one', () => {
    const limiter = new RateLimiter(1)
    const times = Array.from({ length: 100 }, (_, tick) => tick * 100)
    expect(times.filter((nowMs) => limiter.take('a', nowMs))).toHaveLength(10)
  })

  test('gives nothing for a clock that was set back', () => {
    const limiter = new RateLimiter(10)
    expect(passing(limiter, 'a', 10_000)).toBe(10)
    expect(passing(limiter, 'a', 0)).toBe(0)
  })

  test('zero is no limit', () => {
    expect(passing(new RateLimiter(0), 'a', 0, 5_000)).toBe(5_000)
  })

  test('remembers a bounded number of buyers, and those who just came', () => {
    const limiter = new RateLimiter(1)
    for (let n = 0; n <= BUCKETS_MAX; n++) limiter.take(`buyer ${n}`, 0)
    expect(limiter.size).toBeLessThanOrEqual(BUCKETS_MAX)
    expect(limiter.take(`buyer ${BUCKETS_MAX}`, 0)).toBe(false)
  })
})
