/**
 * Delivers notifications: claims their rows, sends, and writes down what came of it. A claim is a
 * lease, so what a killed courier had in hand becomes free again; the next one sends the same
 * message under the same Message-ID.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Check } from '../../platform/health.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Queryable } from '../../platform/mysql/database.ts'
import { retryDelayMs } from '../domain/retries.ts'
import { composeNotice } from '../mail/compose.ts'
import { recipientOf } from '../mail/facts.ts'
import type { MailTransport, SendOutcome } from '../mail/transport.ts'
import {
  type ClaimedNotification,
  claimNotifications,
  extendClaim,
  markFailed,
  markForRetry,
  markSent,
  oldestOverdueMs,
} from '../store.ts'

export interface CourierOptions {
  db: Queryable
  transport: MailTransport
  mailFrom: string
  /** How long a claim is valid without a sign of life. */
  leaseMs: number
  retryBaseMs: number
  mailsPerSecondMax: number
  /** Has notifications looked at again in `delayMs`. */
  wake: (keys: readonly string[], delayMs: number) => void
  log: Log
  metrics: Metrics
}

/** Signs of life per lease, so that one may be missed. */
const SIGNS_PER_LEASE = 3
/** The alarm rings a little after the row is due, for the clocks of Redis and SQL are two. */
const RETRY_SLACK_MS = 100
/** Mail that is overdue by this while nothing was sent for as long is not on its way. */
const STUCK_MS = 120_000

interface Attempt {
  notification: ClaimedNotification
  outcome: SendOutcome
}

/** Attempts that ended alike, to be written with one statement. */
interface Group {
  outcome: SendOutcome
  attempts: number
  keys: string[]
}

export class Courier {
  readonly #options: CourierOptions
  readonly #outcomes
  #freeAtMs = 0
  #settledAtMs = performance.now()

  constructor(options: CourierOptions) {
    this.#options = options
    this.#outcomes = options.metrics.counter(
      'holdfast_notification_attempts_total',
      'Attempts to deliver a notification, by outcome: sent, failed (tried again) or refused',
      ['outcome'],
    )
  }

  /**
   * Delivers those of the notifications that are due and that nobody else is delivering.
   * @throws OperationalError SQL_UNAVAILABLE; what was sent by then may be sent again
   */
  async deliver(keys: readonly string[]): Promise<void> {
    const { db, leaseMs } = this.#options
    await this.#pace(keys.length)
    const claim = randomUUID()
    const notifications = await claimNotifications(db, { keys, claim, leaseMs })
    if (notifications.length === 0) return
    const held = notifications.map((notification) => notification.key)
    const alive = setInterval(() => {
      extendClaim(db, { keys: held, claim }, leaseMs).catch((error: unknown) => {
        this.#options.log.warn({ err: error }, 'a claim could not be extended')
      })
    }, leaseMs / SIGNS_PER_LEASE)
    let attempts: Attempt[]
    try {
      attempts = await Promise.all(notifications.map((one) => this.#attempt(one)))
    } finally {
      clearInterval(alive)
    }
    await this.#settle(attempts, claim)
  }

  /** For readiness: what is due gets attempted. */
  async check(): Promise<Check> {
    const overdueMs = await oldestOverdueMs(this.#options.db)
    const idleMs = performance.now() - this.#settledAtMs
    if (overdueMs < STUCK_MS || idleMs < STUCK_MS) return { ok: true }
    return { ok: false, detail: `a notification has been due for ${overdueMs} ms` }
  }

  /** Waits until the limit of mails per second allows `count` more. */
  async #pace(count: number): Promise<void> {
    const now = performance.now()
    const waitMs = this.#freeAtMs - now
    this.#freeAtMs =
      Math.max(now, this.#freeAtMs) + (count * 1_000) / this.#options.mailsPerSecondMax
    if (waitMs > 0) await pause(waitMs)
  }

  async #attempt(notification: ClaimedNotification): Promise<Attempt> {
    const { transport, mailFrom, log } = this.#options
    const { key, facts, createdAtMs } = notification
    const to = recipientOf(facts)
    if (to === null) {
      const detail = 'the contact is not an address that mail can be sent to'
      return { notification, outcome: { type: 'refused', detail } }
    }
    try {
      const message = composeNotice(facts, { key, from: mailFrom, to, atMs: createdAtMs })
      return { notification, outcome: await transport.send(message) }
    } catch (error) {
      // The transport answers and does not throw, so the fault is ours: trying again is no help.
      log.error({ err: error, notification: key }, 'a message could not be written')
      return { notification, outcome: { type: 'refused', detail: String(error) } }
    }
  }

  async #settle(attempts: readonly Attempt[], claim: string): Promise<void> {
    let settled = 0
    for (const group of groupsOf(attempts)) settled += await this.#settleGroup(group, claim)
    this.#settledAtMs = performance.now()
    if (settled < attempts.length) {
      // Frozen beyond the lease: somebody else has sent, or is sending, the same messages.
      const lost = attempts.length - settled
      this.#options.log.warn({ lost }, 'claims had passed to somebody else when we were done')
    }
  }

  async #settleGroup({ outcome, attempts, keys }: Group, claim: string): Promise<number> {
    const { db, retryBaseMs, wake, log } = this.#options
    const held = { keys, claim }
    this.#outcomes.inc({ outcome: outcome.type }, keys.length)
    if (outcome.type === 'sent') return markSent(db, held)
    const { detail } = outcome
    const delayMs = outcome.type === 'failed' ? retryDelayMs(attempts, retryBaseMs) : null
    if (delayMs === null) {
      log.error({ notifications: keys, attempts, detail }, 'notifications were given up')
      return markFailed(db, held, detail)
    }
    log.warn({ notifications: keys.length, attempts, detail }, 'mail failed, it is tried again')
    const settled = await markForRetry(db, held, { delayMs, error: detail })
    wake(keys, delayMs + RETRY_SLACK_MS)
    return settled
  }
}

function groupsOf(attempts: readonly Attempt[]): Group[] {
  const groups = new Map<string, Group>()
  for (const { notification, outcome } of attempts) {
    // What was sent is written alike, however many attempts it took.
    const name = outcome.type === 'sent' ? '' : JSON.stringify([outcome, notification.attempts])
    const group = groups.get(name)
    if (group) group.keys.push(notification.key)
    else {
      groups.set(name, { outcome, attempts: notification.attempts, keys: [notification.key] })
    }
  }
  return [...groups.values()]
}
