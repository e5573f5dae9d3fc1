/**
 * The sandbox provider itself, without HTTP: what a charge or a refund comes to. Like a real
 * provider it honours idempotency keys, keeps working on a charge whose caller has gone, and does
 * what it is asked: it allows a second capture or refund for one reservation under another key,
 * so that a mistake of the caller shows up in its records.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Amount, Charge, Records, Refund } from './records.ts'
import { planOf } from './tokens.ts'

/** How many charges may be under way; more are refused, so that memory has a bound. */
export const IN_FLIGHT_MAX = 20_000
/** How many `tok_down` charges and lossy refunds are remembered at once. */
const NOTES_MAX = 10_000
/** A slow card does not keep a process alive that has nothing else to do. */
const UNREF = { ref: false }

export interface ChargeCall {
  idempotencyKey: string
  reservationId: string
  amount: Amount
  token: string
}

export interface RefundCall {
  idempotencyKey: string
  chargeId: string
  amount: Amount
}

export type RefusalCode = 'provider-down' | 'overloaded'

export type ChargeAnswer =
  | { type: 'done'; charge: Charge }
  | { type: 'refused'; code: RefusalCode }
  | { type: 'key_reused' }
  | { type: 'silence' }

export type RefundAnswer =
  | { type: 'done'; refund: Refund }
  | { type: 'refused'; code: RefusalCode }
  | { type: 'key_reused' }
  | { type: 'unknown_charge' }
  | { type: 'not_captured' }
  | { type: 'too_much' }
  | { type: 'silence' }

export interface ControlState {
  down: boolean
  latencyMs: number
}

interface UnderWay<Call, Done> {
  call: Call
  done: Promise<Done>
}

export type Outcome = { charge: Charge } | { refund: Refund }

export class SandboxProvider {
  readonly #records: Records
  readonly #onOutcome: (outcome: Outcome) => void
  readonly #charging = new Map<string, UnderWay<ChargeCall, Charge>>()
  readonly #refunding = new Map<string, UnderWay<RefundCall, Refund>>()
  /** Keys of refused `tok_down` charges, and whether the sandbox was told otherwise since. */
  readonly #toldOtherwise = new Map<string, boolean>()
  readonly #losesRefundAnswer = new Set<string>()
  readonly #idPrefix = `${Date.now().toString(36)}${randomBytes(2).toString('hex')}`
  #ids = 0
  #isDown = false
  #latencyMs: number

  /** @param options.onOutcome told of every new outcome, once, when it has been recorded */
  constructor(options: {
    records: Records
    latencyMs: number
    onOutcome: (outcome: Outcome) => void
  }) {
    this.#records = options.records
    this.#latencyMs = options.latencyMs
    this.#onOutcome = options.onOutcome
  }

  /** Changes what is given, answers what holds. `down: false` also lifts refused tok_down charges. */
  control(change: Partial<ControlState>): ControlState {
    if (change.down !== undefined) this.#isDown = change.down
    if (change.down === false) {
      for (const key of this.#toldOtherwise.keys()) this.#toldOtherwise.set(key, true)
    }
    if (change.latencyMs !== undefined) this.#latencyMs = change.latencyMs
    return { down: this.#isDown, latencyMs: this.#latencyMs }
  }

  async charge(call: ChargeCall): Promise<ChargeAnswer> {
    if (this.#isDown) return { type: 'refused', code: 'provider-down' }
    const { idempotencyKey } = call
    const known = this.#records.charges.withKey(idempotencyKey)
    if (known) return isSame(known, call) ? { type: 'done', charge: known } : { type: 'key_reused' }
    const underWay = this.#charging.get(idempotencyKey)
    if (underWay) {
      if (!isSame(underWay.call, call)) return { type: 'key_reused' }
      return { type: 'done', charge: await underWay.done }
    }
    if (this.#charging.size >= IN_FLIGHT_MAX) return { type: 'refused', code: 'overloaded' }
    const plan = planOf(call.token)
    if (plan.isDown && !this.#isToldOtherwise(idempotencyKey)) {
      return { type: 'refused', code: 'provider-down' }
    }
    const done = this.#work(this.#charging, call, () => this.#makeCharge(call))
    const charge = await done
    return plan.losesAnswer ? { type: 'silence' } : { type: 'done', charge }
  }

  async refund(call: RefundCall): Promise<RefundAnswer> {
    if (this.#isDown) return { type: 'refused', code: 'provider-down' }
    const known = this.#records.refunds.withKey(call.idempotencyKey)
    if (known) return isSameRefund(known, call) ? done(known) : { type: 'key_reused' }
    const underWay = this.#refunding.get(call.idempotencyKey)
    if (underWay) {
      if (!isSameRefund(underWay.call, call)) return { type: 'key_reused' }
      return done(await underWay.done)
    }
    if (this.#refunding.size >= IN_FLIGHT_MAX) return { type: 'refused', code: 'overloaded' }
    const charge = this.#records.charges.withId(call.chargeId)
    if (!charge) return { type: 'unknown_charge' }
    if (charge.status !== 'captured') return { type: 'not_captured' }
    if (!isWithin(call.amount, charge.amount)) return { type: 'too_much' }
    const refund = await this.#work(this.#refunding, call, () => this.#makeRefund(call, charge))
    return this.#losesRefundAnswer.delete(charge.chargeId) ? { type: 'silence' } : done(refund)
  }

  /** Runs `make` once per key, whoever else asks meanwhile. */
  #work<Call extends { idempotencyKey: string }, Done>(
    underWay: Map<string, UnderWay<Call, Done>>,
    call: Call,
    make: () => Promise<Done>,
  ): Promise<Done> {
    const made = make().finally(() => underWay.delete(call.idempotencyKey))
    underWay.set(call.idempotencyKey, { call, done: made })
    return made
  }

  async #makeCharge(call: ChargeCall): Promise<Charge> {
    const { idempotencyKey, reservationId, amount } = call
    const plan = planOf(call.token)
    await pause(plan.delayMs ?? this.#latencyMs, undefined, UNREF)
    const charge: Charge = {
      chargeId: this.#nextId('ch'),
      status: plan.status,
      reservationId,
      amount,
      idempotencyKey,
      createdAt: new Date().toISOString(),
    }
    if (plan.losesRefundAnswer && this.#losesRefundAnswer.size < NOTES_MAX) {
      this.#losesRefundAnswer.add(charge.chargeId)
    }
    await this.#records.keepCharge(charge)
    this.#onOutcome({ charge })
    return charge
  }

  async #makeRefund(call: RefundCall, charge: Charge): Promise<Refund> {
    await pause(this.#latencyMs, undefined, UNREF)
    const refund: Refund = {
      refundId: this.#nextId('re'),
      status: 'refunded',
      chargeId: charge.chargeId,
      reservationId: charge.reservationId,
      amount: call.amount,
      idempotencyKey: call.idempotencyKey,
      createdAt: new Date().toISOString(),
    }
    await this.#records.keepRefund(refund)
    this.#onOutcome({ refund })
    return refund
  }

  #isToldOtherwise(key: string): boolean {
    const told = this.#toldOtherwise.get(key)
    if (told !== undefined) return told
    this.#toldOtherwise.set(key, false)
    const oldest = this.#toldOtherwise.keys().next().value
    if (this.#toldOtherwise.size > NOTES_MAX && oldest) this.#toldOtherwise.delete(oldest)
    return false
  }

  #nextId(kind: string): string {
    this.#ids += 1
    return `${kind}_${this.#idPrefix}_${this.#ids.toString(36)}`
  }
}

const done = (refund: Refund): RefundAnswer => ({ type: 'done', refund })

const isEqual = (a: Amount, b: Amount): boolean => a.currency === b.currency && a.value === b.value

const isWithin = (part: Amount, whole: Amount): boolean =>
  part.currency === whole.currency && part.value <= whole.value

const isSame = (
  one: { reservationId: string; amount: Amount },
  other: { reservationId: string; amount: Amount },
): boolean => one.reservationId === other.reservationId && isEqual(one.amount, other.amount)

const isSameRefund = (
  one: { chargeId: string; amount: Amount },
  other: { chargeId: string; amount: Amount },
): boolean => one.chargeId === other.chargeId && isEqual(one.amount, other.amount)
