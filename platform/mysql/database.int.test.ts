import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OperationalError } from '../errors.ts'
import { createLog } from '../log.ts'
import { freshDatabasePrefix, testMysqlUrl, waitFor } from '../testing/infra.ts'
import { CONFLICT_ATTEMPTS_MAX, Database, type Queryable, type Transaction } from './database.ts'
import { isDuplicateKey } from './sqlErrors.ts'

const log = createLog('test', 'silent')
let db: Database

beforeAll(async () => {
  const database = `${freshDatabasePrefix()}_database`
  db = new Database({ url: await testMysqlUrl(), database, poolSize: 6, log })
  await db.start()
  await db.execute(`CREATE TABLE pairs (
    id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
    word VARCHAR(64) NOT NULL, number BIGINT NOT NULL)`)
})

afterAll(async () => {
  await db.execute(`DROP DATABASE ${db.database}`)
  await db.stop()
})

const put = (tx: Queryable, id: string, number = 0) =>
  tx.execute('INSERT INTO pairs (id, word, number) VALUES (?, ?, ?)', [id, 'w', number])
const numberOf = async (id: string) =>
  (await db.query<{ number: number }>('SELECT number FROM pairs WHERE id = ?', [id]))[0]?.number

/** Resolves when `parties` callers have arrived. */
function barrier(parties: number): () => Promise<void> {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let arrived = 0
  return () => {
    arrived += 1
    if (arrived === parties) open()
    return opened
  }
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  )
  return error instanceof OperationalError ? `${error.code} ${error.retriable}` : String(error)
}

describe('a session', () => {
  it('is READ COMMITTED, in UTC, strict and utf8mb4, in every connection of the pool', async () => {
    const meet = barrier(3)
    const look = () =>
      db.transaction(async (tx) => {
        await meet()
        // MariaDB 10.11 has tx_isolation, MySQL 8 transaction_isolation.
        const levels = await tx.query<{ Value: string }>(
          "SHOW VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')",
        )
        const [rest] = await tx.query<{ zone: string; mode: string; charset: string }>(
          'SELECT @@time_zone AS zone, @@sql_mode AS mode, @@character_set_connection AS charset',
        )
        return { level: levels[0]?.Value, ...rest }
      })
    for (const found of await Promise.all([look(), look(), look()])) {
      expect(found).toMatchObject({ level: 'READ-COMMITTED', zone: '+00:00', charset: 'utf8mb4' })
      expect(found.mode).toContain('STRICT_ALL_TABLES')
    }
  })

  it('keeps emoji in text, tells ids apart by case, and refuses what does not fit', async () => {
    await db.execute('INSERT INTO pairs (id, word, number) VALUES ?', [
      [
        ['case-a', '🎟️ 좌석', 1],
        ['case-A', 'other', Number.MAX_SAFE_INTEGER],
      ],
    ])
    const rows = await db.query('SELECT id, word, number FROM pairs WHERE id IN (?) ORDER BY id', [
      ['case-a', 'case-A'],
    ])
    expect(rows).toEqual([
      { id: 'case-A', word: 'other', number: Number.MAX_SAFE_INTEGER },
      { id: 'case-a', word: '🎟️ 좌석', number: 1 },
    ])
    await expect(db.execute("INSERT INTO pairs VALUES (REPEAT('x', 33), '', 0)")).rejects.toThrow()
    await expect(db.execute("INSERT INTO pairs VALUES ('é', '', 0)")).rejects.toThrow()
  })

  it('answers sums as numbers and counts matched rows', async () => {
    await put(db, 'sum')
    const [row] = await db.query<{ total: number }>(
      "SELECT SUM(3) AS total FROM pairs WHERE id = 'sum'",
    )
    expect(row?.total).toBe(3)
    const same = await db.execute("UPDATE pairs SET number = 0 WHERE id = 'sum'")
    expect(same.affectedRows).toBe(1)
  })
})

describe('a transaction', () => {
  it('commits what the work did and answers its result', async () => {
    expect(await db.transaction(async (tx) => (await put(tx, 'commit', 5)).affectedRows)).toBe(1)
    expect(await numberOf('commit')).toBe(5)
  })

  it('leaves nothing when the work throws, and throws the same error', async () => {
    const bug = new TypeError('bug')
    const work = async (tx: Transaction) => {
      await put(tx, 'rollback')
      throw bug
    }
    await expect(db.transaction(work)).rejects.toBe(bug)
    expect(await numberOf('rollback')).toBeUndefined()
  })

  it('runs the whole work again after a deadlock, so that both succeed', async () => {
    await put(db, 'dead-a')
    await put(db, 'dead-b')
    const meet = barrier(2)
    let runs = 0
    const bump = (first: string, second: string) =>
      db.transaction(async (tx) => {
        runs += 1
        const isFirstRun = runs <= 2
        await tx.execute('UPDATE pairs SET number = number + 1 WHERE id = ?', [first])
        if (isFirstRun) await meet()
        await tx.execute('UPDATE pairs SET number = number + 1 WHERE id = ?', [second])
      })
    await Promise.all([bump('dead-a', 'dead-b'), bump('dead-b', 'dead-a')])
    expect(runs).toBe(3)
    expect([await numberOf('dead-a'), await numberOf('dead-b')]).toEqual([2, 2])
  })

  it('calls conflicts without end a conflict that a later retry may solve', async () => {
    let runs = 0
    const work = async () => {
      runs += 1
      throw Object.assign(new Error('Deadlock found'), { code: 'ER_LOCK_DEADLOCK' })
    }
    expect(await codeOf(db.transaction(work))).toBe('SQL_CONFLICT true')
    expect(runs).toBe(CONFLICT_ATTEMPTS_MAX)
  })

  it('says that the server is away when its connection is killed, and goes on with another', async () => {
    const work = async (tx: Transaction) => {
      await put(tx, 'killed')
      const [own] = await tx.query<{ id: number }>('SELECT CONNECTION_ID() AS id')
      await db.execute(`KILL ${own?.id}`)
      await tx.query('SELECT 1')
    }
    expect(await codeOf(db.transaction(work))).toBe('SQL_UNAVAILABLE true')
    await waitFor('the rollback', async () => (await numberOf('killed')) === undefined)
    await db.transaction((tx) => put(tx, 'after-kill'))
    expect(await numberOf('after-kill')).toBe(0)
  })

  it('that falls silent is ended by the server, so that others may have its rows', async () => {
    await put(db, 'silent')
    const set = (tx: Transaction, number: number) =>
      tx.execute('UPDATE pairs SET number = ? WHERE id = ?', [number, 'silent'])
    const [hasLocked, mayGoOn] = [barrier(2), barrier(2)]
    const silent = codeOf(
      db.transaction(async (tx) => {
        await set(tx, 1)
        await Promise.all([hasLocked(), mayGoOn()])
        await tx.query('SELECT 1')
      }),
    )
    await hasLocked()
    await db.transaction((tx) => set(tx, 2))
    await mayGoOn()
    expect(await silent).toBe('SQL_UNAVAILABLE true')
    expect(await numberOf('silent')).toBe(2)
  })

  it('names the duplicate key', async () => {
    await put(db, 'twice')
    const error = await put(db, 'twice').catch((thrown: unknown) => thrown)
    expect(isDuplicateKey(error)).toBe(true)
    expect(isDuplicateKey(error, 'PRIMARY')).toBe(true)
    expect(isDuplicateKey(error, 'other')).toBe(false)
  })
})

describe('start', () => {
  it('refuses names that are no names of databases', () => {
    const options = { url: 'mysql://root@127.0.0.1:1', poolSize: 1, log }
    expect(() => new Database({ ...options, database: 'a`; DROP' })).toThrow('CONFIG_INVALID')
  })

  it('says that the server is away after stop', async () => {
    const url = await testMysqlUrl()
    const other = new Database({ url, database: db.database, poolSize: 1, log })
    await other.start()
    await other.stop()
    expect(await codeOf(other.query('SELECT 1'))).toBe('SQL_UNAVAILABLE true')
  })
})
