import { describe, expect, it } from 'vitest'
import { newEventId } from './eventId.ts'

describe('newEventId', () => {
  it('never repeats itself and sorts by time', async () => {
    const first = newEventId()
    const ids = Array.from({ length: 10_000 }, newEventId)
    expect(new Set([first, ...ids]).size).toBe(10_001)
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/.test(id))).toBe(true)
    const timeOf = (id: string) => Number.parseInt(id.replace('-', '').slice(0, 12), 16)
    const times = ids.map(timeOf)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(Math.abs(Date.now() - (times.at(-1) ?? 0))).toBeLessThan(5_000)
  })
})
