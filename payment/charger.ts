/**
 * Charges requested payments. The consumer hands them over in-process right after its commit; the
 * sweep finds those that were left. Each is claimed (`charging` is committed) before the provider
 * is called, outside any transaction, and its outcome is written as it comes: one slow card
 * stalls nobody.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { failpoint } from '../platform/failpoints.ts'
import type { Component } from '../platform/lifecycle.ts'
import type { Log } from '../platform/log.ts'
import type { Database } from '../platform/mysql/database.ts'
import { type Claimed, claimOrders } from './claims.ts'
import type { PaymentEvent } from './events.ts'
import type { Figures } from './figures.ts'
import type { ChargeAnswer, PaymentGateway } from './gateway.ts'
import { Lane } from './lane.ts'
import type { OutcomeWriter } from './outcomes.ts'
import type { Order } from './store.ts'

/** Orders that wait in memory; the rest wait in SQL alone, where the sweep finds them. */
export const QUEUE_MAX = 10_000
/** Payments per claim. */
const CLAIM_MAX = 256
/** While calls are under way, a claim of fewer than CLAIM_MIN waits this long for company. */
const CLAIM_LINGER_MS = 3
const CLAIM_MIN = 32
/** Of the calls under way, this part is kept for what the sweep finds, so that neither starves. */
const SWEEP_SHARE = 1 / 4
/** After so many refusals in a row the provider is down: then only PROBES calls are under way. */
const REFUSALS_MAX = 32
const PROBES = 4
/** Longer than a call and its writing take when all is well. */
const STOP_MS_MAX = 4_000

export class Charger implements Component {
  readonly name = 'charger'
  readonly #db: Database
  readonly #gateway: PaymentGateway
  readonly #outcomes: OutcomeWriter
  readonly #leaseMs: number
  readonly #log: Log
  readonly #figures: Figures
  readonly #fresh: Lane
  readonly #swept: Lane
  #queue: Order[] = []
  #pumping: Promise<void> | null = null
  #isStopping = false
  #refusals = 0

  /**
   * @param options.concurrency calls under way at most
   * @param options.leaseMs after this without an outcome, anyone may make the call again
   */
  constructor(options: {
    db: Database
    gateway: PaymentGateway
    outcomes: OutcomeWriter
    concurrency: number
    leaseMs: number
    log: Log
    figures: Figures
  }) {
    this.#db = options.db
    this.#gateway = options.gateway
    this.#outcomes = options.outcomes
    this.#leaseMs = options.leaseMs
    this.#log = options.log
    this.#figures = options.figures
    const swept = Math.max(1, Math.floor(options.concurrency * SWEEP_SHARE))
    this.#swept = new Lane(swept)
    this.#fresh = new Lane(Math.max(1, options.concurrency - swept))
  }

  async start(): Promise<void> {}

  /** Waits for the calls under way; what is only queued is left to the sweep of others. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#queue = []
    await Promise.all([this.#fresh.idle(STOP_MS_MAX), this.#swept.idle(STOP_MS_MAX)])
  }

  /** Calls under way, by lane. */
  get inFlight(): { fresh: number; swept: number } {
    return { fresh: this.#fresh.inFlight, swept: this.#swept.inFlight }
  }

  /** How many payments the sweep may claim for this charger now. */
  get roomForSwept(): number {
    return this.#isStopping ? 0 : this.#swept.room(this.#limit())
  }

  /** Whether the provider refuses so steadily that it is only probed. */
  get isProbing(): boolean {
    return this.#refusals >= REFUSALS_MAX
  }

  /** Takes payments that were just requested and committed. */
  handOver(orders: readonly Order[]): void {
    if (this.#isStopping) return
    this.#queue.push(...orders.slice(0, QUEUE_MAX - this.#queue.length))
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = null
    })
  }

  /** Calls the provider for payments that the sweep claimed. */
  take(claimed: readonly Claimed<Order>[]): void {
    for (const one of claimed) this.#swept.run(() => this.#call(one))
  }

  #limit(): number | undefined {
    return this.isProbing ? PROBES : undefined
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      const room = this.#fresh.room(this.#limit())
      if (room === 0) {
        await this.#fresh.freed()
        continue
      }
      if (this.#fresh.inFlight > 0 && Math.min(room, this.#queue.length) < CLAIM_MIN) {
        await pause(CLAIM_LINGER_MS)
      }
      const orders = this.#queue.splice(0, Math.min(this.#fresh.room(this.#limit()), CLAIM_MAX))
      if (orders.length > 0) await this.#claimAndCall(orders)
    }
  }

  async #claimAndCall(orders: readonly Order[]): Promise<void> {
    try {
      const options = { kind: 'requested', orders, leaseMs: this.#leaseMs } as const
      const claimed = await claimOrders(this.#db, options)
      failpoint('payment.after-claim')
      this.#figures.changed(claimed.map(() => ({ from: 'requested', to: 'charging' })))
      for (const one of claimed) this.#fresh.run(() => this.#call(one))
    } catch (error) {
      // Whether the claim was committed or not, the payments are due soon and the sweep asks.
      this.#log.warn({ err: error, payments: orders.length }, 'payments could not be claimed')
    }
  }

  /** Never throws. */
  async #call({ order, claim }: Claimed<Order>): Promise<void> {
    try {
      const startMs = performance.now()
      const answer = await this.#gateway.charge(order)
      this.#figures.called('charge', answer.type, (performance.now() - startMs) / 1_000)
      this.#refusals = answer.type === 'refused' ? this.#refusals + 1 : 0
      if (answer.type === 'garbled') {
        const { paymentId } = order
        this.#log.error({ paymentId, detail: answer.detail }, 'the provider answers nonsense')
      }
      await this.#outcomes.add(eventOf(answer, order, claim))
    } catch (error) {
      // The writer has told what it could not write; anything else is a fault of ours.
      this.#log.error({ err: error, paymentId: order.paymentId }, 'a charge is asked again later')
    }
  }
}

function eventOf(answer: ChargeAnswer, order: Order, claim: string): PaymentEvent {
  const { reservationId } = order
  switch (answer.type) {
    case 'captured':
      return { type: 'captured', reservationId, receipt: answer.receipt, order }
    case 'declined':
      return { type: 'declined', reservationId, order }
    case 'refused':
      return { type: 'refused', reservationId, claim, order }
    case 'no_answer':
    case 'garbled':
      return { type: 'no_answer', reservationId, claim, order }
  }
}
