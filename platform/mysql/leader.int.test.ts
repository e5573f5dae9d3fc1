import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLog } from '../log.ts'
import { freshDatabasePrefix, testMysqlUrl, waitFor } from '../testing/infra.ts'
import { Database } from './database.ts'
import { Leader } from './leader.ts'

const log = createLog('test', 'silent')
let db: Database

beforeAll(async () => {
  const database = `${freshDatabasePrefix()}_leader`
  db = new Database({ url: await testMysqlUrl(), database, poolSize: 2, log })
  await db.start()
})

afterAll(async () => {
  await db.execute(`DROP DATABASE ${db.database}`)
  await db.stop()
})

function candidate(role: string) {
  const words: string[] = []
  const leader = new Leader({
    db,
    role,
    log,
    onGained: () => words.push('gained'),
    onLost: () => words.push('lost'),
  })
  return { leader, words }
}

describe('Leader', () => {
  it('elects one, and another as soon as that one stops', async () => {
    const a = candidate('stop')
    const b = candidate('stop')
    await a.leader.start()
    await waitFor('a to lead', () => a.leader.isLeading)
    await b.leader.start()
    const connected = () =>
      db.query<{ n: number }>(
        "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info LIKE '%GET_LOCK%.stop%' AND info NOT LIKE '%processlist%'",
      )
    await waitFor('b to wait for the lock', async () => (await connected())[0]?.n === 1)
    expect(b.leader.isLeading).toBe(false)
    await a.leader.stop()
    expect(a.leader.isLeading).toBe(false)
    await waitFor('b to lead', () => b.leader.isLeading, { timeoutMs: 2_000 })
    await b.leader.stop()
    expect([a.words, b.words]).toEqual([
      ['gained', 'lost'],
      ['gained', 'lost'],
    ])
  })

  it('notices that its connection is gone, and stands again', async () => {
    const { leader, words } = candidate('kill')
    await leader.start()
    await waitFor('it to lead', () => leader.isLeading)
    const [holder] = await db.query<{ id: number }>('SELECT IS_USED_LOCK(?) AS id', [
      `${db.database}.kill`,
    ])
    await db.execute(`KILL ${holder?.id}`)
    await waitFor('the loss', () => words.includes('lost'))
    await waitFor('it to lead again', () => leader.isLeading)
    await leader.stop()
    expect(words).toEqual(['gained', 'lost', 'gained', 'lost'])
  })

  it('keeps roles and databases apart', async () => {
    const a = candidate('one')
    const b = candidate('two')
    await Promise.all([a.leader.start(), b.leader.start()])
    await waitFor('both to lead', () => a.leader.isLeading && b.leader.isLeading)
    await Promise.all([a.leader.stop(), b.leader.stop()])
  })
})
