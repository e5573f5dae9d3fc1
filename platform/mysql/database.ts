/**
 * The one way to SQL. Each connection runs READ COMMITTED, in UTC and in strict mode; statements
 * are expanded on the client, so arrays work: `VALUES ?` with [[..], [..]] and `IN (?)` with [..].
 */
import { setTimeout as pause } from 'node:timers/promises'
import mysql, {
  type Pool,
  type PoolConnection,
  type PoolOptions,
  type ResultSetHeader,
} from 'mysql2/promise'
import { OperationalError } from '../errors.ts'
import { failpoint } from '../failpoints.ts'
import type { Check } from '../health.ts'
import type { Component } from '../lifecycle.ts'
import type { Log } from '../log.ts'
import { asOperational, isConflict, isConnectionLoss } from './sqlErrors.ts'

/** Milliseconds since 1970 by the SQL server's clock, as an expression. */
export const SQL_NOW_MS = 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)'

/** How often a transaction is tried before its conflicts are given up on. */
export const CONFLICT_ATTEMPTS_MAX = 5
const CONFLICT_BACKOFF_MS = 10
/** A statement without an answer for this long counts as a lost connection. */
const STATEMENT_MS_MAX = 30_000
const CONNECT_MS_MAX = 5_000
const START_MS_MAX = 60_000
const WAITERS_MAX = 10_000
const CLOCK_KEPT_MS = 1_000
const DATABASE_NAME = /^[A-Za-z0-9_]{1,64}$/

/**
 * How long a transaction may be silent before the server ends it. A process that is frozen, or cut
 * off, in the middle of one would else keep its locks for as long as its connection lasts, which
 * is hours, and whoever took over its partitions or leases would wait on the rows all that time.
 */
const SILENCE_S_MAX = 5

/**
 * MariaDB limits silence inside transactions. MySQL cannot tell them apart, so there a connection
 * that idles in the pool is closed too, and a new one made. Each runs its own comment alone.
 */
const SESSION = `SET time_zone = '+00:00',
  sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
  innodb_lock_wait_timeout = 5
  /*M!100300 , idle_transaction_timeout = ${SILENCE_S_MAX} */
  /*!80000 , wait_timeout = ${SILENCE_S_MAX} */`

export interface Queryable {
  /** Rows of a SELECT. Times are integer milliseconds, BIGINT and DECIMAL come as numbers. */
  query<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]>
  /** INSERT, UPDATE, DELETE. `affectedRows` counts matched rows, also when nothing changed. */
  execute(
    sql: string,
    params?: readonly unknown[],
  ): Promise<{ affectedRows: number; insertId: number }>
  /**
   * Milliseconds since 1970 by the SQL server's clock, asked within the last second. As a value it
   * costs a statement less than SQL_NOW_MS, which the server computes anew for every row.
   */
  nowMs(): Promise<number>
}

/** What a statement that the server keeps may be given. */
export type SqlValue = string | number | null

/** What work inside Database.transaction is given; it is void once the work has ended. */
export interface Transaction extends Queryable {
  /**
   * As `execute`, by a statement that the server keeps: for few different texts that come often.
   * Every `?` stands for one value.
   */
  executePrepared(
    sql: string,
    params: readonly SqlValue[],
  ): Promise<{ affectedRows: number; insertId: number }>
}

export interface DatabaseOptions {
  /** mysql://user[:password]@host:port, without a path */
  url: string
  database: string
  /** Connections at most; further callers wait for one. */
  poolSize: number
  /** Somebody else makes the database: `start` throws where it is missing. */
  isOthers?: boolean
  log: Log
}

/** A pool of connections to one database, which `start` creates when it is missing. */
export class Database implements Queryable, Component {
  readonly name = 'sql'
  readonly database: string
  readonly #options: DatabaseOptions
  readonly #log: Log
  readonly #clock = new SqlClock()
  #pool: Pool | null = null

  constructor(options: DatabaseOptions) {
    if (!DATABASE_NAME.test(options.database)) {
      throw new OperationalError('CONFIG_INVALID', {
        retriable: false,
        detail: `"${options.database}" cannot name a database`,
      })
    }
    this.#options = options
    this.database = options.database
    this.#log = options.log
  }

  /**
   * Waits up to a minute for the server, creates the database unless others do, opens the pool.
   *
   * @throws OperationalError SQL_UNAVAILABLE when the server does not answer in time, and the
   *   server's own error when it refuses
   */
  async start(): Promise<void> {
    if (this.#pool) return
    await this.#untilThere()
    const pool = mysql.createPool({
      ...this.connectionOptions(),
      connectionLimit: this.#options.poolSize,
      maxIdle: this.#options.poolSize,
      queueLimit: WAITERS_MAX,
    })
    // The session is set up before the first statement, for a connection works in order.
    pool.pool.on('connection', (connection) => {
      const failed = (error: unknown) => {
        if (!error) return
        this.#log.warn({ err: error }, 'a SQL session could not be set up')
        connection.destroy()
      }
      connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED', failed)
      connection.query(SESSION, failed)
    })
    this.#pool = pool
  }

  async stop(): Promise<void> {
    const pool = this.#pool
    this.#pool = null
    await pool?.end()
  }

  /** Options of one connection to this database, for the few who need one of their own. */
  connectionOptions(): PoolOptions {
    return { ...this.#serverOptions(), database: this.#options.database }
  }

  query<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    return this.#alone((connection) => connection.query<Row>(sql, params))
  }

  execute(
    sql: string,
    params: readonly unknown[] = [],
  ): Promise<{ affectedRows: number; insertId: number }> {
    return this.#alone((connection) => connection.execute(sql, params))
  }

  nowMs(): Promise<number> {
    return this.#clock.nowMs(this)
  }

  /**
   * Runs `work` in a READ COMMITTED transaction and commits. On a deadlock or a lock wait that
   * took too long the whole work runs again, up to CONFLICT_ATTEMPTS_MAX times, so it must have
   * no effect outside the transaction.
   *
   * @throws OperationalError SQL_CONFLICT (retriable) when the conflicts did not end,
   *   SQL_UNAVAILABLE (retriable) when the server is away; if the connection was lost during
   *   COMMIT, whether it took effect is unknown: ask with the same ids. Errors of `work` are
   *   thrown as they are, after a rollback.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(work)
      } catch (error) {
        if (!isConflict(error)) throw asOperational(error)
        if (attempt >= CONFLICT_ATTEMPTS_MAX) {
          const detail = `${attempt} attempts met a conflict`
          throw new OperationalError('SQL_CONFLICT', { retriable: true, detail, cause: error })
        }
        this.#log.debug({ attempt, err: error }, 'a transaction is tried again')
        await pause(CONFLICT_BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + Math.random()))
      }
    }
  }

  /** Whether the server answers within a second; for readiness. */
  async check(): Promise<Check> {
    await this.query('SELECT 1')
    return { ok: true }
  }

  /** Runs one statement outside of any transaction. */
  async #alone<T>(statement: (connection: Queryable) => Promise<T>): Promise<T> {
    let connection: PoolConnection | null = null
    let isUsable = true
    try {
      connection = await this.#open().getConnection()
      return await statement(new ConnectionTransaction(connection, this.#clock))
    } catch (error) {
      // A statement that timed out still occupies its connection: nobody must be given it.
      isUsable = !isConnectionLoss(error)
      throw asOperational(error)
    } finally {
      if (isUsable) connection?.release()
      else connection?.destroy()
    }
  }

  async #attempt<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const connection = await this.#open().getConnection()
    let isUsable = true
    try {
      await connection.query(statement('START TRANSACTION'))
      const result = await work(new ConnectionTransaction(connection, this.#clock))
      failpoint('sql.before-commit')
      await connection.query(statement('COMMIT'))
      failpoint('sql.after-commit')
      return result
    } catch (error) {
      isUsable = await rolledBack(connection, error)
      throw error
    } finally {
      if (isUsable) connection.release()
      else connection.destroy()
    }
  }

  #open(): Pool {
    if (this.#pool) return this.#pool
    // Seen while a process stops; the caller's work is unfinished, not wrong.
    throw new OperationalError('SQL_UNAVAILABLE', { retriable: true, detail: 'the pool is closed' })
  }

  #serverOptions(): PoolOptions {
    const { hostname, port, username, password } = new URL(this.#options.url)
    return {
      host: hostname,
      port: port === '' ? 3306 : Number(port),
      user: decodeURIComponent(username) || 'root',
      password: decodeURIComponent(password),
      charset: 'utf8mb4',
      connectTimeout: CONNECT_MS_MAX,
      decimalNumbers: true,
      timezone: 'Z',
    }
  }

  async #makeOrFind(): Promise<void> {
    const { database, isOthers = false } = this.#options
    const options = isOthers ? this.connectionOptions() : this.#serverOptions()
    const connection = await mysql.createConnection(options)
    try {
      if (isOthers) return
      await connection.query(
        `CREATE DATABASE IF NOT EXISTS ${database}
           CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
      )
    } finally {
      connection.destroy()
    }
  }

  async #untilThere(): Promise<void> {
    const deadline = Date.now() + START_MS_MAX
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#makeOrFind()
        return
      } catch (error) {
        if (!isConnectionLoss(error) || Date.now() > deadline) throw asOperational(error)
        if (attempt === 1) this.#log.warn({ err: error }, 'waiting for the SQL server')
        await pause(Math.min(100 * attempt, 1_000))
      }
    }
  }
}

/** The SQL server's clock, asked once a second; in between our own tells what has passed since. */
class SqlClock {
  #aheadMs = 0
  #askedAtMs = -Infinity

  async nowMs(connection: Queryable): Promise<number> {
    const ownMs = performance.now()
    if (ownMs - this.#askedAtMs < CLOCK_KEPT_MS) return Math.floor(ownMs + this.#aheadMs)
    const [row] = await connection.query<{ nowMs: number }>(`SELECT ${SQL_NOW_MS} AS nowMs`)
    if (!row) throw new TypeError('the SQL server told no time')
    // The server looked at its clock after we asked, so ours must not be ahead of it.
    this.#aheadMs = row.nowMs - performance.now()
    this.#askedAtMs = ownMs
    return row.nowMs
  }
}

class ConnectionTransaction implements Transaction {
  readonly #connection: PoolConnection
  readonly #clock: SqlClock

  constructor(connection: PoolConnection, clock: SqlClock) {
    this.#connection = connection
    this.#clock = clock
  }

  nowMs(): Promise<number> {
    return this.#clock.nowMs(this)
  }

  async query<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    const [rows] = await this.#connection.query(statement(sql, params))
    return rows as Row[]
  }

  async execute(
    sql: string,
    params: readonly unknown[] = [],
  ): Promise<{ affectedRows: number; insertId: number }> {
    const [header] = await this.#connection.query<ResultSetHeader>(statement(sql, params))
    return { affectedRows: header.affectedRows, insertId: header.insertId }
  }

  async executePrepared(
    sql: string,
    params: readonly SqlValue[],
  ): Promise<{ affectedRows: number; insertId: number }> {
    const [header] = await this.#connection.execute<ResultSetHeader>(statement(sql, params))
    return { affectedRows: header.affectedRows, insertId: header.insertId }
  }
}

const statement = <Value>(sql: string, params: readonly Value[] = []) => ({
  sql,
  values: params as Value[],
  timeout: STATEMENT_MS_MAX,
})

/** Rolls back; false when the connection must not be used again. */
async function rolledBack(connection: PoolConnection, error: unknown): Promise<boolean> {
  if (isConnectionLoss(error)) return false
  try {
    await connection.query(statement('ROLLBACK'))
    return true
  } catch {
    // Closing the connection rolls back too, and the first error is the one to report.
    return false
  }
}
