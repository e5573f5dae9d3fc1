/** The one system and the one browser of test/browser/browser.e2e.test.ts, for its suites. */
import type { BrowserContextOptions } from 'playwright-core'
import { uniqueName } from '../../../platform/testing/infra.ts'
import { type System, startSystem } from '../../support/system.ts'
import { Chromium } from './chromium.ts'
import { hall, makeShow } from './halls.ts'
import { Picker } from './picker.ts'

interface Stage {
  system: System
  chromium: Chromium
}

let running: Stage | undefined

export async function openStage(): Promise<void> {
  const system = await startSystem()
  running = { system, chromium: await Chromium.launch(system.http) }
}

export async function closeStage(): Promise<void> {
  await running?.chromium.close()
  await running?.system.stop()
}

export function stage(): Stage {
  if (!running) throw new Error('this suite runs as part of test/browser/browser.e2e.test.ts')
  return running
}

/** A new hall of the test's own. */
export async function newHall(policy?: Record<string, number>): Promise<string> {
  const showId = uniqueName('hall')
  await makeShow(stage().system, hall(showId, policy))
  return showId
}

/** A new buyer in a browser of their own, not looking at anything yet. */
export async function newBuyer(options: BrowserContextOptions = {}): Promise<Picker> {
  const { chromium, system } = stage()
  return new Picker(await chromium.newPage(options), system.http)
}

/** Several buyers who look at the same show. */
export async function buyersAt(showId: string, count: number): Promise<Picker[]> {
  const buyers = await Promise.all(Array.from({ length: count }, () => newBuyer()))
  await Promise.all(buyers.map((buyer) => buyer.open(showId)))
  return buyers
}
