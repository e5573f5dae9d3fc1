import { afterEach, describe, expect, it, vi } from 'vitest'
import { claimPort, freePort } from './ports.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a free port', () => {
  it('is given to one asker only, and never when somebody has claimed it', async () => {
    const first = await freePort()
    // The dice fall as they did for the first, then once more, and then elsewhere.
    const dice = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const middle = await freePort()
    dice.mockReturnValueOnce(0.5).mockReturnValueOnce(0.75)
    const other = await freePort()
    expect(new Set([first, middle, other]).size).toBe(3)

    dice.mockReturnValueOnce(0.25)
    const claimed = await freePort()
    claimPort(claimed + 1)
    dice
      .mockReturnValueOnce(0.25)
      .mockReturnValueOnce(0.25 + 1.5 / 17_000)
      .mockReturnValue(0.9)
    expect(await freePort()).toBeGreaterThan(claimed + 1)
  })
})
