/** The notification service's dead letters: what the buyer was not told. */
import { compareLogIds, logIdOfEvent } from '../../contracts/ids.ts'
import type { Message } from '../../contracts/message.ts'
import { isUnpaid } from '../../contracts/payloads.ts'
import {
  already,
  apply,
  human,
  invalid,
  paymentIn,
  type Situation,
  statusIn,
  type Verdict,
} from './situation.ts'

export function labelNotice(message: Message, situation: Situation): Verdict {
  const { conversation } = situation
  const kind = kindOf(message)
  if (conversation?.said.includes('refunded')) return already('the buyer was told of the refund')
  if (kind === 'refunded') {
    return paymentIn(situation) === 'refunded'
      ? apply('the buyer is told of the refund')
      : human(`it says that the money was returned, the payment is ${paymentIn(situation)}`)
  }
  const logId = logIdOfEvent(message.id)
  if (logId === null) return invalid(`its id ${message.id} names no entry of a log`)
  const last = conversation?.lastLogId
  if (last && compareLogIds(logId, last) <= 0) return already('the buyer was told what came later')
  if (conversation?.said.includes(kind)) return already(`the buyer was told: ${kind}`)
  const status = statusIn(situation)
  return isStillTrue(kind, status)
    ? apply(`the buyer is told: ${kind.replace('_', ' ')}`)
    : human(`the buyer would be told "${kind.replace('_', ' ')}", but the reservation is ${status}`)
}

type Kind = 'confirmed' | 'payment_failed' | 'cancelled' | 'expired' | 'refunded'

function kindOf(message: Message): Kind {
  switch (message.topic) {
    case 'seat_confirm':
      return 'confirmed'
    case 'seat_expired':
      return 'expired'
    case 'seat_cancel':
      return isUnpaid(message.payload.reason) ? 'payment_failed' : 'cancelled'
    case 'payment_refund':
      return 'refunded'
    default:
      throw new TypeError(`notification does not listen to ${message.topic}`)
  }
}

/** Mail that contradicts what the page shows is worse than none. */
function isStillTrue(
  kind: Exclude<Kind, 'refunded'>,
  status: ReturnType<typeof statusIn>,
): boolean {
  switch (kind) {
    case 'confirmed':
      return status === 'confirmed'
    case 'payment_failed':
      return status === 'cancelled' || status === 'unknown'
    case 'cancelled':
      return status === 'cancelled' || status === 'refunding' || status === 'refunded'
    case 'expired':
      return status === 'expired' || status === 'unknown'
    default:
      throw new TypeError(`unknown kind ${kind satisfies never}`)
  }
}
