/** The ticket service's dead letters. */
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

export function labelTicket(message: Message, situation: Situation): Verdict {
  switch (message.topic) {
    case 'payment_create':
      return paymentCreated(situation)
    case 'payment_fail':
      return paymentFailed(situation)
    case 'seat_confirm':
      return seatConfirmed(situation)
    case 'seat_cancel':
      return seatCancelled(situation)
    default:
      throw new TypeError(`ticket does not listen to ${message.topic}`)
  }
}

const wasRefusedUnpaid = ({ ticketing }: Situation): boolean =>
  isUnpaid(ticketing?.reason as Parameters<typeof isUnpaid>[0])

/** The money was captured: tickets are issued, or the refund begins. */
function paymentCreated(situation: Situation): Verdict {
  const tickets = ticketsIn(situation)
  const payment = paymentIn(situation)
  switch (tickets) {
    case 'waiting':
    case 'issued':
    case 'confirmed':
      return payment === 'captured'
        ? already(`the tickets are ${tickets}`)
        : human(`the tickets are ${tickets}, the payment is ${payment}: was it captured?`)
    case 'refused':
    case 'void':
      return wasRefusedUnpaid(situation) && payment === 'captured'
        ? human('the tickets were refused as unpaid, but the money is captured: refund it?')
        : already(`the tickets are ${tickets}`)
    case 'tombstone':
    case 'none':
      break
    default:
      throw new TypeError(`unknown tickets ${tickets satisfies never}`)
  }
  if (payment !== 'captured') {
    return human(`it says captured, the payment is ${payment}: which is right?`)
  }
  if (tickets === 'tombstone') {
    return superseded('the seats were given up before: the tickets are refused, the money returned')
  }
  return fateOfSeats(situation)
}

/** Nothing was captured: the ticketing is closed and the seats come back. */
function paymentFailed(situation: Situation): Verdict {
  const tickets = ticketsIn(situation)
  const payment = paymentIn(situation)
  if (tickets === 'waiting' || tickets === 'issued' || tickets === 'confirmed') {
    return human(`it says that nothing was paid, but the tickets are ${tickets}: who is right?`)
  }
  if (payment !== 'failed') {
    return human(`it says that the payment failed, the payment is ${payment}: which is right?`)
  }
  if (tickets === 'refused' || tickets === 'void') return already(`the tickets are ${tickets}`)
  const status = statusIn(situation)
  if (status === 'confirmed') return human('the seats are sold, but nothing was paid')
  return status === 'paying'
    ? apply('the tickets are refused and the seats come back')
    : apply(`the tickets are refused; the reservation is ${status} already`)
}

/** The seat service's yes: issued tickets become confirmed. */
function seatConfirmed(situation: Situation): Verdict {
  const tickets = ticketsIn(situation)
  const status = statusIn(situation)
  switch (tickets) {
    case 'confirmed':
      return already('the tickets are confirmed')
    case 'issued':
      if (status === 'confirmed') {
        return paymentIn(situation) === 'captured'
          ? apply('the tickets are confirmed')
          : human(`the seats are sold, but the payment is ${paymentIn(situation)}`)
      }
      return status === 'refunding' || status === 'refunded'
        ? superseded(`the reservation is ${status} since: the tickets will be withdrawn`)
        : human(`it says that the seats are sold, the reservation is ${status}: which is right?`)
    case 'refused':
    case 'void':
      return status === 'confirmed'
        ? human(`the seats are sold, but the tickets are ${tickets}`)
        : already(`the tickets are ${tickets} since`)
    case 'waiting':
    case 'tombstone':
    case 'none':
      return human(`the seats are said to be sold, but the tickets are ${tickets}`)
    default:
      throw new TypeError(`unknown tickets ${tickets satisfies never}`)
  }
}

/** The seat service's no: what was issued becomes void, and captured money goes back. */
function seatCancelled(situation: Situation): Verdict {
  const tickets = ticketsIn(situation)
  const status = statusIn(situation)
  if (tickets === 'tombstone' || tickets === 'refused' || tickets === 'void') {
    return already(`the tickets are ${tickets}`)
  }
  if (status === 'confirmed' || status === 'paying' || status === 'held') {
    return human(`it says that the seats were given up, the reservation is ${status}: void it?`)
  }
  const payment = paymentIn(situation)
  if (tickets === 'none') {
    return payment === 'failed' || payment === 'refunding' || payment === 'refunded'
      ? apply('tickets that are asked for later will be refused')
      : superseded(`the payment is ${payment}: what is captured goes back instead of to tickets`)
  }
  return payment === 'captured'
    ? superseded(`the tickets are ${tickets}: they are withdrawn and the money returned`)
    : human(`the tickets are ${tickets}, but the payment is ${payment}`)
}
