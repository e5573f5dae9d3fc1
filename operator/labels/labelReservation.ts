/** The seat service's dead letters. It has no inbox: its scripts are idempotent by reservation. */
import type { Message } from '../../contracts/message.ts'
import { isUnpaid } from '../../contracts/payloads.ts'
import { fateOfSeats } from './fateOfSeats.ts'
import {
  already,
  apply,
  human,
  paymentIn,
  type Situation,
  statusIn,
  superseded,
  ticketsIn,
  type Verdict,
} from './situation.ts'

export function labelReservation(message: Message, situation: Situation): Verdict {
  switch (message.topic) {
    case 'ticket_confirm':
      return ticketsIssued(situation)
    case 'ticket_cancel':
      return isUnpaid(message.payload.reason)
        ? unpaidCancelled(situation)
        : paidCancelled(situation)
    case 'payment_refund':
      return moneyReturned(situation)
    default:
      throw new TypeError(`the seat service does not listen to ${message.topic}`)
  }
}

/** Tickets were issued: the seats are sold, or were not to be had any more. */
function ticketsIssued(situation: Situation): Verdict {
  const status = statusIn(situation)
  if (status === 'confirmed') return already('the seats are sold to this reservation')
  if (status === 'refunding' || status === 'refunded') {
    return already(`the reservation is ${status} since`)
  }
  const tickets = ticketsIn(situation)
  if (status === 'cancelled') {
    return tickets === 'void' || tickets === 'refused'
      ? already(`the reservation was cancelled and the tickets are ${tickets}`)
      : superseded('the reservation was cancelled: the tickets will be withdrawn')
  }
  if (tickets !== 'issued') return human(`it says that tickets were issued, they are ${tickets}`)
  const payment = paymentIn(situation)
  if (payment !== 'captured') return human(`tickets are issued, but the payment is ${payment}`)
  // Its own tickets stand on the seats; somebody else's cannot, by the unique key.
  return fateOfSeats({ ...situation, inTheWay: 'none' })
}

/** Tickets were refused because nothing was paid: a paying reservation gives its seats back. */
function unpaidCancelled(situation: Situation): Verdict {
  const status = statusIn(situation)
  if (wasCaptured(situation)) {
    const payment = paymentIn(situation)
    return human(`it says that nothing was paid, the payment is ${payment}: which is right?`)
  }
  if (status === 'confirmed') return human('it says that nothing was paid, but the seats are sold')
  if (status === 'held') return human('it says that the payment failed, but nobody has paid yet')
  if (status !== 'paying') return already(`the reservation is ${status}`)
  const tickets = ticketsIn(situation)
  return tickets === 'refused'
    ? apply('the seats come back')
    : human(`it says that the tickets were refused, they are ${tickets}`)
}

const wasCaptured = (situation: Situation): boolean =>
  ['captured', 'refunding', 'refunded'].includes(paymentIn(situation))

/** Tickets were refused or withdrawn after a capture: the refund is on its way. */
function paidCancelled(situation: Situation): Verdict {
  const status = statusIn(situation)
  switch (status) {
    case 'refunded':
      return already('the reservation is refunded')
    case 'paying':
      return already('a paying reservation is left alone: its deadline frees the seats')
    case 'refunding':
      if (situation.seats !== 'own' && situation.seats !== 'mixed') {
        return already('the reservation is refunding and owns no seat')
      }
      return doubtfulRefund(situation) ?? apply('the seats that it still owns come back')
    case 'expired':
    case 'cancelled':
    case 'unknown':
      return refundUnderWay(situation)
    case 'confirmed':
    case 'held':
    case 'released':
      return human(`it says that paid tickets are void, but the reservation is ${status}`)
    default:
      throw new TypeError(`unknown status ${status satisfies never}`)
  }
}

function refundUnderWay(situation: Situation): Verdict {
  const doubt = doubtfulRefund(situation)
  if (doubt) return doubt
  return paymentIn(situation) === 'refunded'
    ? superseded('the money was returned: it will say refunded')
    : superseded('its tickets are not to be had: it will say refunding until the money is returned')
}

/** A refund that neither the tickets nor the payment know of. */
function doubtfulRefund(situation: Situation): Verdict | null {
  const tickets = ticketsIn(situation)
  if (tickets !== 'refused' && tickets !== 'void') {
    return human(`it says that the tickets are void, they are ${tickets}`)
  }
  if (wasCaptured(situation)) return null
  return human(`it says that paid tickets are void, but the payment is ${paymentIn(situation)}`)
}

/** The money is back: the reservation ends, and frees what it still owns. */
function moneyReturned(situation: Situation): Verdict {
  const status = statusIn(situation)
  const payment = paymentIn(situation)
  if (status === 'refunded') return already('the reservation is refunded')
  if (payment !== 'refunded') {
    return human(`it says that the money was returned, the payment is ${payment}`)
  }
  switch (status) {
    case 'expired':
    case 'cancelled':
    case 'refunding':
    case 'unknown':
      return apply('the money was returned: the reservation will say so')
    case 'paying':
      return already('a paying reservation is left alone: its deadline ends it')
    case 'confirmed':
    case 'held':
    case 'released':
      return human(`the money was returned, but the reservation is ${status}`)
    default:
      throw new TypeError(`unknown status ${status satisfies never}`)
  }
}
