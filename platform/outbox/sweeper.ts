/**
 * What the leader does for all processes of a service: it publishes rows that nobody has
 * published within SWEEP_AGE_MS (their process was killed between commit and send, or Kafka was
 * away), and deletes what is older than KEEP_MS.
 *
 * Every pass begins at the first unpublished row. Ids are given at insertion and rows appear at
 * commit, so a row may appear below ids that were published long ago: a pass must never begin
 * where the last one ended.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isDependencyDown } from '../errors.ts'
import type { RecordSender } from '../kafka/producer.ts'
import type { Log } from '../log.ts'
import type { Queryable } from '../mysql/database.ts'
import type { Leader } from '../mysql/leader.ts'
import { markRows, type Relay, recordOf } from './relay.ts'
import { type OutboxRow, pruneInbox, pruneOutbox, selectLeftovers } from './rows.ts'

/** Rows younger than this belong to the process that wrote them. */
export const SWEEP_AGE_MS = 1_000
/** Published rows and inbox rows are kept this long, for questions and for publishing again. */
export const KEEP_MS = 7 * 24 * 3_600_000
const SWEEP_EVERY_MS = 1_000
const BACKOFF_MS_MAX = 2_000
const SWEEP_ROWS_MAX = 500
const PRUNE_EVERY_MS = 60_000
const PRUNE_ROWS_MAX = 500
const PRUNE_PAUSE_MS = 50

export interface SweeperOptions {
  db: Queryable
  producer: RecordSender
  log: Log
  relay: Relay
  leader: Leader
  onPublished: (path: 'sweep', count: number) => void
}

export class Sweeper {
  readonly #options: SweeperOptions
  #timer: NodeJS.Timeout | null = null
  #pass: Promise<void> | null = null
  #isStopped = true
  #failures = 0
  #prunedAt = performance.now()

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  start(): void {
    this.#isStopped = false
    this.#schedule(SWEEP_EVERY_MS)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#pass
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#pass = this.#tick()
    }, delayMs)
  }

  async #tick(): Promise<void> {
    try {
      if (this.#options.leader.isLeading) {
        await this.#sweep()
        await this.#pruneWhenDue()
      }
      this.#failures = 0
    } catch (error) {
      this.#failures += 1
      this.#options.log.warn({ err: error }, 'left-over messages could not be published yet')
    }
    this.#schedule(Math.min(SWEEP_EVERY_MS * 2 ** this.#failures, BACKOFF_MS_MAX))
  }

  async #sweep(): Promise<void> {
    const { db, relay, leader } = this.#options
    let afterId = 0
    while (leader.isLeading && !this.#isStopped) {
      // Before the select: a row that is marked in between is no longer owned, but was.
      const owned = relay.ownedNow()
      const rows = await selectLeftovers(db, {
        afterId,
        ageMs: SWEEP_AGE_MS,
        limit: SWEEP_ROWS_MAX,
      })
      await this.#publish(rows.filter((row) => !owned.has(row.event_id)))
      if (rows.length < SWEEP_ROWS_MAX) return
      afterId = (rows.at(-1) as OutboxRow).id
    }
  }

  async #publish(rows: readonly OutboxRow[]): Promise<void> {
    if (rows.length === 0) return
    const { db, producer, log, onPublished } = this.#options
    try {
      await producer.send(rows.map(recordOf))
    } catch (error) {
      if (isDependencyDown(error)) throw error
      if (rows.length > 1) {
        for (const row of rows) await this.#publish([row])
        return
      }
      // It stays unpublished and keeps the process from being ready: somebody must look at it.
      log.error({ err: error, eventId: rows[0]?.event_id }, 'Kafka refuses a message')
      return
    }
    log.info({ rows: rows.length }, 'left-over messages were published')
    onPublished('sweep', rows.length)
    await markRows(db, rows)
  }

  async #pruneWhenDue(): Promise<void> {
    if (performance.now() - this.#prunedAt < PRUNE_EVERY_MS) return
    this.#prunedAt = performance.now()
    await prune(this.#options.db, { ageMs: KEEP_MS, isStopped: () => this.#isStopped })
  }
}

/** Deletes old rows of outbox and inbox in chunks small enough to be in nobody's way. */
export async function prune(
  db: Queryable,
  options: { ageMs: number; isStopped: () => boolean },
): Promise<void> {
  const { ageMs, isStopped } = options
  const limit = PRUNE_ROWS_MAX
  for (let afterId = 0; !isStopped(); ) {
    const { lastId, isDone } = await pruneOutbox(db, { ageMs, limit, afterId })
    if (isDone) break
    afterId = lastId
    await pause(PRUNE_PAUSE_MS)
  }
  while (!isStopped()) {
    const deleted = await pruneInbox(db, { ageMs, limit })
    if (deleted < limit) break
    await pause(PRUNE_PAUSE_MS)
  }
}
