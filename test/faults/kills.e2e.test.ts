import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isFullRun } from '../../platform/testing/infra.ts'
import { type System, startSystem } from '../support/system.ts'
import {
  EMPTIED_REDIS,
  type Fault,
  KILLED_TWINS,
  KILLS,
  SERVER_KILLS,
  STOPPED_REDIS,
  together,
} from './plan.ts'
import { siege } from './siege.ts'

const EACH = [...Object.values(KILLS), ...SERVER_KILLS, STOPPED_REDIS, KILLED_TWINS]
/** Everything in as few blows as leave somebody to buy from. */
const IN_TURN = [
  together(KILLS.reservation, KILLS.notification),
  together(KILLS.payment, KILLS.ticket, KILLS.sandbox),
  ...SERVER_KILLS,
  KILLED_TWINS,
]

describe('a sale while things are killed', () => {
  let system: System

  beforeAll(async () => {
    system = await startSystem()
  })
  afterAll(() => system?.stop())

  const survive = async (faults: readonly Fault[]): Promise<void> => {
    const purchases = await siege(system, faults)
    expect(purchases.some(({ statuses }) => statuses.includes('confirmed'))).toBe(true)
  }

  // The short run kills everything in one sale, the long run each thing in a sale of its own.
  if (isFullRun()) {
    it.each(EACH)('keeps every promise through $name', (fault) => survive([fault]))
  } else {
    it('keeps every promise while everything is killed in turn', () => survive(IN_TURN))
  }

  it('settles every checkout when Redis is emptied in the middle', async () => {
    await siege(system, [EMPTIED_REDIS], { isRedisLost: true })
  })
})
