/**
 * One side of the model: everything that is about one reservation, in every service. Sides meet
 * only in the seats and in the table of live tickets, so a side is explored as a value of its own
 * and a world is a few of them.
 */
import type { CancelReason, PaymentFailure } from '../../contracts/payloads.ts'
import type { Payment } from '../../payment/domain/paying.ts'
import type { Status } from '../../reservation/domain/transitions.ts'
import type { InTheWay, Ticketing } from '../../ticket/domain/ticketing.ts'

/** What the model keeps of a message: all that a handler's decision depends on. */
export type Message =
  | { topic: 'payment_request' }
  | { topic: 'payment_create' }
  | { topic: 'payment_fail'; reason: PaymentFailure }
  | { topic: 'ticket_confirm' }
  | { topic: 'ticket_cancel'; reason: CancelReason }
  | { topic: 'seat_confirm' }
  | { topic: 'seat_cancel'; reason: CancelReason }
  | { topic: 'seat_expired'; phase: 'held' | 'paying' }
  | { topic: 'payment_refund' }

export type Consumer = 'reservation' | 'payment' | 'ticket'

/** Who consumes what, but for notification, which only listens. */
const CONSUMERS: Record<Message['topic'], readonly Consumer[]> = {
  payment_request: ['payment'],
  payment_create: ['ticket'],
  payment_fail: ['ticket'],
  ticket_confirm: ['reservation'],
  ticket_cancel: ['reservation', 'payment'],
  seat_confirm: ['ticket'],
  seat_cancel: ['ticket'],
  seat_expired: ['payment'],
  payment_refund: ['reservation'],
}

/** A published message on its way to a consumer: it may arrive at any time, and repeatedly. */
export interface Mail {
  readonly to: Consumer
  readonly message: Message
  /** It has been handled and need not arrive again, though it still may. */
  readonly isHandled: boolean
  /** Its offset is not committed before the projector has passed so many entries more. */
  readonly entriesToPass: number
}

/** What Redis says of a reservation. */
export interface Standing {
  readonly status: Status | null
  /** How its seats are marked as its own; null when they are not. */
  readonly owns: 'held' | 'sold' | null
  /** Somebody used the refund feature: the one way out of confirmed. */
  readonly isRefundAsked: boolean
}

/** An entry that the projector has not seen: what it made of the reservation, and its message. */
export interface Entry {
  readonly standing: Standing
  readonly message: Message | null
}

/** A charger's call: `ready` to be made, `sent`, or answered with the answer under way. */
export type Call = 'none' | 'ready' | 'sent' | 'captured' | 'declined'

/** The provider's own books about the payment. */
export interface Books {
  readonly captures: number
  readonly refunds: number
  readonly isDeclined: boolean
}

export interface Side {
  /** As of the last log entry that the projector has seen. */
  readonly projected: Standing
  /** What happened in Redis since then, oldest first. */
  readonly entries: readonly Entry[]
  /** Redis dropped the record 24 h after its end. */
  readonly isDropped: boolean
  readonly payment: Payment | null
  /** The requested payment may not be charged any more. */
  readonly isPayByPast: boolean
  readonly call: Call
  /** A call that nobody waits for any more may still reach the provider. */
  readonly isCallAdrift: boolean
  readonly books: Books
  readonly ticket: Ticketing | null
  readonly mails: readonly Mail[]
  /** What notification hears, oldest first by log id; payment_refund has no log id. */
  readonly words: readonly Message[]
  /** Words whose log ids are ahead of all that come: only when a rebuild forgot to move the log. */
  readonly wordsAhead: readonly Message[]
}

/** What a side can see of the rest of the world. */
export interface View {
  /** A seat of it belongs to another reservation. */
  readonly isTaken: boolean
  /** The strongest live ticket of another reservation on one of its seats. */
  readonly inTheWay: InTheWay
  /** Length of the log's part that the projector has not seen. */
  readonly lag: number
  /** Redis may still lose what it has. */
  readonly canLose: boolean
}

/** One possible step of a side. */
export interface Move {
  readonly label: string
  /**
   * True for steps that the system owes (a delivery, a deadline, an answer): in the end they
   * happen. False for what a client, a fault or chance may do or leave.
   */
  readonly isOwed: boolean
  readonly side: Side
  /** What is wrong with the step itself, whatever comes of it. */
  readonly fault?: string
}

export const UNTOUCHED: Side = {
  projected: { status: null, owns: null, isRefundAsked: false },
  entries: [],
  isDropped: false,
  payment: null,
  isPayByPast: false,
  call: 'none',
  isCallAdrift: false,
  books: { captures: 0, refunds: 0, isDeclined: false },
  ticket: null,
  mails: [],
  words: [],
  wordsAhead: [],
}

/** What Redis says now. */
export const standingOf = (side: Side): Standing => side.entries.at(-1)?.standing ?? side.projected

export const isLive = (side: Side): boolean =>
  side.ticket?.state === 'issued' || side.ticket?.state === 'confirmed'

export const describeMessage = (message: Message): string => {
  if ('reason' in message) return `${message.topic}{${message.reason}}`
  return 'phase' in message ? `${message.topic}{${message.phase}}` : message.topic
}

const keyOfStanding = ({ status, owns, isRefundAsked }: Standing): string =>
  `${status ?? '-'}${owns ? `+${owns}` : ''}${isRefundAsked ? '!' : ''}`

const keyOfMail = ({ to, message, isHandled, entriesToPass }: Mail): string =>
  `${to}<${describeMessage(message)}${isHandled ? `*${entriesToPass}` : ''}`

const keyOfEntry = ({ standing, message }: Entry): string =>
  `${keyOfStanding(standing)}>${message ? describeMessage(message) : ''}`

/** Equal sides have equal keys, and only they. The order of mails is no part of a side. */
export function keyOfSide(side: Side): string {
  const { payment, books, ticket } = side
  return [
    keyOfStanding(side.projected),
    side.entries.map(keyOfEntry).join(' '),
    Number(side.isDropped),
    payment && `${payment.state}${payment.stop ? '!' : ''}${payment.unanswered ? '?' : ''}`,
    Number(side.isPayByPast),
    side.call,
    Number(side.isCallAdrift),
    `${books.captures}-${books.refunds}${books.isDeclined ? 'd' : ''}`,
    ticket && `${ticket.state}:${ticket.reason ?? ''}`,
    side.mails.map(keyOfMail).sort().join(' '),
    side.words.map(describeMessage).join(' '),
    side.wordsAhead.map(describeMessage).join(' '),
  ].join('|')
}

const isWord = (message: Message): boolean =>
  message.topic.startsWith('seat_') || message.topic === 'payment_refund'

/** Puts a message on its way to everybody who consumes it, and into notification's ears. */
export function publish(side: Side, message: Message): Side {
  const text = describeMessage(message)
  const others = side.mails.filter((mail) => describeMessage(mail.message) !== text)
  const mails = CONSUMERS[message.topic].map(
    (to): Mail => ({ to, message, isHandled: false, entriesToPass: 0 }),
  )
  if (!isWord(message)) return { ...side, mails: [...others, ...mails] }
  // The same word twice says no more than its later one, and so the list cannot grow for ever.
  const words = side.words.filter((word) => describeMessage(word) !== text)
  return { ...side, mails: [...others, ...mails], words: [...words, message] }
}

/** Notes that a mail was handled for the first time. */
export function handled(side: Side, mail: Mail, entriesToPass = 0): Side {
  if (mail.isHandled) return side
  const done: Mail = { ...mail, isHandled: true, entriesToPass }
  return { ...side, mails: side.mails.map((each) => (each === mail ? done : each)) }
}
