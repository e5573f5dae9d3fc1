/**
 * One leader among the processes that share a database, by GET_LOCK on a connection of its own.
 * The server frees the lock when that connection ends, so a killed process is replaced at once
 * and a frozen one after SILENCE_S_MAX. A leader that was frozen learns of its loss at its next
 * ping; until then there may be two, so leaders do only what may be done twice.
 */
import mysql, { type Connection } from 'mysql2/promise'
import type { Component } from '../lifecycle.ts'
import type { Log } from '../log.ts'
import type { Database } from './database.ts'

/** The server drops a leader that is silent for this long. */
const SILENCE_S_MAX = 12
const PING_MS = 4_000
/** How long one attempt waits for the lock inside the server. */
const WAIT_S = 5
const RETRY_MS = 1_000
/** Longest lock name of MySQL. */
const LOCK_NAME_MAX = 64

export interface LeaderOptions {
  db: Database
  /** What is led, unique within the database: `outbox`. */
  role: string
  log: Log
  onGained?: () => void
  onLost?: () => void
}

/** Stands for election from `start` to `stop`. */
export class Leader implements Component {
  readonly name: string
  readonly #options: LeaderOptions
  readonly #lockName: string
  #connection: Connection | null = null
  #isLeading = false
  #isStopping = false
  #timer: NodeJS.Timeout | null = null

  constructor(options: LeaderOptions) {
    this.#options = options
    this.name = `leader of ${options.role}`
    this.#lockName = `${options.db.database}.${options.role}`
    if (this.#lockName.length > LOCK_NAME_MAX) {
      throw new RangeError(`lock name ${this.#lockName} is longer than ${LOCK_NAME_MAX}`)
    }
  }

  /** Whether this process leads, as far as it knows. */
  get isLeading(): boolean {
    return this.#isLeading
  }

  /** Begins to stand; resolves at once, for another process may lead for days. */
  async start(): Promise<void> {
    this.#isStopping = false
    void this.#stand()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#release()
  }

  /** Waits for the lock, once; every outcome schedules what comes next. */
  async #stand(): Promise<void> {
    try {
      const connection = await this.#connect()
      const [rows] = await connection.query('SELECT GET_LOCK(?, ?) AS got', [
        this.#lockName,
        WAIT_S,
      ])
      if (this.#isStopping) return
      const got = (rows as { got: number | null }[])[0]?.got === 1
      if (got) this.#gained()
      this.#schedule(got ? PING_MS : 0, () => (got ? this.#ping() : this.#stand()))
    } catch (error) {
      this.#lost(error)
    }
  }

  async #connect(): Promise<Connection> {
    if (this.#connection) return this.#connection
    const connection = await mysql.createConnection(this.#options.db.connectionOptions())
    if (this.#isStopping) {
      connection.destroy()
      throw new Error('stopping')
    }
    this.#connection = connection
    connection.on('error', (error) => {
      if (this.#connection === connection) this.#lost(error)
    })
    await connection.query('SET SESSION wait_timeout = ?', [SILENCE_S_MAX])
    return connection
  }

  async #ping(): Promise<void> {
    try {
      const [rows] = await (this.#connection as Connection).query(
        'SELECT IS_USED_LOCK(?) = CONNECTION_ID() AS mine',
        [this.#lockName],
      )
      if ((rows as { mine: number | null }[])[0]?.mine !== 1) throw new Error('the lock is gone')
      this.#schedule(PING_MS, () => this.#ping())
    } catch (error) {
      this.#lost(error)
    }
  }

  #gained(): void {
    this.#isLeading = true
    this.#options.log.info({ role: this.#options.role }, 'leads')
    this.#options.onGained?.()
  }

  #lost(error: unknown): void {
    if (this.#isStopping) return
    const { log, role } = this.#options
    log.debug({ err: error, role }, 'the leader connection ended')
    this.#release()
    this.#schedule(RETRY_MS, () => this.#stand())
  }

  #release(): void {
    const connection = this.#connection
    this.#connection = null
    connection?.destroy()
    if (!this.#isLeading) return
    this.#isLeading = false
    this.#options.log.info({ role: this.#options.role }, 'leads no more')
    this.#options.onLost?.()
  }

  #schedule(delayMs: number, action: () => Promise<void>): void {
    if (this.#isStopping) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void action(), delayMs)
  }
}
