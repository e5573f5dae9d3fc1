import { describe, expect, it } from 'vitest'
import { Progress } from './progress.ts'

/** A sink that remembers, and a clock that is turned by hand. */
function watched(isTTY: boolean) {
  const written: string[] = []
  const clock = { ms: 0 }
  const sink = { isTTY, write: (text: string) => written.push(text) }
  const progress = new Progress({ what: 'replaying', total: 200, sink, now: () => clock.ms })
  return { written, clock, progress }
}

describe('Progress', () => {
  it('draws a bar with count, rate and the time that is left, on a terminal', () => {
    const { written, clock, progress } = watched(true)
    clock.ms = 1_000
    progress.advance(50)
    expect(written.join('')).toBe(
      '\r\x1b[2Kreplaying [######------------------] 50/200 50/s, ETA 3s',
    )
  })

  it('redraws ten times a second at most, and ends with a line of its own', () => {
    const { written, clock, progress } = watched(true)
    for (let step = 0; step < 200; step += 1) {
      clock.ms += 10
      progress.advance(1)
    }
    progress.end()
    expect(written.length).toBeLessThanOrEqual(22)
    expect(written.at(-2)).toContain('200/200 100/s')
    expect(written.at(-1)).toBe('\n')
  })

  it('writes a line now and then elsewhere, and none for short work', () => {
    const { written, clock, progress } = watched(false)
    clock.ms = 4_000
    progress.advance(40)
    expect(written).toEqual([])
    clock.ms = 6_000
    progress.advance(20)
    expect(written).toEqual(['replaying [#######-----------------] 60/200 10/s, ETA 14s\n'])
    progress.end()
    expect(written).toHaveLength(1)
  })
})
