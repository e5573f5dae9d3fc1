import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  evidenceDir,
  freshDatabasePrefix,
  freshRedisUrl,
  testMysqlUrl,
  uniqueName,
} from '../../platform/testing/infra.ts'
import { Buyer, createShow } from '../../test/support/client.ts'
import { VARIANTS } from './api.ts'
import { type Baseline, startBaseline } from './launch.ts'

describe.each(VARIANTS)('the %s baseline', (variant) => {
  let baseline: Baseline
  let showId: string

  beforeAll(async () => {
    const dir = join(evidenceDir(), uniqueName(`baseline-${variant}`))
    mkdirSync(dir, { recursive: true })
    const stack = { redis: { url: await freshRedisUrl() }, mariadb: { url: await testMysqlUrl() } }
    baseline = await startBaseline({ variant, stack, dir, databasePrefix: freshDatabasePrefix() })
    showId = uniqueName('show')
    await createShow(baseline, { showId, rows: 2, seatsPerRow: 20 })
  })

  afterAll(async () => {
    await baseline?.stop()
  })

  it('answers a paid checkout with its tickets', async () => {
    const buyer = await Buyer.open(baseline.http)
    const hold = await buyer.hold(showId, ['A-1-1', 'A-1-2'])
    expect(hold.status).toBe(201)
    const paid = await buyer.checkout(hold.body.reservationId, 'tok_ok', 'k1')
    expect(paid).toMatchObject({ status: 200, body: { status: 'confirmed' } })
    expect(paid.body.tickets?.map(({ seatId }) => seatId)).toEqual(['A-1-1', 'A-1-2'])
  })
})
