/** The one system of test/healthy.e2e.test.ts, for the suites that it imports. */
import { type System, startSystem } from './system.ts'

let running: System | undefined

export async function startHealthySystem(): Promise<void> {
  running = await startSystem()
}

export const stopHealthySystem = async (): Promise<void> => running?.stop()

export function healthySystem(): System {
  if (!running) throw new Error('this suite runs as part of test/healthy.e2e.test.ts')
  return running
}
