/**
 * Brings a database to the newest schema. Migrations are numbered .sql files, applied once each
 * and in order; a lock makes it safe for several processes to begin at once.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import mysql, { type Connection } from 'mysql2/promise'
import { OperationalError } from '../errors.ts'
import type { Database } from './database.ts'
import { asOperational } from './sqlErrors.ts'

/** The tables inbox and outbox, which every service has; migrate always begins with them. */
export const PLATFORM_MIGRATIONS = new URL('./migrations/', import.meta.url)

const FILE_NAME = /^[0-9]{3}_[a-z0-9_]+\.sql$/
const LOCK_WAIT_S = 60

interface Migration {
  /** `<owner>/<file>`, so that owners may count from 001 each. */
  name: string
  path: string
}

/**
 * Applies what is missing of the platform's migrations and then of `directories`
 * (`new URL('./migrations/', import.meta.url)`), whose files are named `001_what_it_does.sql`.
 * DDL commits by itself: keep one concern per file. An applied file must not be changed.
 *
 * @throws OperationalError STARTUP_FAILED naming the file that failed or is misnamed, and
 *   SQL_UNAVAILABLE
 */
export async function migrate(db: Database, directories: readonly URL[]): Promise<void> {
  const all = [PLATFORM_MIGRATIONS, ...directories.filter((one) => !isPlatform(one))]
  const migrations = (await Promise.all(all.map(migrationsIn))).flat()
  const connection = await connect(db)
  try {
    await lock(connection, `${db.database}.migrate`)
    const applied = await appliedNames(connection)
    for (const migration of migrations) {
      if (!applied.has(migration.name)) await apply(connection, migration)
    }
  } catch (error) {
    throw asOperational(error)
  } finally {
    // Ends the lock too.
    connection.destroy()
  }
}

const isPlatform = (directory: URL): boolean =>
  fileURLToPath(directory).replace(/\/$/, '') ===
  fileURLToPath(PLATFORM_MIGRATIONS).replace(/\/$/, '')

async function migrationsIn(directory: URL): Promise<Migration[]> {
  const path = fileURLToPath(directory).replace(/\/$/, '')
  const owner = isPlatform(directory) ? 'platform' : basename(dirname(path))
  const files = (await readdir(path)).filter((file) => file.endsWith('.sql')).sort()
  const misnamed = files.find((file) => !FILE_NAME.test(file))
  if (misnamed) throw failed(`${owner}/${misnamed} is not named like 001_what_it_does.sql`)
  return files.map((file) => ({ name: `${owner}/${file}`, path: `${path}/${file}` }))
}

async function connect(db: Database): Promise<Connection> {
  try {
    return await mysql.createConnection({ ...db.connectionOptions(), multipleStatements: true })
  } catch (error) {
    throw asOperational(error)
  }
}

async function lock(connection: Connection, name: string): Promise<void> {
  const [rows] = await connection.query('SELECT GET_LOCK(?, ?) AS got', [name, LOCK_WAIT_S])
  if ((rows as { got: number | null }[])[0]?.got !== 1) {
    throw failed(`another process held the lock ${name} for ${LOCK_WAIT_S} s`)
  }
}

async function appliedNames(connection: Connection): Promise<Set<string>> {
  await connection.query(`
    CREATE TABLE IF NOT EXISTS schema_migrations (
      name VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
      applied_at BIGINT NOT NULL
    ) ENGINE = InnoDB`)
  const [rows] = await connection.query('SELECT name FROM schema_migrations')
  return new Set((rows as { name: string }[]).map((row) => row.name))
}

async function apply(connection: Connection, { name, path }: Migration): Promise<void> {
  try {
    await connection.query(await readFile(path, 'utf8'))
    await connection.query('INSERT INTO schema_migrations (name, applied_at) VALUES (?, ?)', [
      name,
      Date.now(),
    ])
  } catch (cause) {
    const operational = asOperational(cause)
    if (operational instanceof OperationalError) throw operational
    throw failed(`migration ${name}: ${(cause as Error).message}`, cause)
  }
}

const failed = (detail: string, cause?: unknown) =>
  new OperationalError('STARTUP_FAILED', { retriable: false, detail, cause })
