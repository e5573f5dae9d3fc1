/** What the payment service does with each topic: a batch of messages becomes a batch of events. */
import type { MessageOf } from '../contracts/message.ts'
import { snapshotOf } from '../contracts/payloads.ts'
import type { Topic } from '../contracts/topics.ts'
import type { TopicHandlers, UnitOfWork } from '../platform/inbox/unitOfWork.ts'
import { applyEvents, type Change } from './book.ts'
import type { Charger } from './charger.ts'
import type { PaymentEvent } from './events.ts'
import type { Figures } from './figures.ts'
import { paymentIdOf } from './ids.ts'
import type { Refunder } from './refunder.ts'
import { byId, type Order, readOrders } from './store.ts'

export const PAYMENT_TOPICS = [
  'payment_request',
  'seat_expired',
  'ticket_cancel',
] as const satisfies readonly Topic[]

export function paymentHandlers(options: {
  charger: Charger
  refunder: Refunder
  figures: Figures
}): TopicHandlers {
  const { charger, refunder, figures } = options

  const apply = async (unit: UnitOfWork, events: readonly PaymentEvent[]): Promise<Change[]> => {
    const { changes } = await applyEvents(unit, events)
    unit.afterCommit(() => figures.changed(changes))
    return changes
  }

  return {
    async payment_request(messages, unit) {
      const changes = await apply(unit, messages.map(requestOf))
      const requested = changes.flatMap(({ to, event }) =>
        to === 'requested' && event.type === 'payment_request' ? [event.order] : [],
      )
      unit.afterCommit(() => charger.handOver(requested))
    },

    async seat_expired(messages, unit) {
      // Most holds expire without ever having been paid for: they are no business of ours.
      const paying = messages.filter((message) => message.payload.phase === 'paying')
      await apply(unit, paying.map(expiryOf))
    },

    async ticket_cancel(messages, unit) {
      const changes = await apply(unit, messages.map(cancellationOf))
      const ids = changes.map((change) => change.reservationId)
      if (ids.length === 0) return
      const orders = await readOrders(unit.tx, byId(ids))
      unit.afterCommit(() => refunder.take(orders))
    },
  }
}

function requestOf(message: MessageOf<'payment_request'>): PaymentEvent {
  const { payload } = message
  const { reservationId, amount, paymentToken, payBy } = payload
  const payByMs = Date.parse(payBy)
  // The schema knows the shape of a time, not that there is no 31st of June.
  if (Number.isNaN(payByMs)) throw new RangeError(`payBy ${payBy} is no time`)
  const order: Order = {
    reservationId,
    paymentId: paymentIdOf(reservationId),
    amount,
    token: paymentToken,
    payByMs,
    snapshot: snapshotOf(payload),
    ...traceOf(message),
  }
  return { type: 'payment_request', reservationId, order }
}

function expiryOf(message: MessageOf<'seat_expired'>): PaymentEvent {
  const { payload } = message
  const order = { snapshot: snapshotOf(payload), ...traceOf(message) }
  return { type: 'seat_expired', reservationId: payload.reservationId, phase: payload.phase, order }
}

function cancellationOf({ payload }: MessageOf<'ticket_cancel'>): PaymentEvent {
  const { reservationId, reason } = payload
  return { type: 'ticket_cancel', reservationId, reason }
}

/** Only a well-formed trace is handed on. */
function traceOf({ traceparent }: { traceparent?: string }): { traceparent?: string } {
  const isTrace =
    traceparent && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
  return isTrace ? { traceparent } : {}
}
