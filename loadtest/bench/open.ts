import { findK6 } from '../k6/tool.ts'
import { readSettings } from '../systems/settings.ts'
import { clearLeftStages } from '../systems/stage.ts'
import { startSystem } from '../systems/start.ts'
import type { SystemUnderTest } from '../systems/system.ts'
import type { BenchContext } from './context.ts'

export interface Bench {
  context: BenchContext
  /** Stops whatever still runs. */
  close(): Promise<void>
}

/** What scenarios work with; remembers what they start, and removes what a killed bench left. */
export async function openBench(
  options: Omit<BenchContext, 'start' | 'k6' | 'settings'>,
): Promise<Bench> {
  await clearLeftStages()
  const running = new Set<SystemUnderTest>()
  const settings: BenchContext['settings'] = new Map()
  let k6: Promise<string> | null = null
  const { environment, signal, progress } = options
  return {
    context: {
      ...options,
      settings,
      async start(name, more = {}) {
        const system = await startSystem(name, { environment: { ...environment, ...more }, signal })
        const tracked: SystemUnderTest = {
          ...system,
          async stop() {
            running.delete(tracked)
            await system.stop()
          },
        }
        running.add(tracked)
        if (!settings.has(name)) settings.set(name, await readSettings(system))
        return tracked
      },
      k6() {
        k6 ??= findK6({ environment, signal, say: (line) => progress.say(line) })
        return k6
      },
    },
    async close() {
      await Promise.all([...running].map((system) => system.stop()))
    },
  }
}
