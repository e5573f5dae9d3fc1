/** What may happen to a side's reservation in Redis. */
import type { Input, SeatEffect, Status, Transition } from '../../reservation/domain/transitions.ts'
import { reservationInputOf } from './inputs.ts'
import type { Laws } from './laws.ts'
import { write } from './log.ts'
import {
  describeMessage,
  handled,
  type Mail,
  type Message,
  type Move,
  type Side,
  type Standing,
  standingOf,
  UNTOUCHED,
  type View,
} from './side.ts'

/** What clients, operators and the clock may do to a reservation whenever its status allows. */
const OCCASIONS: readonly Input[] = [
  { type: 'checkout' },
  { type: 'release' },
  { type: 'cancel_show' },
  { type: 'refund' },
  { type: 'deadline' },
]

const ENDED: readonly (Status | null)[] = ['released', 'expired', 'cancelled', 'refunded']

/** All steps of the reservation of `side`. */
export function reservationMoves(laws: Laws, side: Side, view: View): Move[] {
  const moves = [...holding(laws, side, view), ...dropping(laws, side)]
  if (!side.isDropped) {
    const { status } = standingOf(side)
    for (const input of OCCASIONS) {
      const next = laws.transition(status, input)
      // Only a hold needs its deadline to end; what is being paid must end without it.
      const isOwed = input.type === 'deadline' && status === 'held'
      if (next) moves.push(moveOf(laws, side, next, { label: input.type, isOwed, input, view }))
    }
  }
  for (const mail of side.mails) {
    if (mail.to === 'reservation') moves.push(arrival(laws, side, view, mail))
  }
  return moves
}

/** Whether all seats of the reservation are free. */
const areSeatsFree = (side: Side, view: View): boolean => !view.isTaken && !standingOf(side).owns

/** An id lives once: a retry of its hold finds the record, in Redis or else in the projection. */
function holding(laws: Laws, side: Side, view: View): Move[] {
  const isUnknown = side.isDropped ? !laws.remembersEndedIds : standingOf(side).status === null
  const input: Input = { type: 'hold', seatsFree: areSeatsFree(side, view) }
  const next = isUnknown ? laws.transition(null, input) : null
  if (!next) return []
  const fresh: Side = side.isDropped
    ? { ...side, isDropped: false, projected: UNTOUCHED.projected }
    : side
  return [moveOf(laws, fresh, next, { label: 'hold', isOwed: false, input, view })]
}

/**
 * Redis drops ended records after a day, or a week. While messages load what is missing from the projection
 * and holds ask it too, a dropped record is as good as a kept one, so dropping is a step only
 * where one of these rules is away.
 */
function dropping(laws: Laws, side: Side): Move[] {
  if (laws.loadsFromProjection && laws.remembersEndedIds) return []
  const isOver = side.entries.length === 0 && ENDED.includes(side.projected.status)
  if (!isOver || side.isDropped) return []
  const label = 'Redis drops the ended record'
  return [{ label, isOwed: false, side: { ...side, isDropped: true } }]
}

/** A message reaches the seat service. */
function arrival(laws: Laws, side: Side, view: View, mail: Mail): Move {
  const label = `${describeMessage(mail.message)} reaches the seat service`
  const isOwed = !mail.isHandled
  const known = statusForMessage(laws, side)
  const input = reservationInputOf(mail.message, areSeatsFree(side, view))
  const next = known && laws.transition(known, input)
  const move = next
    ? moveOf(laws, { ...side, isDropped: false }, next, { label, isOwed, input, view })
    : { label: `${label}: no effect`, isOwed, side }
  // The tip of the log as seen after the script: what the offset waits for.
  const tip = view.lag + move.side.entries.length - side.entries.length
  return { ...move, side: handled(move.side, mail, laws.commitsBehindProjector ? tip : 0) }
}

/** The status that a handler finds, loading or recreating what Redis no longer has. */
function statusForMessage(laws: Laws, side: Side): Status | null {
  const { status } = standingOf(side)
  if (side.isDropped) return laws.loadsFromProjection ? status : null
  return status ?? (laws.recreatesUnknown ? 'expired' : null)
}

interface Occasion {
  label: string
  isOwed: boolean
  input: Input
  view: View
}

function moveOf(
  laws: Laws,
  side: Side,
  next: Transition,
  { label, isOwed, input, view }: Occasion,
): Move {
  const before = standingOf(side)
  const standing: Standing = {
    status: next.status,
    owns: markAfter(before.owns, next.seats),
    isRefundAsked: before.isRefundAsked || input.type === 'refund',
  }
  const message = announcementOf(before.status, next)
  const isChanged = standing.status !== before.status || standing.owns !== before.owns
  if (!isChanged && !message) return { label: `${label}: no effect`, isOwed, side }
  const change = isChanged ? `: ${before.status ?? 'none'} -> ${next.status}` : ''
  const fault = faultOfChange(before, next, input)
  return {
    label: `${label}${change}${message ? ` + ${describeMessage(message)}` : ''}`,
    isOwed,
    side: write(laws, side, { standing, message, canLose: view.canLose }),
    ...(fault && { fault }),
  }
}

function markAfter(before: Standing['owns'], effect: SeatEffect): Standing['owns'] {
  switch (effect) {
    case 'hold':
      return 'held'
    case 'sell':
      return 'sold'
    case 'free':
      return null
    case 'keep':
      return before
  }
}

/** A reservation that has its tickets, and its seats for the taking, must be confirmed. */
function faultOfChange(before: Standing, next: Transition, input: Input): string | null {
  if (input.type !== 'ticket_confirm' || next.status === 'confirmed') return null
  if (!before.owns && !input.seatsFree) return null
  return `it has tickets and could have its seats, but becomes ${next.status}`
}

function announcementOf(before: Status | null, next: Transition): Message | null {
  switch (next.publish) {
    case undefined:
      return null
    case 'seat_expired':
      return { topic: 'seat_expired', phase: before === 'held' ? 'held' : 'paying' }
    case 'seat_cancel':
      if (!next.reason) throw new TypeError('a seat_cancel carries a reason')
      return { topic: 'seat_cancel', reason: next.reason }
    default:
      return { topic: next.publish }
  }
}
