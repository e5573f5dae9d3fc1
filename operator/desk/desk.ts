/**
 * What the operators have done, in a database of their own: plans, dispositions (what was done
 * about each dead letter) and the audit. One statement per method.
 */
import type { Log } from '../../platform/log.ts'
import { type Database, SQL_NOW_MS } from '../../platform/mysql/database.ts'
import { Leader } from '../../platform/mysql/leader.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import { isDuplicateKey } from '../../platform/mysql/sqlErrors.ts'

export type Action = 'replay' | 'park' | 'edit' | 'discard'

/** What identifies a dead letter beyond doubt. */
export interface LetterKey {
  id: string
  fingerprint: string
}

export interface Disposition extends LetterKey {
  action: Action
  planDigest: string | null
  operator: string
  begunAtMs: number
  /** Null while, or when nobody knows whether, the record was sent. */
  endedAtMs: number | null
}

export interface PlanEntry {
  digest: string
  filters: string
  counts: string
  createdAtMs: number
  expiresAtMs: number
}

export interface AuditEntry {
  auditId: number
  operator: string
  command: string
  filters: unknown
  digest: string | null
  counts: unknown
  outcome: 'running' | 'done' | 'stopped' | 'failed'
  begunAtMs: number
  endedAtMs: number | null
}

interface DispositionRow {
  record_id: string
  fingerprint: string
  action: Action
  plan_digest: string | null
  operator: string
  begun_at: number
  ended_at: number | null
}

/** A replay that hurries sends some hundred records a second. */
const SENT_MAX = 10_000

const MIGRATIONS = new URL('./migrations/', import.meta.url)
const keyOf = ({ id, fingerprint }: LetterKey): string => `${id} ${fingerprint}`

export class Desk {
  readonly #db: Database
  readonly #operator: string
  readonly #log: Log

  private constructor(db: Database, operator: string, log: Log) {
    this.#db = db
    this.#operator = operator
    this.#log = log
  }

  /** `db` has been started. @throws OperationalError SQL_UNAVAILABLE, STARTUP_FAILED */
  static async open(db: Database, operator: string, log: Log): Promise<Desk> {
    await migrate(db, [MIGRATIONS])
    return new Desk(db, operator, log)
  }

  /** A candidate for the one replay that may run at a time; start it, and stop it at the end. */
  replayLeader(onLost: () => void): Leader {
    return new Leader({ db: this.#db, role: 'replay', log: this.#log, onLost })
  }

  /** Puts a plan on record; the same plan twice is one plan. */
  async addPlan(plan: PlanEntry): Promise<void> {
    if (await this.hasPlan(plan.digest)) return
    await this.#db.execute(
      `INSERT INTO plans (digest, operator, filters, counts, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
      [plan.digest, this.#operator, plan.filters, plan.counts, plan.createdAtMs, plan.expiresAtMs],
    )
  }

  async hasPlan(digest: string): Promise<boolean> {
    const rows = await this.#db.query('SELECT 1 FROM plans WHERE digest = ?', [digest])
    return rows.length > 0
  }

  /** What was done about these dead letters, by id. */
  async dispositionsOf(letters: readonly LetterKey[]): Promise<Map<string, Disposition>> {
    if (letters.length === 0) return new Map()
    const rows = await this.#db.query<DispositionRow>(
      `SELECT record_id, fingerprint, action, plan_digest, operator, begun_at, ended_at
       FROM dispositions WHERE record_id IN (?)`,
      [letters.map(({ id }) => id)],
    )
    const wanted = new Set(letters.map(keyOf))
    const found = rows.map(dispositionOf).filter((one) => wanted.has(keyOf(one)))
    return new Map(found.map((one) => [one.id, one]))
  }

  /** What was sent by anybody within the last so many milliseconds, the newest first. */
  async sentWithin(ageMs: number): Promise<LetterKey[]> {
    const rows = await this.#db.query<{ record_id: string; fingerprint: string }>(
      `SELECT record_id, fingerprint FROM dispositions
       WHERE action IN ('replay', 'edit') AND ended_at >= ${SQL_NOW_MS} - ?
       ORDER BY ended_at DESC LIMIT ?`,
      [ageMs, SENT_MAX],
    )
    return rows.map(({ record_id: id, fingerprint }) => ({ id, fingerprint }))
  }

  /**
   * Writes down that something is about to be done about each letter, or with `isDone` that it is
   * done with that. False when somebody has done something about one of them meanwhile: nothing
   * was written then.
   */
  async begin(
    letters: readonly LetterKey[],
    what: { action: Action; planDigest?: string; body?: string; isDone?: boolean },
  ): Promise<boolean> {
    if (letters.length === 0) return true
    const { action, planDigest = null, body = null, isDone = false } = what
    const endedAt = isDone ? SQL_NOW_MS : 'NULL'
    const values = letters.map(() => `(?, ?, ?, ?, ?, ?, ${SQL_NOW_MS}, ${endedAt})`).join(', ')
    try {
      await this.#db.execute(
        `INSERT INTO dispositions
           (record_id, fingerprint, action, plan_digest, operator, body, begun_at, ended_at)
         VALUES ${values}`,
        letters.flatMap(({ id, fingerprint }) => [
          id,
          fingerprint,
          action,
          planDigest,
          this.#operator,
          body,
        ]),
      )
      return true
    } catch (error) {
      if (isDuplicateKey(error)) return false
      throw error
    }
  }

  /**
   * Says of what a killed command has begun that something else is done about it. Only for whoever
   * has made sure that the command is not just at work. False when it was ended meanwhile.
   */
  async takeOver(
    { id, fingerprint }: LetterKey,
    what: { action: Action; planDigest?: string; body?: string; isDone?: boolean },
  ): Promise<boolean> {
    const { action, planDigest = null, body = null, isDone = false } = what
    const { affectedRows } = await this.#db.execute(
      `UPDATE dispositions SET action = ?, plan_digest = ?, operator = ?, body = ?,
         begun_at = ${SQL_NOW_MS}, ended_at = ${isDone ? SQL_NOW_MS : 'NULL'}
       WHERE record_id = ? AND fingerprint = ? AND ended_at IS NULL`,
      [action, planDigest, this.#operator, body, id, fingerprint],
    )
    return affectedRows > 0
  }

  /** The message that an edit was about to send, when nobody knows whether it was. */
  async unsentEdit({ id, fingerprint }: LetterKey): Promise<string | null> {
    const [row] = await this.#db.query<{ body: string }>(
      `SELECT body FROM dispositions
       WHERE record_id = ? AND fingerprint = ? AND action = 'edit' AND ended_at IS NULL`,
      [id, fingerprint],
    )
    return row?.body ?? null
  }

  /** Writes down that it was done. */
  async end(letters: readonly LetterKey[]): Promise<void> {
    if (letters.length === 0) return
    await this.#db.execute(
      `UPDATE dispositions SET ended_at = ${SQL_NOW_MS}
       WHERE ended_at IS NULL AND record_id IN (?)`,
      [letters.map(({ id }) => id)],
    )
  }

  /** Begins an audit row; answers its id for `closeAudit`. */
  async openAudit(entry: {
    command: string
    filters: unknown
    digest: string | null
    counts: unknown
  }): Promise<number> {
    const { command, filters, digest, counts } = entry
    const { insertId } = await this.#db.execute(
      `INSERT INTO audit (operator, command, filters, digest, counts, outcome, begun_at)
       VALUES (?, ?, ?, ?, ?, 'running', ${SQL_NOW_MS})`,
      [this.#operator, command, JSON.stringify(filters), digest, JSON.stringify(counts)],
    )
    return insertId
  }

  async closeAudit(
    auditId: number,
    result: { outcome: AuditEntry['outcome']; counts: unknown },
  ): Promise<void> {
    await this.#db.execute(
      `UPDATE audit SET outcome = ?, counts = ?, ended_at = ${SQL_NOW_MS} WHERE audit_id = ?`,
      [result.outcome, JSON.stringify(result.counts), auditId],
    )
  }

  /** The newest audit rows first. */
  async audits(limit: number): Promise<AuditEntry[]> {
    const rows = await this.#db.query<{
      audit_id: number
      operator: string
      command: string
      filters: string
      digest: string | null
      counts: string
      outcome: AuditEntry['outcome']
      begun_at: number
      ended_at: number | null
    }>(
      `SELECT audit_id, operator, command, filters, digest, counts, outcome, begun_at, ended_at
       FROM audit ORDER BY audit_id DESC LIMIT ?`,
      [limit],
    )
    return rows.map((row) => ({
      auditId: row.audit_id,
      operator: row.operator,
      command: row.command,
      filters: JSON.parse(row.filters) as unknown,
      digest: row.digest,
      counts: JSON.parse(row.counts) as unknown,
      outcome: row.outcome,
      begunAtMs: row.begun_at,
      endedAtMs: row.ended_at,
    }))
  }
}

const dispositionOf = (row: DispositionRow): Disposition => ({
  id: row.record_id,
  fingerprint: row.fingerprint,
  action: row.action,
  planDigest: row.plan_digest,
  operator: row.operator,
  begunAtMs: row.begun_at,
  endedAtMs: row.ended_at,
})
