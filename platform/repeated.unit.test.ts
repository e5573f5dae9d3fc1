import { describe, expect, it } from 'vitest'
import { Repeated } from './repeated.ts'

/** A component whose turns are counted, and the number of turns to wait for. */
function counted(turn: (n: number) => Promise<void>) {
  const faults: unknown[] = []
  let turns = 0
  let reached: () => void = () => undefined
  const third = new Promise<void>((resolve) => {
    reached = resolve
  })
  const repeated = new Repeated({
    name: 'counted',
    intervalMs: 1,
    onFault: (error) => faults.push(error),
    work: async () => {
      turns += 1
      if (turns === 3) reached()
      await turn(turns)
    },
  })
  return { repeated, faults, third, turns: () => turns }
}

describe('repeated work', () => {
  it('comes again after a turn that failed', async () => {
    const { repeated, faults, third } = counted(async (n) => {
      if (n === 1) throw new Error('once')
    })
    await repeated.start()
    await third
    await repeated.stop()
    expect(faults).toEqual([new Error('once')])
  })

  it('waits for the turn that is under way when it is stopped, and begins no other', async () => {
    let finish: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      finish = resolve
    })
    const { repeated, third, turns } = counted((n) => (n === 3 ? gate : Promise.resolve()))
    await repeated.start()
    await third
    let isStopped = false
    const stopped = repeated.stop().then(() => {
      isStopped = true
    })
    await Promise.resolve()
    expect(isStopped).toBe(false)
    finish()
    await stopped
    expect(turns()).toBe(3)
  })
})
