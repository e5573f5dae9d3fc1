/**
 * Writes outcomes down in small batches: while one batch is on its way to SQL the next one
 * gathers. An outcome is never lost while the process lives; when it dies first, the same key is
 * asked again.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isSameMoney, type Money } from '../contracts/payloads.ts'
import { isDependencyDown, OperationalError } from '../platform/errors.ts'
import { failpoint } from '../platform/failpoints.ts'
import type { Check } from '../platform/health.ts'
import { inTransaction } from '../platform/inbox/unitOfWork.ts'
import type { Component } from '../platform/lifecycle.ts'
import type { Log } from '../platform/log.ts'
import type { Database } from '../platform/mysql/database.ts'
import type { Outbox } from '../platform/outbox/outbox.ts'
import { applyEvents, type Verdict } from './book.ts'
import type { PaymentEvent } from './events.ts'
import type { Figures } from './figures.ts'
import type { ProviderEvent } from './gateway.ts'

const BATCH_MAX = 256
/** An outcome may wait this long for company. */
const LINGER_MS = 3
/** Outcomes that may wait to be written; the rest are refused and asked for again later. */
export const OUTCOMES_WAITING_MAX = 20_000
const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 1_000
/** Written outcomes that are remembered, so that their webhooks cost no SQL. */
const RECENT_MAX = 10_000
/** Readiness fails when a batch cannot be written for this long. */
const STUCK_MS = 10_000

interface Waiting {
  event: PaymentEvent
  resolve(verdict: Verdict): void
  reject(error: unknown): void
}

export class OutcomeWriter implements Component {
  readonly name = 'payment outcomes'
  readonly #db: Database
  readonly #outbox: Outbox
  readonly #log: Log
  readonly #figures: Figures
  readonly #recent = new Map<string, Money>()
  #waiting: Waiting[] = []
  #running: Promise<void> | null = null
  #isStopping = false
  /** When the batch that is being written was begun; null while none is. */
  #sinceMs: number | null = null

  constructor(options: { db: Database; outbox: Outbox; log: Log; figures: Figures }) {
    this.#db = options.db
    this.#outbox = options.outbox
    this.#log = options.log
    this.#figures = options.figures
  }

  async start(): Promise<void> {}

  /** Writes what waits; gives up on it when SQL is away. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  /**
   * Resolves when the outcome is committed.
   * @throws OperationalError SQL_UNAVAILABLE when too much waits, or the process stops first
   */
  add(event: PaymentEvent): Promise<Verdict> {
    if (this.#waiting.length >= OUTCOMES_WAITING_MAX) {
      const detail = 'too many outcomes wait to be written'
      return Promise.reject(new OperationalError('SQL_UNAVAILABLE', { retriable: true, detail }))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject })
      this.#running ??= this.#run().finally(() => {
        this.#running = null
      })
    })
  }

  /** True when this process wrote just this outcome a short while ago. */
  isWritten(event: ProviderEvent): boolean {
    const written = this.#recent.get(`${event.type} ${event.reservationId}`)
    const amount = event.type === 'declined' ? event.amount : event.receipt.amount
    return written !== undefined && isSameMoney(written, amount)
  }

  /** For readiness. */
  check(): Check {
    const stuckMs = this.#sinceMs === null ? 0 : performance.now() - this.#sinceMs
    if (stuckMs < STUCK_MS) return { ok: true }
    return { ok: false, detail: `outcomes have not been written for ${Math.round(stuckMs)} ms` }
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (this.#waiting.length < BATCH_MAX) await pause(LINGER_MS)
      const batch = this.#waiting.splice(0, BATCH_MAX)
      this.#sinceMs = performance.now()
      await this.#write(batch)
      this.#sinceMs = null
    }
  }

  /** Settles every one of the batch. Never throws. */
  async #write(batch: readonly Waiting[]): Promise<void> {
    for (let retryMs = RETRY_MS_MIN; ; retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)) {
      try {
        const verdicts = await this.#apply(batch.map((one) => one.event))
        for (const [index, one] of batch.entries()) one.resolve(verdicts[index] ?? 'unknown')
        return
      } catch (error) {
        if (!isDependencyDown(error) || this.#isStopping) return this.#fail(batch, error)
        this.#log.warn({ err: error, outcomes: batch.length }, 'outcomes wait for SQL')
        await pause(retryMs)
      }
    }
  }

  /** One outcome that cannot be written must not take the others with it. */
  async #fail(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (batch.length > 1 && !isDependencyDown(error)) {
      for (const one of batch) await this.#write([one])
      return
    }
    const outcomes = batch.map(({ event: { type, reservationId } }) => ({ type, reservationId }))
    this.#log.error({ err: error, outcomes }, 'outcomes are not written; they are asked for again')
    for (const one of batch) one.reject(error)
  }

  async #apply(events: readonly PaymentEvent[]): Promise<Verdict[]> {
    failpoint('payment.before-outcome')
    const { changes, verdicts } = await inTransaction(
      { db: this.#db, outbox: this.#outbox },
      (unit) => applyEvents(unit, events),
    )
    this.#figures.changed(changes)
    for (const { event } of changes) this.#remember(event)
    for (const [index, event] of events.entries()) this.#report(event, verdicts[index])
    return verdicts
  }

  #remember(event: PaymentEvent): void {
    const amount = amountOf(event)
    if (!amount) return
    this.#recent.set(`${event.type} ${event.reservationId}`, amount)
    if (this.#recent.size <= RECENT_MAX) return
    const oldest = this.#recent.keys().next().value
    if (oldest !== undefined) this.#recent.delete(oldest)
  }

  #report(event: PaymentEvent, verdict: Verdict | undefined): void {
    if (!verdict) return
    this.#figures.judged(event.type, verdict)
    if (verdict !== 'mismatch' && verdict !== 'contradiction') return
    const { type, reservationId } = event
    const receipt = 'receipt' in event ? event.receipt : undefined
    this.#log.error({ type, reservationId, receipt, verdict }, 'the provider contradicts the book')
  }
}

function amountOf(event: PaymentEvent): Money | undefined {
  switch (event.type) {
    case 'captured':
    case 'refunded':
      return event.receipt.amount
    case 'declined':
      return event.amount ?? event.order?.snapshot.amount
    default:
      return undefined
  }
}
