/** What is promised while nothing breaks: one system for all of it, for a start takes seconds. */
import { afterAll, beforeAll, describe } from 'vitest'
import { contention } from './contention/contention.ts'
import { checkoutDeadline } from './races/checkoutDeadline.ts'
import { expiry } from './saga/expiry.ts'
import { journeys } from './saga/journeys.ts'
import { latency } from './saga/latency.ts'
import { type System, startSystem } from './support/system.ts'

describe('a system that nothing happens to', () => {
  let system: System

  beforeAll(async () => {
    system = await startSystem()
  })
  afterAll(() => system?.stop())

  latency(() => system)
  journeys(() => system)
  expiry(() => system)
  checkoutDeadline(() => system)
  contention(() => system)
})
