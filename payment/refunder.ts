/**
 * Returns captured money whose tickets were refused or voided. Every attempt uses the payment's
 * one refund key, so repeating it is harmless, and it is repeated until the provider has done it.
 */
import type { Component } from '../platform/lifecycle.ts'
import type { Log } from '../platform/log.ts'
import type { Figures } from './figures.ts'
import type { PaymentGateway } from './gateway.ts'
import { refundIdOf } from './ids.ts'
import { Lane } from './lane.ts'
import type { OutcomeWriter } from './outcomes.ts'
import type { StoredOrder } from './store.ts'

/** Refunds under way at most. */
export const REFUNDS_IN_FLIGHT_MAX = 64
/** Longer than a call and its writing take when all is well. */
const STOP_MS_MAX = 4_000

export class Refunder implements Component {
  readonly name = 'refunder'
  readonly #gateway: PaymentGateway
  readonly #outcomes: OutcomeWriter
  readonly #log: Log
  readonly #figures: Figures
  readonly #lane = new Lane(REFUNDS_IN_FLIGHT_MAX)
  #isStopping = false

  constructor(options: {
    gateway: PaymentGateway
    outcomes: OutcomeWriter
    log: Log
    figures: Figures
  }) {
    this.#gateway = options.gateway
    this.#outcomes = options.outcomes
    this.#log = options.log
    this.#figures = options.figures
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#lane.idle(STOP_MS_MAX)
  }

  get inFlight(): number {
    return this.#lane.inFlight
  }

  /** How many refunds may be taken now. */
  get room(): number {
    return this.#isStopping ? 0 : this.#lane.room()
  }

  /** Takes refunds that were just decided or claimed; those beyond `room` are left to the sweep. */
  take(orders: readonly StoredOrder[]): void {
    for (const order of orders.slice(0, this.room)) this.#lane.run(() => this.#refund(order))
  }

  /** Never throws. What fails stays `refunding`, and is due again when its lease has run out. */
  async #refund(order: StoredOrder): Promise<void> {
    const { paymentId, reservationId, amount, providerRef, reason, traceparent } = order
    try {
      if (providerRef === null || reason === null) {
        throw new TypeError(`${paymentId} is to be refunded without having been captured`)
      }
      const refundId = refundIdOf(paymentId)
      const startMs = performance.now()
      const answer = await this.#gateway.refund({
        refundId,
        reservationId,
        providerRef,
        amount,
        ...(traceparent && { traceparent }),
      })
      this.#figures.called('refund', answer.type, (performance.now() - startMs) / 1_000)
      if (answer.type === 'refunded') {
        const { receipt } = answer
        await this.#outcomes.add({
          type: 'refunded',
          reservationId,
          receipt,
          order: { ...order, reason },
        })
      } else {
        this.#log.warn({ paymentId, answer }, 'a refund is tried again later')
      }
    } catch (error) {
      this.#log.error({ err: error, paymentId }, 'a refund is tried again later')
    }
  }
}
