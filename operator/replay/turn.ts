/**
 * One replay runs at a time, so that what another one sends shows before ours is judged, and so
 * that what is begun and not ended was left behind by one that was killed. SQL holds the lock, and
 * frees it when its owner dies.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Interrupt, Terminal } from '../cli/terminal.ts'
import type { Desk } from '../desk/desk.ts'

const LOOK_MS = 100
const SILENT_MS = 1_000

/** Whether the lock was lost meanwhile: then somebody else may be at work. */
export type IsLost = () => boolean

/** Waits until no replay is under way, and does the work before another one begins. */
export async function inTurn<T>(
  { desk, terminal, interrupt }: { desk: Desk; terminal: Terminal; interrupt: Interrupt },
  work: (isLost: IsLost) => Promise<T>,
): Promise<T> {
  let isLost = false
  const leader = desk.replayLeader(() => {
    isLost = true
  })
  await leader.start()
  try {
    const since = performance.now()
    let isTold = false
    while (!leader.isLeading && !interrupt.isAsked) {
      if (!isTold && performance.now() - since > SILENT_MS) {
        terminal.note('another replay is under way: waiting until it has ended')
        isTold = true
      }
      await pause(LOOK_MS)
    }
    return await work(() => isLost)
  } finally {
    await leader.stop()
  }
}
