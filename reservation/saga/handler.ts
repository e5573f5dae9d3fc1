/**
 * What the messages of the saga do to reservations. Confirmations, which are nearly all of them,
 * share script calls by shard; each other message has a call of its own.
 */
import { SHARDS_MAX, shardOfReservation, shardTagOf } from '../../contracts/ids.ts'
import type { Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import {
  type CancelOutcome,
  CONFIRMATIONS_PER_CALL_MAX,
  type ConfirmBatch,
  type ConfirmOutcome,
  type SagaStep,
  type SeatVerbs,
  type SettleOutcome,
} from '../../lua/seatVerbs.ts'
import { ShardBatcher } from '../../lua/shardBatcher.ts'
import { OperationalError } from '../../platform/errors.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { type RecreateOptions, recreate } from './recreate.ts'
import { asOperational } from './redisFault.ts'

/** What the seat service hears of the other services. */
export const SAGA_TOPICS = [
  'ticket_confirm',
  'ticket_cancel',
  'payment_refund',
] as const satisfies readonly Topic[]

/** Messages whose scripts are under way at a time. */
export const MESSAGES_MAX = 500

export interface SagaHandlerOptions extends RecreateOptions {
  scripts: Pick<SeatVerbs, 'restore' | 'confirmAll' | 'cancelSeats' | 'settleRefund'>
  shards: number
  metrics: Metrics
}

/** The effect of one message: the log entry that it made, or none. */
export interface Effect {
  shard: number
  /** Log id of the change; null when the message changed nothing. */
  version: string | null
}

type StepOutcome = ConfirmOutcome | CancelOutcome | SettleOutcome
type Confirmations = ShardBatcher<ConfirmBatch['confirmations'][number], ConfirmOutcome>
const NO_PERMITS: ReadonlyMap<number, string> = new Map()

export class SagaHandler {
  readonly #options: SagaHandlerOptions
  readonly #handled

  constructor(options: SagaHandlerOptions) {
    this.#options = options
    this.#handled = options.metrics.counter(
      'holdfast_saga_messages_total',
      'Messages that the seat service acted upon, by what came of them',
      ['topic', 'outcome'],
    )
  }

  /**
   * Applies messages in order; safe to repeat. Messages of one reservation keep their order.
   *
   * @param permits lease tokens of shards that are being rebuilt, which have no epoch
   * @throws OperationalError (retriable) when Redis or SQL is away or a shard has no epoch, and
   *   TypeError for a message that cannot be handled; either may leave some messages applied
   */
  async handle(
    messages: readonly Message[],
    permits: ReadonlyMap<number, string> = NO_PERMITS,
  ): Promise<Effect[]> {
    const effects: Effect[] = []
    for (let at = 0; at < messages.length; at += MESSAGES_MAX) {
      effects.push(...(await this.#handleSome(messages.slice(at, at + MESSAGES_MAX), permits)))
    }
    return effects
  }

  async #handleSome(
    messages: readonly Message[],
    permits: ReadonlyMap<number, string>,
  ): Promise<Effect[]> {
    const outcomes = await this.#runAll(messages, permits)
    const missing = messages.filter((_, at) => outcomes[at]?.type === 'missing')
    if (missing.length > 0) {
      await this.#recreate(missing, permits)
      const again = await this.#runAll(missing, permits)
      let next = 0
      for (const [at, outcome] of outcomes.entries()) {
        if (outcome.type === 'missing') outcomes[at] = again[next++] as StepOutcome
      }
    }
    return outcomes.map((outcome, at) => this.#effectOf(messages[at] as Message, outcome))
  }

  async #recreate(
    missing: readonly Message[],
    permits: ReadonlyMap<number, string>,
  ): Promise<void> {
    try {
      await recreate(this.#options, missing, permits)
    } catch (error) {
      throw asOperational(error)
    }
  }

  /** Sends all scripts at once, over one connection, so they run in this order. */
  async #runAll(
    messages: readonly Message[],
    permits: ReadonlyMap<number, string>,
  ): Promise<StepOutcome[]> {
    const confirmations = this.#confirmationsUnder(permits)
    const running = messages.map(async (message) => this.#run(message, permits, confirmations))
    confirmations.sendAll()
    const results = await Promise.allSettled(running)
    return results.map((result) => {
      if (result.status === 'rejected') throw asOperational(result.reason)
      return result.value
    })
  }

  #confirmationsUnder(permits: ReadonlyMap<number, string>): Confirmations {
    return new ShardBatcher({
      callMax: CONFIRMATIONS_PER_CALL_MAX,
      call: (shard, confirmations) => {
        const permit = permits.get(shard)
        const batch = { shard, confirmations, ...(permit !== undefined && { permit }) }
        return this.#options.scripts.confirmAll(batch)
      },
    })
  }

  #run(
    message: Message,
    permits: ReadonlyMap<number, string>,
    confirmations: Confirmations,
  ): Promise<StepOutcome> {
    const { scripts } = this.#options
    const { shard, ...step } = this.#stepOf(message)
    if (message.topic === 'ticket_confirm') {
      const { paymentId, tickets } = message.payload
      return confirmations.add(shard, { ...step, paymentId, tickets })
    }
    // It must not overtake a confirmation of its reservation.
    confirmations.send(shard)
    const permit = permits.get(shard)
    const alone = { shard, ...step, ...(permit !== undefined && { permit }) }
    switch (message.topic) {
      case 'ticket_cancel': {
        const { reason, paymentId } = message.payload
        return scripts.cancelSeats({ ...alone, reason, ...(paymentId && { paymentId }) })
      }
      case 'payment_refund': {
        const { reason, paymentId } = message.payload
        return scripts.settleRefund({ ...alone, reason, paymentId })
      }
      default:
        throw new TypeError(`the seat service does not listen to ${message.topic}`)
    }
  }

  #stepOf({ id, traceparent, payload }: Message): Omit<SagaStep, 'permit'> {
    const { reservationId, showId } = payload
    const shard = shardOfReservation(reservationId)
    if (shard >= Math.min(this.#options.shards, SHARDS_MAX)) {
      throw new TypeError(`message ${id} is of shard ${shard}, which does not exist`)
    }
    return { shard, reservationId, showId, cause: id, ...(traceparent && { traceparent }) }
  }

  #effectOf(message: Message, outcome: StepOutcome): Effect {
    const shard = shardOfReservation(message.payload.reservationId)
    if (outcome.type === 'no_epoch' || outcome.type === 'missing') {
      const why = outcome.type === 'missing' ? 'lost a reservation just restored' : 'has no epoch'
      const detail = `${shardTagOf(shard)} ${why}`
      throw new OperationalError('STATE_UNKNOWN', { retriable: true, detail })
    }
    this.#handled.inc({ topic: message.topic, outcome: outcome.type })
    return { shard, version: outcome.type === 'same' ? null : outcome.version }
  }
}
