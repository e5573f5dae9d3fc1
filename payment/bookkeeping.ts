/** Writes decided steps down: rows, ledger and messages, all in the transaction of the unit. */
import type { CancelReason, Snapshot } from '../contracts/payloads.ts'
import type { UnitOfWork } from '../platform/inbox/unitOfWork.ts'
import type { Payment, PaymentDecision, PaymentMessage } from './domain/paying.ts'
import { askAgainDelayMs, HANDOVER_MS, refusalDelayMs } from './domain/timing.ts'
import type { PaymentEvent } from './events.ts'
import type { Receipt } from './gateway.ts'
import { paymentIdOf, refundIdOf } from './ids.ts'
import {
  byId,
  insertLedgerEntries,
  insertPayments,
  type LedgerEntry,
  type LockedPayment,
  type NewPayment,
  type PaymentUpdate,
  readOrders,
  updatePayments,
} from './store.ts'

/** What was decided for one event; `known` is the payment before it, null when there was none. */
export interface Step {
  event: PaymentEvent
  known: LockedPayment | null
  decision: PaymentDecision
}

/** Steps of one payment must be in their order. */
export async function writeSteps(unit: UnitOfWork, steps: readonly Step[]): Promise<void> {
  const { tx } = unit
  const born = steps.filter((step) => !step.known)
  const entries = steps.flatMap(({ event }) => ledgerEntryOf(event))
  if (born.length > 0) await insertPayments(tx, born.map(newPaymentOf))
  for (const update of updatesOf(steps.filter((step) => step.known))) {
    const changed = await updatePayments(tx, update)
    if (changed !== update.reservationIds.length) {
      throw new TypeError(`${changed} of ${update.reservationIds.length} locked payments changed`)
    }
  }
  if (entries.length > 0) await insertLedgerEntries(tx, entries)
  await publish(unit, steps)
}

function newPaymentOf({ event, decision }: Step): NewPayment {
  if (event.type !== 'payment_request' && event.type !== 'seat_expired') {
    throw new TypeError(`a payment cannot begin with ${event.type}`)
  }
  const { state } = decision.payment
  const { reservationId, order } = event
  const dueInMs = state === 'requested' ? HANDOVER_MS : null
  return { reservationId, state, order, dueInMs }
}

interface Group extends PaymentUpdate {
  reservationIds: string[]
  round: number
}

/** Steps that write the same become one update. */
function updatesOf(steps: readonly Step[]): PaymentUpdate[] {
  const jitter = Math.random()
  const groups = new Map<string, Group>()
  const rounds = new Map<string, number>()
  for (const { event, known, decision } of steps) {
    if (!known) continue
    const { reservationId } = event
    const to = decision.payment
    const round = (rounds.get(reservationId) ?? 0) + 1
    rounds.set(reservationId, round)
    const reason = reasonOf(event, decision.publish)
    const dueInMs = dueInMsOf(event, known, to, jitter)
    const key = [round, known.state, to.state, to.stop, to.unanswered, dueInMs, reason].join()
    let group = groups.get(key)
    if (!group) {
      const resetsAttempts = to.state === 'refunding'
      const what = { from: known.state, to, dueInMs, reason, resetsAttempts }
      group = { reservationIds: [], round, ...what }
      groups.set(key, group)
    }
    group.reservationIds.push(reservationId)
  }
  // A payment is at most once in a round, and its rounds are in the order of its steps.
  return [...groups.values()].sort((a, b) => a.round - b.round)
}

/** When the sweep is to look at the payment, unless its outcome comes first. */
function dueInMsOf(
  event: PaymentEvent,
  known: LockedPayment,
  to: Payment,
  jitter: number,
): PaymentUpdate['dueInMs'] {
  switch (to.state) {
    case 'requested':
      return refusalDelayMs(known.attempts, jitter)
    case 'charging':
      return event.type === 'no_answer' ? askAgainDelayMs(jitter) : 'keep'
    case 'refunding':
      return HANDOVER_MS
    default:
      return null
  }
}

function reasonOf(event: PaymentEvent, message: PaymentMessage | undefined): CancelReason | null {
  if (message?.topic === 'payment_fail') return message.reason
  return event.type === 'ticket_cancel' ? event.reason : null
}

function ledgerEntryOf(event: PaymentEvent): LedgerEntry[] {
  if (event.type !== 'captured' && event.type !== 'refunded') return []
  const kind = event.type === 'captured' ? 'capture' : 'refund'
  return [{ paymentId: paymentIdOf(event.reservationId), kind, ...event.receipt }]
}

interface Told {
  snapshot: Snapshot
  traceparent?: string
  reason: CancelReason | null
}

async function publish(unit: UnitOfWork, steps: readonly Step[]): Promise<void> {
  const telling = steps.filter((step) => step.decision.publish)
  const unknown = telling.filter(({ event }) => !('order' in event && event.order))
  const missing = new Map<string, Told>()
  if (unknown.length > 0) {
    const ids = byId(new Set(unknown.map(({ event }) => event.reservationId)))
    for (const order of await readOrders(unit.tx, ids)) missing.set(order.reservationId, order)
  }
  for (const { event, decision } of telling) {
    const inHand = 'order' in event && event.order ? { reason: null, ...event.order } : undefined
    const told = inHand ?? missing.get(event.reservationId)
    if (!told || !decision.publish) throw new TypeError(`no snapshot of ${event.reservationId}`)
    const { traceparent } = told
    unit.publish({
      ...messageOf(event, decision.publish, told),
      ...(traceparent && { traceparent }),
    })
  }
}

function messageOf(event: PaymentEvent, message: PaymentMessage, told: Told) {
  const paymentId = paymentIdOf(event.reservationId)
  const base = { ...told.snapshot, paymentId }
  switch (message.topic) {
    case 'payment_create': {
      const { providerRef, atMs } = receiptOf(event)
      const capturedAt = new Date(atMs).toISOString()
      return { topic: message.topic, payload: { ...base, capturedAt, providerRef } }
    }
    case 'payment_fail':
      return { topic: message.topic, payload: { ...base, reason: message.reason } }
    case 'payment_refund': {
      const refundId = refundIdOf(paymentId)
      if (!told.reason) throw new TypeError(`no reason to refund ${paymentId}`)
      return { topic: message.topic, payload: { ...base, refundId, reason: told.reason } }
    }
  }
}

function receiptOf(event: PaymentEvent): Receipt {
  if (event.type === 'captured' || event.type === 'refunded') return event.receipt
  throw new TypeError(`${event.type} has no receipt`)
}
