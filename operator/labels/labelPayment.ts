/** The payment service's dead letters. */
import type { Message, MessageOf } from '../../contracts/message.ts'
import { isUnpaid } from '../../contracts/payloads.ts'
import { amountInWords } from '../cli/words.ts'
import {
  already,
  apply,
  charge,
  human,
  paymentIn,
  type Situation,
  statusIn,
  superseded,
  ticketsIn,
  type Verdict,
} from './situation.ts'

export function labelPayment(message: Message, situation: Situation): Verdict {
  switch (message.topic) {
    case 'payment_request':
      return requested(message, situation)
    case 'seat_expired':
      return expired(message, situation)
    case 'ticket_cancel':
      return cancelled(message, situation)
    default:
      throw new TypeError(`payment does not listen to ${message.topic}`)
  }
}

/** A checkout that was never charged. After payBy it is given up uncharged. */
function requested({ payload }: MessageOf<'payment_request'>, situation: Situation): Verdict {
  const payment = paymentIn(situation)
  if (payment === 'tombstone') return apply('its time was over: the payment fails, uncharged')
  if (payment !== 'unknown') return already(`the payment is ${payment}`)
  const tickets = ticketsIn(situation)
  const status = statusIn(situation)
  const isGivenUp = tickets === 'tombstone' && status !== 'paying'
  if (tickets !== 'none' && !isGivenUp) {
    return human(`nothing was ever charged, but the tickets are ${tickets}`)
  }
  if (status === 'confirmed' || status === 'refunding' || status === 'refunded') {
    return human(`nothing was ever charged, but the reservation is ${status}`)
  }
  const isOver = Date.parse(payload.payBy) <= situation.nowMs
  if (isOver) return apply('its time is over: the payment fails, uncharged')
  if (status === 'paying') {
    if (situation.seats !== 'own' || situation.inTheWay === 'confirmed') {
      return human('the reservation is paying, but somebody else seems to have its seats')
    }
    return charge(`the buyer is charged ${amountInWords(payload.amount)} in time`)
  }
  return superseded(`the reservation is ${status}: the buyer would be charged and refunded`)
}

/** The deadline passed: what is not charged yet is not charged any more. */
function expired({ payload }: MessageOf<'seat_expired'>, situation: Situation): Verdict {
  if (payload.phase === 'held') return already('nothing had been asked to be paid')
  const payment = paymentIn(situation)
  const status = statusIn(situation)
  switch (payment) {
    case 'unknown':
      return apply('a request that comes later will not be charged')
    case 'requested':
      return status === 'paying' || status === 'held'
        ? human(`it says that the deadline passed, the reservation is ${status}`)
        : apply('the payment fails, uncharged')
    case 'charging':
      return situation.payment?.detail.startsWith('told to stop')
        ? already('the payment is told to stop')
        : apply('a charge that is refused will not be tried again')
    case 'tombstone':
    case 'captured':
    case 'failed':
    case 'refunding':
    case 'refunded':
      return already(`the payment is ${payment}`)
    default:
      throw new TypeError(`unknown payment ${payment satisfies never}`)
  }
}

/** The tickets are void: captured money goes back. The one message that moves money out. */
function cancelled({ payload }: MessageOf<'ticket_cancel'>, situation: Situation): Verdict {
  const payment = paymentIn(situation)
  if (payment !== 'captured') {
    const isMoving = payment === 'requested' || payment === 'charging'
    return isMoving && !isUnpaid(payload.reason)
      ? human(`it says that paid tickets are void, but the payment is ${payment}`)
      : already(payment === 'unknown' ? 'nothing was charged' : `the payment is ${payment}`)
  }
  if (isUnpaid(payload.reason)) {
    return human('it says that nothing was paid, but the money is captured: refund it?')
  }
  const tickets = ticketsIn(situation)
  const status = statusIn(situation)
  if (tickets !== 'refused' && tickets !== 'void') {
    return human(`it says that the tickets are void, they are ${tickets}: refund them?`)
  }
  if (status === 'confirmed') return human('the tickets are void, but the seats are sold to it')
  return superseded(`the tickets are ${tickets}: ${amountInWords(payload.amount)} are returned`)
}
