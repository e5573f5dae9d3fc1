/**
 * What must always hold, and how everything may end. Each check looks at one side and what that
 * side can see of the other, so it is answered once per side and view, not once per world.
 */
import type { Conversation, NoticeInput, NoticeKind } from '../../notification/domain/notices.ts'
import type { Payment } from '../../payment/domain/paying.ts'
import type { Status } from '../../reservation/domain/transitions.ts'
import type { Laws } from './laws.ts'
import {
  describeMessage,
  isLive,
  type Message,
  type Side,
  type Standing,
  standingOf,
  type View,
} from './side.ts'

/** What is wrong with a state, in words; null when nothing is. */
export function faultOf(side: Side, view: View): string | null {
  const { payment, books } = side
  const { status, owns, isRefundAsked } = standingOf(side)
  if (isLive(side) && view.inTheWay !== 'none') return 'two live tickets for one seat'
  if (owns && view.isTaken) return 'two reservations own one seat'
  if (status && !SEATS_DUE[status].includes(owns)) {
    return `it is ${status}, but its seat is ${owns ?? 'not its own'}`
  }
  if (status === 'confirmed' && !isLive(side)) return 'it is confirmed without a live ticket'
  if (isAnnounced(side) && !isRefundAsked) {
    if (!isLive(side)) return 'it was told "confirmed", but its ticket is not live'
    if (view.isTaken) return 'it was told "confirmed", but another has its seat'
    if (status === 'refunding' || status === 'refunded' || status === 'cancelled') {
      return `it was told "confirmed", but is ${status} though nobody asked for a refund`
    }
  }
  if (books.captures > 1) return 'the money was captured twice'
  if (books.refunds > books.captures) return 'more refunds than captures'
  if (books.refunds > 0 && isLive(side)) return 'the money is back, but the ticket is live'
  if (payment?.state === 'refunded' && books.refunds === 0) return 'refunded without a refund'
  if (isLive(side) && books.captures === 0) return 'a live ticket that nobody paid'
  return null
}

/** What is wrong with a step, whatever comes of it; null when nothing is. */
export function stepFaultOf(before: Side, after: Side): string | null {
  const [was, is] = [standingOf(before), standingOf(after)]
  if (rankOf(is.status) < rankOf(was.status)) {
    return `its status goes back from ${was.status} to ${is.status}`
  }
  if (before.payment?.stop && mayBeCharged(after.payment)) {
    return 'its payment was told to stop, but may be charged again'
  }
  const isRefused = !isGone(before) && isGone(after)
  if (isRefused && is.owns && is.status !== 'refunding' && after.books.captures > 0) {
    return 'it holds the seat and has paid, but is refused the ticket'
  }
  return null
}

const rankOf = (status: Status | null): number => (status === null ? 0 : STATUS_RANKS[status])

const isGone = ({ ticket }: Side): boolean =>
  ticket?.state === 'refused' || ticket?.state === 'void'

/** True when nothing keeps a charger from making a first call. */
export const mayBeCharged = (payment: Payment | null): boolean =>
  payment === null ||
  payment.state === 'requested' ||
  (payment.state === 'charging' && !payment.stop)

/** How each status lets the reservation's seats be marked. */
const SEATS_DUE: Record<Status, readonly Standing['owns'][]> = {
  held: ['held'],
  paying: ['held'],
  confirmed: ['sold'],
  released: [null],
  expired: [null],
  cancelled: [null],
  refunding: ['sold', null],
  refunded: [null],
}

const isAnnounced = (side: Side): boolean =>
  side.words.some(({ topic }) => topic === 'seat_confirm') ||
  side.wordsAhead.some(({ topic }) => topic === 'seat_confirm')

/** One legal way to end. */
interface End {
  readonly payment: readonly (string | null)[]
  readonly ticket: readonly (string | null)[]
  readonly money: 'none' | 'kept' | 'returned'
  readonly says: readonly (NoticeKind | null)[]
}

const UNSOLD = { money: 'none' } as const
const NO_SALE: End = { payment: [null], ticket: [null], ...UNSOLD, says: [null, 'expired'] }

const ENDS: Record<string, readonly End[]> = {
  none: [NO_SALE],
  released: [NO_SALE],
  expired: [
    { ...NO_SALE, says: ['expired'] },
    { payment: ['failed'], ticket: ['refused'], ...UNSOLD, says: ['expired'] },
  ],
  cancelled: [
    { payment: ['failed'], ticket: ['refused'], ...UNSOLD, says: ['payment_failed', 'cancelled'] },
  ],
  confirmed: [
    {
      payment: ['captured'],
      ticket: ['confirmed'],
      money: 'kept',
      says: ['confirmed'],
    },
  ],
  refunded: [
    {
      payment: ['refunded'],
      ticket: ['refused', 'void'],
      money: 'returned',
      says: ['refunded'],
    },
  ],
}

/** How a side ended, in words. */
export function describeEnd(laws: Laws, side: Side): string {
  const said = lastWordsOf(laws, [...side.words, ...side.wordsAhead])
  const parts = [
    standingOf(side).status ?? 'none',
    side.payment && `payment ${side.payment.state}`,
    side.ticket && `ticket ${side.ticket.state}`,
    standingOf(side).isRefundAsked ? 'refund asked' : null,
    `last notice ${said.map((word) => word ?? 'none').join(' or ')}`,
  ]
  return parts.filter((part) => part !== null).join(', ')
}

/** What is wrong with a state in which nothing is owed any more; null when it is a legal end. */
export function endFaultOf(laws: Laws, side: Side): string | null {
  const { books } = side
  const { status } = standingOf(side)
  const money = books.captures === 0 ? 'none' : books.refunds === 0 ? 'kept' : 'returned'
  const end = ENDS[status ?? 'none']?.find(
    (each) =>
      each.payment.includes(side.payment?.state ?? null) &&
      each.ticket.includes(side.ticket?.state ?? null) &&
      each.money === money &&
      books.captures <= 1 &&
      books.refunds <= 1,
  )
  if (!end) {
    const parts = `payment ${side.payment?.state ?? 'none'}, ticket ${side.ticket?.state ?? 'none'}`
    return `it ends ${status ?? 'unknown'} with ${parts}, money ${money}`
  }
  const said = lastWordsOf(laws, [...side.words, ...side.wordsAhead])
  const untrue = said.find((word) => !end.says.includes(word))
  if (untrue === undefined) return null
  return `it ends ${status ?? 'unknown'}, but the last notice may say ${untrue ?? 'nothing'}`
}

/**
 * Everything that the last notice may be, when the words (oldest first) arrive in any order and
 * any number of times, and each has arrived at least once. Notification only listens: nothing in
 * the saga depends on it, so hearing everything at the end is as good as hearing it in between.
 */
export function lastWordsOf(laws: Laws, words: readonly Message[]): (NoticeKind | null)[] {
  const everything = (1 << words.length) - 1
  const inputs = words.map(noticeInputOf)
  interface Listener {
    heard: number
    said: NoticeKind | null
    conversation: Conversation | null
  }
  const start: Listener = { heard: 0, said: null, conversation: null }
  const seen = new Map([[JSON.stringify(start), start]])
  for (const listener of seen.values()) {
    inputs.forEach((input, index) => {
      const heard = listener.heard | (1 << index)
      const notice = laws.decideNotice(listener.conversation, input)
      const next: Listener = notice
        ? { heard, said: notice.say, conversation: notice.conversation }
        : { ...listener, heard }
      seen.set(JSON.stringify(next), next)
    })
  }
  const last = [...seen.values()].filter(({ heard }) => heard === everything)
  return [...new Set(last.map(({ said }) => said))]
}

function noticeInputOf(word: Message, index: number): NoticeInput {
  const logId = `${index + 1}-0`
  switch (word.topic) {
    case 'seat_confirm':
      return { topic: 'seat_confirm', logId }
    case 'seat_expired':
      return { topic: 'seat_expired', logId }
    case 'seat_cancel':
      return { topic: 'seat_cancel', logId, reason: word.reason }
    case 'payment_refund':
      return { topic: 'payment_refund' }
    default:
      throw new TypeError(`notification does not consume ${describeMessage(word)}`)
  }
}

/** A status only ever moves up this ladder. */
const STATUS_RANKS: Record<Status, number> = {
  held: 1,
  paying: 2,
  released: 3,
  expired: 3,
  cancelled: 3,
  confirmed: 4,
  refunding: 5,
  refunded: 6,
}
const PAYMENT_RANKS: Record<string, number> = {
  tombstone: 1,
  requested: 1,
  charging: 2,
  captured: 3,
  failed: 3,
  refunding: 4,
  refunded: 5,
}
const TICKET_RANKS: Record<string, number> = {
  tombstone: 1,
  waiting: 2,
  issued: 3,
  confirmed: 4,
  refused: 5,
  void: 5,
}
const CALL_RANKS = { none: 0, ready: 1, sent: 2, captured: 3, declined: 3 } as const
const CALL_OVER_RANK = 4

/**
 * How far a side has come. Every owed step must raise it; it is bounded, so once clients, faults
 * and chance stay quiet, every run ends, and the check of ends looks at how.
 */
export function progressOf(side: Side): number {
  const { payment, ticket, books } = side
  const { status, owns } = standingOf(side)
  const states =
    rankOf(status) +
    (payment ? (PAYMENT_RANKS[payment.state] ?? 0) : 0) +
    (ticket ? (TICKET_RANKS[ticket.state] ?? 0) : 0)
  const flags =
    Number(payment?.stop ?? false) +
    Number(side.isPayByPast) +
    Number(payment?.unanswered ?? false) +
    Math.min(books.captures + Number(books.isDeclined), 1) +
    Math.min(books.refunds, 1)
  const isCallOver =
    side.call === 'none' && payment?.state !== 'requested' && payment?.state !== 'charging'
  const call = isCallOver ? CALL_OVER_RANK : CALL_RANKS[side.call]
  const pending = side.mails.filter((mail) => !mail.isHandled).length
  return (
    states * 100_000 +
    flags * 10_000 +
    call * 1_000 -
    (owns ? 100 : 0) -
    side.entries.length * 10 -
    pending
  )
}
