import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../log.ts'
import { freshDatabasePrefix, testMysqlUrl } from '../testing/infra.ts'
import { Database } from './database.ts'
import { migrate, PLATFORM_MIGRATIONS } from './migrate.ts'

let db: Database
let root: string

beforeEach(async () => {
  const database = `${freshDatabasePrefix()}_migrate`
  const log = createLog('test', 'silent')
  db = new Database({ url: await testMysqlUrl(), database, poolSize: 2, log })
  await db.start()
  root = await mkdtemp(join(tmpdir(), 'holdfast-migrate-'))
})

afterEach(async () => {
  await db.execute(`DROP DATABASE ${db.database}`)
  await db.stop()
  await rm(root, { recursive: true })
})

/** A folder `<owner>/migrations` with the given files. */
async function folder(owner: string, files: Record<string, string>): Promise<URL> {
  const path = join(root, owner, 'migrations')
  await mkdir(path, { recursive: true })
  for (const [name, sql] of Object.entries(files)) await writeFile(join(path, name), sql)
  return pathToFileURL(`${path}/`)
}

const tables = async () =>
  (await db.query<Record<string, string>>('SHOW TABLES')).map((row) => Object.values(row)[0]).sort()

describe('migrate', () => {
  it('makes the tables of the platform, then those of the service, each file once', async () => {
    const files = {
      '002_b.sql': 'ALTER TABLE t ADD b INT;',
      '001_a.sql': 'CREATE TABLE t (a INT);',
    }
    const service = await folder('svc', files)
    await migrate(db, [service])
    await migrate(db, [service, PLATFORM_MIGRATIONS])
    expect(await tables()).toEqual(['inbox', 'outbox', 'schema_migrations', 't'])
    const applied = await db.query<{ name: string }>(
      'SELECT name FROM schema_migrations ORDER BY name',
    )
    expect(applied.map((row) => row.name)).toEqual([
      'platform/001_inbox_outbox.sql',
      'platform/002_outbox_marks.sql',
      'svc/001_a.sql',
      'svc/002_b.sql',
    ])
  })

  it('is safe to begin from several processes at once', async () => {
    // A second application would fail, or leave a second row.
    const sql = 'CREATE TABLE once (a INT); INSERT INTO once VALUES (1);'
    const service = await folder('svc', { '001_once.sql': sql })
    await Promise.all([1, 2, 3, 4].map(() => migrate(db, [service])))
    expect(await db.query('SELECT COUNT(*) AS n FROM once')).toEqual([{ n: 1 }])
  })

  it('names the file that fails, applies nothing after it, and goes on when it is mended', async () => {
    const files = { '001_a.sql': 'CREATE TABLE a (a INT);', '002_b.sql': 'CREATE TABEL b (b INT);' }
    const service = await folder('svc', { ...files, '003_c.sql': 'CREATE TABLE c (c INT);' })
    await expect(migrate(db, [service])).rejects.toThrow('migration svc/002_b.sql')
    expect(await tables()).not.toContain('c')
    await folder('svc', { '002_b.sql': 'CREATE TABLE b (b INT);' })
    await migrate(db, [service])
    expect(await tables()).toEqual(['a', 'b', 'c', 'inbox', 'outbox', 'schema_migrations'])
  })

  it('refuses a file whose name gives no order', async () => {
    const service = await folder('svc', { 'add_things.sql': 'SELECT 1;' })
    await expect(migrate(db, [service])).rejects.toThrow('svc/add_things.sql is not named like')
  })
})
