/**
 * What would happen if a dead letter were handled now: the tables of the saga, read by an operator
 * who has not sent it yet. Pure: the message and the situation in, a label and its reason out.
 *
 *   apply             it would change something, and nothing speaks against it
 *   already applied   it would change nothing
 *   superseded        the seats went elsewhere: it would end in a refund
 *   invalid           it would fail again
 *   human             money or seats are in doubt: what the stores say does not fit together
 */
import { TOPIC_FACTS } from '../../contracts/asyncapi.ts'
import type { Message } from '../../contracts/message.ts'
import { isSameMoney } from '../../contracts/payloads.ts'
import { amountInWords } from '../cli/words.ts'
import { labelNotice } from './labelNotice.ts'
import { labelPayment } from './labelPayment.ts'
import { labelReservation } from './labelReservation.ts'
import { labelTicket } from './labelTicket.ts'
import { already, human, invalid, type Situation, type Verdict } from './situation.ts'

/** A dead letter as far as its label depends on it. */
export interface Labelled {
  /** The group that gave up; null when the record does not say. */
  group: string | null
  /** The message, or why it cannot be read. */
  content: { ok: true; message: Message } | { ok: false; fault: string; reason: string }
}

/** The label of a dead letter. `situation` is null when the letter names no reservation. */
export function label(letter: Labelled, situation: Situation | null): Verdict {
  const { group, content } = letter
  if (situation?.dealtWith) return already(situation.dealtWith)
  if (group === null) {
    return invalid('the record does not say which group gave up, so nobody can be asked again')
  }
  if (!content.ok) return invalid(`${content.fault}: ${content.reason}`)
  const { message } = content
  if (!isListening(message, group)) {
    return isKnownGroup(group)
      ? invalid(`${group} does not listen to ${message.topic}`)
      : human(`${group} is not a part of Holdfast: may it handle this message now?`)
  }
  if (situation === null) throw new TypeError(`no situation for ${message.id}`)
  return labelKnown(group, message, situation)
}

const isListening = ({ topic }: Message, group: string): boolean =>
  TOPIC_FACTS[topic].consumers.includes(group)

const isKnownGroup = (group: string): boolean =>
  Object.values(TOPIC_FACTS).some(({ consumers }) => consumers.includes(group))

function labelKnown(group: string, message: Message, situation: Situation): Verdict {
  if (situation.isHandled) return already(`${group} has handled it in the meantime`)
  const refusal = refusalOf(group, message, situation)
  if (refusal) return refusal
  const doubt = doubtAbout(message, situation)
  if (doubt) return doubt
  switch (group) {
    case 'ticket':
      return labelTicket(message, situation)
    case 'reservation':
      return labelReservation(message, situation)
    case 'payment':
      return labelPayment(message, situation)
    case 'notification':
      return labelNotice(message, situation)
    default:
      throw new TypeError(`no table for the group ${group}`)
  }
}

/** What the handlers refuse with an error, however often they are asked. */
function refusalOf(group: string, { topic, payload }: Message, situation: Situation) {
  const { unknown, reservation } = situation
  if (topic === 'payment_request' && Number.isNaN(Date.parse(payload.payBy))) {
    return invalid(`payBy ${payload.payBy} is no time`)
  }
  const isForgotten = reservation === null
  if (unknown && (isForgotten || unknown.what.startsWith('shard')) && group !== 'notification') {
    return invalid(`there is no ${unknown.what}`)
  }
  if (group === 'reservation' && reservation && reservation.showId !== payload.showId) {
    return invalid(
      `it names the show ${payload.showId}, its reservation is of ${reservation.showId}`,
    )
  }
  return null
}

/** A message that contradicts what its reservation or payment says of itself. */
function doubtAbout({ payload }: Message, { reservation, payment }: Situation): Verdict | null {
  const says = `it says ${amountInWords(payload.amount)}`
  if (reservation && reservation.showId !== payload.showId) {
    return human(`it names the show ${payload.showId}, its reservation is of ${reservation.showId}`)
  }
  if (reservation && !isSameMoney(reservation.amount, payload.amount)) {
    return human(`${says}, the reservation ${amountInWords(reservation.amount)}: which is right?`)
  }
  if (payment && !isSameMoney(payment.amount, payload.amount)) {
    return human(`${says}, the payment ${amountInWords(payment.amount)}: which is right?`)
  }
  const customerId = reservation?.customerId
  if (customerId && customerId !== payload.customerId) {
    return human(`it is about ${payload.customerId}, its reservation is of ${customerId}`)
  }
  const seats = reservation?.seatIds
  if (seats && !isSameSet(seats, payload.seatIds)) {
    return human(
      `it names the seats ${payload.seatIds.join(', ')}, its reservation ${seats.join(', ')}`,
    )
  }
  return null
}

const isSameSet = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one) => others.includes(one))
