import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLog } from '../log.ts'
import { freshDatabasePrefix, testMysqlUrl } from '../testing/infra.ts'
import { Database } from './database.ts'
import { insertAll } from './insertAll.ts'
import { isDuplicateKey } from './sqlErrors.ts'

let db: Database

beforeAll(async () => {
  const database = `${freshDatabasePrefix()}_insert`
  const log = createLog('test', 'silent')
  db = new Database({ url: await testMysqlUrl(), database, poolSize: 2, log })
  await db.start()
  await db.execute(`CREATE TABLE things (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, word VARCHAR(64) NOT NULL UNIQUE,
    number BIGINT NULL, text MEDIUMTEXT CHARACTER SET utf8mb4 NULL)`)
})

afterAll(async () => {
  await db.execute(`DROP DATABASE ${db.database}`)
  await db.stop()
})

const INTO = 'things (word, number, text)'

describe('rows inserted at once', () => {
  it('arrive as they are, and each statement tells where its ids begin', async () => {
    const odd = [`'"\\%_?`, 'ㅎ한글 😀', '', '{"a":[1,null]}', '\n\t\0']
    const rows = Array.from({ length: 37 }, (_, at) => [
      `word ${at}`,
      [Number.MAX_SAFE_INTEGER, -1, 0, null, 1_795_266_099_920][at % 5] as number | null,
      odd[at % odd.length] as string,
    ])
    const parts = await db.transaction((tx) => insertAll(tx, { into: INTO, rows }))
    expect(parts.map(({ count }) => count)).toEqual([32, 5])
    const stored = await db.query<{ id: number; word: string; number: number; text: string }>(
      'SELECT * FROM things ORDER BY id',
    )
    expect(stored.map(({ word, number, text }) => [word, number, text])).toEqual(rows)
    for (const { from, count, firstId } of parts) {
      const ids = stored.slice(from, from + count).map(({ id }) => id)
      expect(ids).toEqual(Array.from({ length: count }, (_, at) => firstId + at))
    }
  })

  it('may change those that are there', async () => {
    const tail = 'ON DUPLICATE KEY UPDATE number = VALUES(number)'
    const put = (number: number) =>
      db.transaction((tx) => insertAll(tx, { into: INTO, rows: [['kept', number, 'x']], tail }))
    await put(1)
    await put(2)
    const found = await db.query("SELECT number FROM things WHERE word = 'kept'")
    expect(found).toEqual([{ number: 2 }])
  })

  it('are all refused when one is, by the rollback', async () => {
    const rows = ['a', 'b', 'c', 'a'].map((word) => [word, null, null])
    const inserting = db.transaction((tx) => insertAll(tx, { into: INTO, rows }))
    await expect(inserting).rejects.toSatisfy((error) => isDuplicateKey(error))
    expect(await db.query("SELECT word FROM things WHERE word IN ('a', 'b', 'c')")).toEqual([])
  })

  it('are dated by the clock of the server', async () => {
    const nowMs = await db.transaction((tx) => tx.nowMs())
    const [server] = await db.query<{ ms: number }>('SELECT UNIX_TIMESTAMP(NOW(3)) * 1000 AS ms')
    expect(Math.abs((server?.ms ?? 0) - nowMs)).toBeLessThan(1_000)
    const later = await db.transaction((tx) => tx.nowMs())
    expect(later).toBeGreaterThanOrEqual(nowMs - 50)
  })
})
