/**
 * Carries out what decidePayment decides, for many payments at once: lock their rows, decide in
 * memory, write what changed with a few statements, publish. Every change of state except a
 * claim goes through here, whether a message, an answer of the provider or a webhook brings it.
 */
import { isSameMoney } from '../contracts/payloads.ts'
import type { UnitOfWork } from '../platform/inbox/unitOfWork.ts'
import { type Step, writeSteps } from './bookkeeping.ts'
import {
  decidePayment,
  type Payment,
  type PaymentInput,
  type PaymentState,
} from './domain/paying.ts'
import type { PaymentEvent } from './events.ts'
import { byId, type LockedPayment, lockPayments } from './store.ts'

/**
 * changed: the payment moved. unchanged: it had, or may not. unknown: there is no such payment.
 * stale: about an older call. mismatch: about another amount; nothing was touched.
 * contradiction: money moved that, by our book, cannot have; nothing was touched.
 */
export type Verdict = 'changed' | 'unchanged' | 'unknown' | 'stale' | 'mismatch' | 'contradiction'

/** One payment that moved. */
export interface Change {
  reservationId: string
  from: PaymentState | null
  to: PaymentState
  event: PaymentEvent
}

export interface Applied {
  /** In the order of the events. */
  verdicts: Verdict[]
  changes: Change[]
}

/**
 * Applies events in their order within the unit's transaction.
 * @throws OperationalError SQL_CONFLICT (retriable) when a new payment is stored twice at once
 */
export async function applyEvents(
  unit: UnitOfWork,
  events: readonly PaymentEvent[],
): Promise<Applied> {
  if (events.length === 0) return { verdicts: [], changes: [] }
  const ids = byId(new Set(events.map((event) => event.reservationId)))
  const rows = await lockPayments(unit.tx, ids)
  const steps: Step[] = []
  const verdicts = events.map((event) => {
    const known = rows.get(event.reservationId) ?? null
    const verdict = screen(known, event)
    if (verdict) return verdict
    const decision = decidePayment(known, inputOf(event))
    if (!decision) return verdictOfNothing(known, event)
    steps.push({ event, known, decision })
    rows.set(event.reservationId, next(known, decision.payment, event))
    return 'changed'
  })
  await writeSteps(unit, steps)
  const changes = steps.map(({ event, known, decision }) => ({
    reservationId: event.reservationId,
    from: known?.state ?? null,
    to: decision.payment.state,
    event,
  }))
  return { verdicts, changes }
}

/** What must not even be decided: another amount, or an answer to a call of the past. */
function screen(known: LockedPayment | null, event: PaymentEvent): Verdict | null {
  switch (event.type) {
    case 'captured':
    case 'refunded':
      return known && !isSameMoney(known.amount, event.receipt.amount) ? 'mismatch' : null
    case 'declined':
      if (!known || !event.amount) return null
      return isSameMoney(known.amount, event.amount) ? null : 'mismatch'
    case 'refused':
    case 'no_answer':
      return known && known.claim !== event.claim ? 'stale' : null
    default:
      return null
  }
}

function verdictOfNothing(known: LockedPayment | null, event: PaymentEvent): Verdict {
  if (!known) return 'unknown'
  const isUnexpected =
    (event.type === 'captured' && ['tombstone', 'requested', 'failed'].includes(known.state)) ||
    (event.type === 'refunded' && known.state !== 'refunded')
  return isUnexpected ? 'contradiction' : 'unchanged'
}

function inputOf(event: PaymentEvent): PaymentInput {
  switch (event.type) {
    case 'seat_expired':
      return { type: 'seat_expired', phase: event.phase }
    case 'ticket_cancel':
      return { type: 'ticket_cancel', reason: event.reason }
    case 'refunded':
      return { type: 'provider_refunded' }
    default:
      return { type: event.type }
  }
}

/** The row as later events of the batch see it. */
function next(known: LockedPayment | null, payment: Payment, event: PaymentEvent): LockedPayment {
  if (known) return { ...known, ...payment }
  const { reservationId } = event
  const amount = 'order' in event && event.order ? event.order.snapshot.amount : null
  if (!amount) throw new TypeError(`a payment cannot begin with ${event.type}`)
  return { reservationId, ...payment, attempts: 0, claim: '', amount }
}
