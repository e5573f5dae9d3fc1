import { describe, expect, it } from 'vitest'
import { askAgainDelayMs, HANDOVER_MS, leaseMsOf, refusalDelayMs } from './timing.ts'

/** The contract: an unknown outcome is asked again within this time. */
const ASK_AGAIN_MS_MAX = 10_000
/** The sweep looks this often, with room to spare. */
const SWEEP_MS = 1_000
const CALL_MS_MAX = 3_000

describe('waiting times', () => {
  it('grow with every refusal, up to a limit', () => {
    const steps = [1, 2, 3, 4, 5, 6, 1_000].map((attempts) => refusalDelayMs(attempts, 1))
    expect(steps).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000, 2_000])
    expect(refusalDelayMs(1, 0)).toBe(125)
  })

  it('let an unknown outcome be asked again within ten seconds of the call', () => {
    const afterTimeout = CALL_MS_MAX + askAgainDelayMs(1) + SWEEP_MS
    const afterCrash = Math.max(leaseMsOf(CALL_MS_MAX), HANDOVER_MS) + SWEEP_MS
    expect(Math.max(afterTimeout, afterCrash)).toBeLessThan(ASK_AGAIN_MS_MAX)
  })

  it('leave a call its whole time before it is made again by somebody else', () => {
    expect(leaseMsOf(CALL_MS_MAX)).toBeGreaterThan(CALL_MS_MAX)
    expect(HANDOVER_MS).toBeGreaterThan(leaseMsOf(CALL_MS_MAX))
  })
})
