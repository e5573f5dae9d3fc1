import { describe, expect, it } from 'vitest'
import { Pace } from './pace.ts'

describe('Pace', () => {
  it('spreads records over the second', () => {
    const clock = { ms: 0 }
    const pace = new Pace(50, () => clock.ms)
    expect(pace.stepMax).toBe(5)
    let sent = 0
    while (clock.ms < 10_000) {
      clock.ms += pace.delayMs
      pace.sent(pace.stepMax)
      sent += pace.stepMax
    }
    expect(sent).toBeGreaterThanOrEqual(500)
    expect(sent).toBeLessThanOrEqual(505)
  })

  it('does not make up for time in which nothing was sent', () => {
    const clock = { ms: 0 }
    const pace = new Pace(10, () => clock.ms)
    pace.sent(1)
    clock.ms = 60_000
    expect(pace.delayMs).toBe(0)
    pace.sent(1)
    expect(pace.delayMs).toBe(100)
  })

  it('sends one at a time when the rate is slow, and no more than a batch when it is not', () => {
    expect(new Pace(1).stepMax).toBe(1)
    expect(new Pace(100_000).stepMax).toBe(200)
  })
})
