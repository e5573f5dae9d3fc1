import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isFullRun } from '../../platform/testing/infra.ts'
import { type System, startSystem } from '../support/system.ts'
import { EMPTIED_REDIS, SERVER_KILLS, SERVICE_KILLS, STOPPED_REDIS } from './plan.ts'
import { siege } from './siege.ts'

const EACH = [...SERVICE_KILLS, ...SERVER_KILLS, STOPPED_REDIS]

describe('a sale while things are killed', () => {
  let system: System

  beforeAll(async () => {
    system = await startSystem()
  })
  afterAll(() => system?.stop())

  it.runIf(!isFullRun())('keeps every promise while everything is killed in turn', async () => {
    const purchases = await siege(system, [...SERVICE_KILLS, ...SERVER_KILLS])
    expect(purchases.some(({ statuses }) => statuses.includes('confirmed'))).toBe(true)
  })

  it.runIf(isFullRun()).each(EACH)('keeps every promise through $name', async (fault) => {
    const purchases = await siege(system, [fault])
    expect(purchases.some(({ statuses }) => statuses.includes('confirmed'))).toBe(true)
  })

  it('settles every checkout when Redis is emptied in the middle', async () => {
    await siege(system, [EMPTIED_REDIS], { isRedisLost: true })
  })
})
