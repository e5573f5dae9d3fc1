import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reservationIdOf } from '../../contracts/ids.ts'
import type { ReservationEntry } from '../../lua/logEntry.ts'
import { createLog } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { Database } from '../../platform/mysql/database.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import { Outbox } from '../../platform/outbox/outbox.ts'
import { freshDatabasePrefix, testMysqlUrl } from '../../platform/testing/infra.ts'
import { type ProjectOptions, project } from '../log/project.ts'
import { ensurePositions, raiseFences, readPositions } from './positions.ts'
import { PAGE_ROWS, ProjectedReservations, RESTORED_FOR_MS } from './reservations.ts'

const log = createLog('test', 'silent')
const newId = (shard = 3) => reservationIdOf(shard, randomBytes(16))

const entry = (
  reservationId: string,
  id: string,
  changes: Partial<ReservationEntry> = {},
): ReservationEntry => ({
  ...{ id, type: 'paying', status: 'paying', showId: 'demo', prev: '1-0', reservationId },
  ...{ customerId: 'c_1', seats: [6, 7], moved: [], owns: true, createdMs: 1, deadlineMs: 2 },
  ...{ amount: { currency: 'KRW', value: 5 }, atMs: Date.now(), paymentToken: 'tok_ok' },
  ...changes,
})

describe('the projection', () => {
  let db: Database
  let reservations: ProjectedReservations

  const write = (entries: readonly ReservationEntry[]) =>
    db.transaction((tx) => reservations.write(tx, entries))
  let options: ProjectOptions

  beforeAll(async () => {
    const database = `${freshDatabasePrefix()}_reservation`
    db = new Database({ url: await testMysqlUrl(), database, poolSize: 4, log })
    await db.start()
    await migrate(db, [new URL('../migrations/', import.meta.url)])
    await ensurePositions(db, 16)
    reservations = new ProjectedReservations(db)
    const producer = { send: async () => {} }
    const outbox = new Outbox({ db, producer, source: '/reservation', log, metrics: new Metrics() })
    const layout = { seatIdAt: (index: number) => `A-1-${index + 1}` }
    const startsAt = '2027-01-15T10:30:00.000Z'
    const findShow = async () => ({ name: 'Winter Lights', startsAt, layout })
    options = { db, outbox, reservations, findShow }
  })
  afterAll(() => db.stop())

  const versionOf = async (id: string) => (await reservations.find(id))?.version

  it('never goes back to an older change, whatever order they are written in', async () => {
    const id = newId()
    for (const version of ['1000-5', '999-9', '1000-10', '1000-9', '1001-0', '1000-11']) {
      await write([entry(id, version, { customerId: `c${version}` })])
    }
    expect(await reservations.find(id)).toMatchObject({ version: '1001-0', customerId: 'c1001-0' })
  })

  it('keeps what a later change does not repeat', async () => {
    const id = newId()
    await write([entry(id, '1-1', { checkoutKey: 'k', requestHash: 'h' })])
    await write([entry(id, '1-2', { status: 'expired', owns: false })])
    expect(await reservations.find(id)).toMatchObject({
      ...{ status: 'expired', owns: false, checkoutKey: 'k', requestHash: 'h' },
    })
  })

  it('passes over what is projected already', async () => {
    const [a, b] = [newId(4), newId(4)]
    const entries = [entry(a, '5-1'), entry(b, '5-2')]
    const batch = { shard: 4, fence: 0, entries }
    expect(await project(options, [batch])).toEqual([{ type: 'committed', position: '5-2' }])
    expect(await project(options, [batch])).toEqual([{ type: 'committed', position: '5-2' }])
    const messages = await db.query('SELECT * FROM outbox WHERE event_key IN (?)', [[a, b]])
    expect(messages).toHaveLength(2)
  })

  it('refuses what was read under an older fence, and takes the other shards of the batch', async () => {
    const [fenced, free] = [newId(5), newId(6)]
    await db.transaction((tx) => raiseFences(tx, [5]))
    const outcomes = await project(options, [
      { shard: 5, fence: 0, entries: [entry(fenced, '7-1')] },
      { shard: 6, fence: 0, entries: [entry(free, '7-1')] },
    ])
    expect(outcomes).toEqual([{ type: 'fenced' }, { type: 'committed', position: '7-1' }])
    expect([await versionOf(fenced), await versionOf(free)]).toEqual([undefined, '7-1'])
    const positions = await readPositions(db, [5, 6])
    expect(positions).toEqual([
      { shard: 5, logId: '0-0', fence: 1 },
      { shard: 6, logId: '7-1', fence: 0 },
    ])
  })

  it('writes nothing of a batch that has an entry of an unknown show', async () => {
    const id = newId(7)
    const batch = { shard: 7, fence: 0, entries: [entry(id, '7-1')] }
    const nowhere = { ...options, findShow: async () => null }
    await expect(project(nowhere, [batch])).rejects.toThrow('unknown show')
    expect(await versionOf(id)).toBe(undefined)
    expect(await readPositions(db, [7])).toEqual([{ shard: 7, logId: '0-0', fence: 0 }])
  })

  it('gives a rebuild every owner of seats, and of the others those of the last day', async () => {
    const old = Date.now() - RESTORED_FOR_MS - 60_000
    const owners = Array.from({ length: PAGE_ROWS + 5 }, () => newId(8))
    const oldOwner = newId(8)
    const [recent, forgotten] = [newId(8), newId(8)]
    await write([
      ...owners.map((id, at) => entry(id, `9-${at}`)),
      entry(oldOwner, '9-0', { status: 'confirmed', atMs: old }),
      entry(recent, '9-0', { status: 'expired', owns: false }),
      entry(forgotten, '9-0', { status: 'expired', owns: false, atMs: old }),
      entry(newId(9), '9-0'),
    ])
    const found: string[] = []
    for await (const page of reservations.readForRebuild(8)) {
      found.push(...page.map(({ reservationId }) => reservationId))
    }
    expect(found.toSorted()).toEqual([...owners, oldOwner, recent].toSorted())
    expect(await reservations.hasAny(8)).toBe(true)
    expect(await reservations.hasAny(15)).toBe(false)
  })
})
