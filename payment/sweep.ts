/**
 * Takes up what is due and nobody works on: requested payments that a crash or a full queue left,
 * refused ones whose wait is over, calls whose outcome never came, refunds to be repeated; and
 * gives up what was not paid in time. Rows with `due_at` decide, so any process may sweep, and
 * several may at once.
 */
import type { Check } from '../platform/health.ts'
import type { Component } from '../platform/lifecycle.ts'
import type { Log } from '../platform/log.ts'
import type { Database } from '../platform/mysql/database.ts'
import { within } from '../platform/within.ts'
import type { Charger } from './charger.ts'
import { claimDue } from './claims.ts'
import { findOverdue, isAnythingDue } from './dueStore.ts'
import type { Figures } from './figures.ts'
import type { OutcomeWriter } from './outcomes.ts'
import type { Refunder } from './refunder.ts'

/** Between sweeps that found little. */
const SWEEP_MS = 250
/** After a sweep that found as much as it could take. */
const SWEEP_AGAIN_MS = 20
const SWEEP_AFTER_FAULT_MS = 1_000
const GIVE_UPS_MAX = 256
/** Readiness fails when no sweep came to its end for this long. */
const STUCK_MS = 10_000
const STOP_MS_MAX = 2_000

export class Sweep implements Component {
  readonly name = 'payment sweep'
  readonly #db: Database
  readonly #charger: Charger
  readonly #refunder: Refunder
  readonly #outcomes: OutcomeWriter
  readonly #leaseMs: number
  readonly #log: Log
  readonly #figures: Figures
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> = Promise.resolve()
  #isStopping = false
  #sweptAtMs = 0

  constructor(options: {
    db: Database
    charger: Charger
    refunder: Refunder
    outcomes: OutcomeWriter
    leaseMs: number
    log: Log
    figures: Figures
  }) {
    this.#db = options.db
    this.#charger = options.charger
    this.#refunder = options.refunder
    this.#outcomes = options.outcomes
    this.#leaseMs = options.leaseMs
    this.#log = options.log
    this.#figures = options.figures
  }

  async start(): Promise<void> {
    this.#sweptAtMs = performance.now()
    this.#schedule(0)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#timer) clearTimeout(this.#timer)
    await within(this.#running, STOP_MS_MAX)
  }

  /** For readiness. */
  check(): Check {
    const agoMs = Math.round(performance.now() - this.#sweptAtMs)
    return agoMs < STUCK_MS
      ? { ok: true }
      : { ok: false, detail: `the last sweep was ${agoMs} ms ago` }
  }

  #schedule(delayMs: number): void {
    if (this.#isStopping) return
    this.#timer = setTimeout(() => {
      this.#running = this.#run()
    }, delayMs)
  }

  async #run(): Promise<void> {
    try {
      const isMore = await this.#sweep()
      this.#sweptAtMs = performance.now()
      this.#schedule(isMore ? SWEEP_AGAIN_MS : SWEEP_MS)
    } catch (error) {
      this.#log.warn({ err: error }, 'a sweep failed')
      this.#schedule(SWEEP_AFTER_FAULT_MS)
    }
  }

  /** True when there may be more than could be taken. */
  async #sweep(): Promise<boolean> {
    if (!(await isAnythingDue(this.#db))) return false
    const isMoreOverdue = await this.#giveUp()
    const isMoreUnanswered = await this.#charge('unanswered')
    const isMoreRequested = await this.#charge('requested')
    const isMoreToRefund = await this.#refund()
    return isMoreOverdue || isMoreUnanswered || isMoreRequested || isMoreToRefund
  }

  async #giveUp(): Promise<boolean> {
    const overdue = await findOverdue(this.#db, GIVE_UPS_MAX)
    await Promise.all(
      overdue.map((reservationId) => this.#outcomes.add({ type: 'pay_by_passed', reservationId })),
    )
    return overdue.length === GIVE_UPS_MAX
  }

  async #charge(kind: 'unanswered' | 'requested'): Promise<boolean> {
    const limit = this.#charger.roomForSwept
    const claimed = await claimDue(this.#db, { kind, limit, leaseMs: this.#leaseMs })
    if (kind === 'requested') {
      this.#figures.changed(claimed.map(() => ({ from: 'requested', to: 'charging' })))
    }
    this.#charger.take(claimed)
    return limit > 0 && claimed.length === limit && !this.#charger.isProbing
  }

  async #refund(): Promise<boolean> {
    const limit = this.#refunder.room
    const claimed = await claimDue(this.#db, { kind: 'refund', limit, leaseMs: this.#leaseMs })
    this.#refunder.take(claimed.map((one) => one.order))
    return limit > 0 && claimed.length === limit
  }
}
