/**
 * One reservation on its way through the saga, by the pure decisions of the services themselves,
 * beside a rival who takes its seats when they come free. What each store would say of it can be
 * labelled, and what a message then really does can be watched: the ground truth of the labels.
 */
import { TOPIC_FACTS } from '../../contracts/asyncapi.ts'
import { logEventIdOf } from '../../contracts/ids.ts'
import { decodeMessage, type Message } from '../../contracts/message.ts'
import { type CancelReason, isUnpaid } from '../../contracts/payloads.ts'
import type { Topic } from '../../contracts/topics.ts'
import { type Conversation, decideNotice } from '../../notification/domain/notices.ts'
import { decidePayment, type Payment, type PaymentInput } from '../../payment/domain/paying.ts'
import { type Status, transition } from '../../reservation/domain/transitions.ts'
import { decideTickets, type Ticketing } from '../../ticket/domain/ticketing.ts'
import type { Situation } from '../labels/situation.ts'
import { SAMPLES } from './samples.ts'

export type Group = 'reservation' | 'payment' | 'ticket' | 'notification'

export interface Mail {
  /** Counts the messages: the later, the greater. */
  id: number
  topic: Topic
  group: Group
  reason?: CancelReason
}

export interface World {
  status: Status | null
  reason: CancelReason | null
  /** Redis: who owns the reservation's seats. */
  seats: 'own' | 'free' | 'taken'
  payment: Payment | null
  ticketing: Ticketing | null
  conversation: (Conversation & { said: string[] }) | null
  /** A live ticket of the rival on one of the seats. */
  rival: 'none' | 'issued' | 'confirmed'
  /** The payment window is over. */
  isLate: boolean
  /** What is still to be handled. */
  mail: Mail[]
  /** Captures and refunds that the provider made. */
  captures: number
  refunds: number
  clock: number
}

/** Just after checkout. `rival` is `issued` where a late payer of the same seats is in the way. */
export function checkedOut(rival: World['rival'] = 'none'): World {
  const world: World = {
    ...{ status: 'paying', reason: null, seats: 'own', payment: null, ticketing: null },
    ...{ conversation: null, rival, isLate: false, mail: [] },
    ...{ captures: 0, refunds: 0, clock: 0 },
  }
  return publish(world, 'payment_request')
}

function publish(world: World, topic: Topic, reason?: CancelReason): World {
  const id = world.clock + 1
  const mail = TOPIC_FACTS[topic].consumers.map((group) => ({
    ...{ id, topic, group: group as Group },
    ...(reason && { reason }),
  }))
  return { ...world, clock: id, mail: [...world.mail, ...mail] }
}

/** What happens when a group handles a message that it has not handled before. */
export function deliver(world: World, mail: Mail): World {
  const rest = { ...world, mail: world.mail.filter((one) => !isSame(one, mail)) }
  switch (mail.group) {
    case 'reservation':
      return toReservation(rest, mail)
    case 'payment':
      return pay(rest, paymentInputOf(mail))
    case 'ticket':
      return toTicket(rest, mail)
    case 'notification':
      return toNotification(rest, mail)
    default:
      throw new TypeError(`no group ${mail.group satisfies never}`)
  }
}

const isSame = (one: Mail, other: Mail): boolean => one.id === other.id && one.group === other.group

function toReservation(world: World, { topic, reason = 'seat_conflict' }: Mail): World {
  const seatsFree = world.seats !== 'taken'
  // Saga rule F7: what nobody knows is taken as expired.
  const from = world.status ?? 'expired'
  if (topic === 'ticket_confirm') return moved(world, transition(from, { type: topic, seatsFree }))
  if (topic === 'ticket_cancel') return moved(world, transition(from, { type: topic, reason }))
  if (topic === 'payment_refund') return moved(world, transition(from, { type: topic }))
  throw new TypeError(`the seat service does not listen to ${topic}`)
}

function moved(world: World, step: ReturnType<typeof transition>): World {
  if (!step) return world
  const own = world.seats === 'taken' ? 'taken' : 'own'
  const free = world.seats === 'taken' ? 'taken' : 'free'
  const seats = { hold: own, sell: own, free, keep: world.seats }[step.seats] as World['seats']
  const reason = step.reason ?? world.reason
  const after = { ...world, status: step.status, seats, reason }
  return step.publish ? publish(after, step.publish, step.reason) : after
}

function paymentInputOf({ topic, reason = 'seat_conflict' }: Mail): PaymentInput {
  if (topic === 'payment_request') return { type: topic }
  if (topic === 'seat_expired') return { type: topic, phase: 'paying' }
  if (topic === 'ticket_cancel') return { type: topic, reason }
  throw new TypeError(`payment does not listen to ${topic}`)
}

export function pay(world: World, input: PaymentInput): World {
  const decision = decidePayment(world.payment, input)
  if (!decision) return world
  const after = {
    ...world,
    payment: decision.payment,
    captures: world.captures + (input.type === 'captured' ? 1 : 0),
    refunds: world.refunds + (input.type === 'provider_refunded' ? 1 : 0),
  }
  const { publish: said } = decision
  if (!said) return after
  return publish(after, said.topic, 'reason' in said ? said.reason : world.ticketing?.reason)
}

function toTicket(world: World, { topic, reason = 'seat_conflict' }: Mail): World {
  if (topic === 'payment_create') return ticket(world, { type: topic, inTheWay: world.rival })
  if (topic === 'seat_confirm') return ticket(world, { type: topic })
  if (topic === 'seat_cancel') return ticket(world, { type: topic, reason })
  if (topic === 'payment_fail' && isUnpaid(reason)) return ticket(world, { type: topic, reason })
  throw new TypeError(`ticket does not listen to ${topic} ${reason}`)
}

export function ticket(world: World, input: Parameters<typeof decideTickets>[1]): World {
  const decision = decideTickets(world.ticketing, input)
  if (!decision) return world
  const { state, reason, publish: said } = decision
  const after = { ...world, ticketing: { state, ...(reason && { reason }) } }
  return said ? publish(after, said.topic, 'reason' in said ? said.reason : undefined) : after
}

function toNotification(world: World, { id, topic, reason = 'seat_conflict' }: Mail): World {
  const logId = `${id}-0`
  const input =
    topic === 'payment_refund'
      ? { topic }
      : topic === 'seat_cancel'
        ? { topic, logId, reason }
        : { topic: topic as 'seat_confirm' | 'seat_expired', logId }
  const decision = decideNotice(world.conversation, input)
  if (!decision) return world
  const said = [...new Set([...(world.conversation?.said ?? []), decision.say])]
  return { ...world, conversation: { ...decision.conversation, said } }
}

/** The deadline of a paying reservation. */
export const expire = (world: World): World =>
  moved({ ...world, isLate: true }, transition(world.status, { type: 'deadline' }))

export const cancelShow = (world: World): World =>
  moved(world, transition(world.status, { type: 'cancel_show' }))

const messages = new Map<string, Message>()

/** The message as it would lie in a dead letter. */
export function messageOf(mail: Mail): Message {
  const key = `${mail.id} ${mail.topic} ${mail.reason}`
  const known = messages.get(key) ?? makeMessage(mail)
  messages.set(key, known)
  return known
}

function makeMessage({ id, topic, reason }: Mail): Message {
  const sample = structuredClone(SAMPLES[topic])
  const isOfTheLog = topic.startsWith('seat_') || topic === 'payment_request'
  sample.id = isOfTheLog ? logEventIdOf(7, `${id}-0`) : `message-${id}`
  if (reason) sample.data.payload.reason = reason
  if (topic === 'payment_request') sample.data.payload.payBy = new Date(PAY_BY_MS).toISOString()
  const decoded = decodeMessage(topic, JSON.stringify(sample))
  if (!decoded.ok) throw new TypeError(decoded.reason)
  return decoded.message
}

const PAY_BY_MS = 2_000_000

/** What the stores say to an operator who looks at the mail. */
export function situationOf(world: World, mail: Mail): Situation {
  const { status, reason, payment, ticketing, conversation, seats, rival, isLate } = world
  const { amount, seatIds, showId, customerId } = messageOf(mail).payload
  return {
    nowMs: isLate ? PAY_BY_MS + 1 : PAY_BY_MS - 1,
    // The seat service keeps no inbox: its scripts are idempotent.
    isHandled: mail.group !== 'reservation' && !world.mail.some((one) => isSame(one, mail)),
    ...{ dealtWith: null, unknown: null },
    reservation: status && { status, reason, showId, customerId, amount, seatIds },
    payment: payment && {
      state: payment.state,
      detail: payment.stop ? 'told to stop' : '',
      amount,
    },
    ticketing: ticketing && { state: ticketing.state, reason: ticketing.reason ?? null },
    conversation: conversation && { lastLogId: conversation.lastLogId, said: conversation.said },
    seats,
    taken: seats === 'taken' ? [{ seatId: seatIds[0] as string, by: 'held' }] : [],
    inTheWay: rival,
  }
}
