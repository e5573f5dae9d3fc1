import { describe, expect, it } from 'vitest'
import { ATTEMPTS_MAX, retryDelayMs } from './retries.ts'

describe('retryDelayMs', () => {
  it('waits four times as long after each attempt, at most an hour', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((attempts) => retryDelayMs(attempts, 1_000))
    const hour = 3_600_000
    expect(delays).toEqual([1_000, 4_000, 16_000, 64_000, 256_000, 1_024_000, hour, hour])
  })

  it('gives up after the last attempt, some twelve hours after the first', () => {
    const delays = Array.from({ length: ATTEMPTS_MAX }, (_, index) =>
      retryDelayMs(index + 1, 1_000),
    )
    expect(delays.at(-1)).toBe(null)
    const hours = delays.reduce<number>((sum, delay) => sum + (delay ?? 0), 0) / 3_600_000
    expect(hours).toBeGreaterThan(11)
    expect(hours).toBeLessThan(14)
  })
})
