import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { countDown, ServerClock } from './clock.ts'

const START = Date.parse('2030-01-01T00:00:00.000Z')
const at = (ms: number) => new Date(START + ms).toISOString()

beforeEach(() => {
  vi.useFakeTimers({ now: START })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the server’s clock', () => {
  it('is this device’s until the server has said something', () => {
    expect(new ServerClock().nowMs()).toBe(START)
  })

  it('is known by the answer that was under way the shortest', () => {
    const clock = new ServerClock()
    // The server is a minute ahead; answers take 300, 20 and 5,000 ms.
    for (const delayMs of [300, 20, 5_000]) clock.observe(at(60_000 - delayMs))
    expect(clock.nowMs()).toBe(START + 59_980)
    vi.advanceTimersByTime(1_000)
    expect(clock.nowMs()).toBe(START + 60_980)
  })

  it('is learnt anew by a new connection, also backwards', () => {
    const clock = new ServerClock()
    clock.observe(at(60_000))
    clock.reset()
    clock.observe(at(-60_000))
    expect(clock.nowMs()).toBe(START - 60_000)
  })

  it('does not listen to what is no time', () => {
    const clock = new ServerClock()
    clock.observe('soon')
    expect(clock.nowMs()).toBe(START)
  })
})

describe('a countdown', () => {
  const run = (leftMs: number, offsetMs = 0) => {
    const clock = new ServerClock()
    clock.observe(at(offsetMs))
    const ticks: number[] = []
    const stop = countDown(clock, at(offsetMs + leftMs), (left) => ticks.push(left))
    return { clock, ticks, stop }
  }

  it('ticks at once, at every whole second, and with zero, by the server’s clock', () => {
    const { ticks } = run(3_250, 3_600_000)
    vi.advanceTimersByTime(10_000)
    expect(ticks).toEqual([3_250, 3_000, 2_000, 1_000, 0])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is zero at once when the time is over', () => {
    expect(run(-1).ticks).toEqual([0])
  })

  it('follows a clock that is set right meanwhile', () => {
    const { clock, ticks } = run(5_000)
    vi.advanceTimersByTime(1_500)
    clock.observe(at(1_500 + 2_000))
    vi.advanceTimersByTime(10_000)
    expect(ticks).toEqual([5_000, 4_000, 1_000, 0])
  })

  it('stops when it is told to', () => {
    const { ticks, stop } = run(5_000)
    stop()
    vi.advanceTimersByTime(10_000)
    expect(ticks).toEqual([5_000])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('can be stopped by whoever hears it', () => {
    const ticks: number[] = []
    let stop = () => {}
    stop = countDown(new ServerClock(), at(5_000), (left) => {
      ticks.push(left)
      if (left === 4_000) stop()
    })
    vi.advanceTimersByTime(10_000)
    expect(ticks).toEqual([5_000, 4_000])
  })
})
