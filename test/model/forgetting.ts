/**
 * When a message has become meaningless to its consumer: whatever else happens to the consumer's
 * own state, handling it will change nothing. Such a message is forgotten by the model.
 *
 * Why that is sound: its arrival is a step from a state to itself and stays one for ever, so a run
 * with it and the run without it pass through the same states; and "it has not arrived yet" keeps
 * nothing from ending, for it can arrive at once. What can still become of the consumer's state is
 * over-estimated (every input may come at any time), so a message is never forgotten too early.
 */
import type { Payment } from '../../payment/domain/paying.ts'
import type { Status } from '../../reservation/domain/transitions.ts'
import type { Ticketing } from '../../ticket/domain/ticketing.ts'
import {
  BOOLEANS,
  PAYMENT_INPUTS,
  paymentInputOf,
  RESERVATION_INPUTS,
  reservationInputOf,
  TICKET_INPUTS,
  ticketInputOf,
  WAYS,
} from './inputs.ts'
import type { Laws } from './laws.ts'
import { describeMessage, type Mail, type Message, type Side } from './side.ts'

/** Everything that `start` can still become. */
function futuresOf<S>(start: S, next: (state: S) => (S | undefined)[]): S[] {
  const seen = new Map([[JSON.stringify(start), start]])
  for (const state of seen.values()) {
    for (const after of next(state)) {
      if (after !== undefined) seen.set(JSON.stringify(after), after)
    }
  }
  return [...seen.values()]
}

/** Whether a reservation in `status` may ever change because of `message`. */
function canMoveReservation(laws: Laws, status: Status, message: Message): boolean {
  const futures = futuresOf<Status>(status, (state) =>
    RESERVATION_INPUTS.map((input) => laws.transition(state, input)?.status),
  )
  return futures.some((state) =>
    BOOLEANS.some((seatsFree) => laws.transition(state, reservationInputOf(message, seatsFree))),
  )
}

function canMovePayment(laws: Laws, payment: Payment | null, message: Message): boolean {
  const futures = futuresOf<Payment | null>(payment, (state) =>
    PAYMENT_INPUTS.map((input) => laws.decidePayment(state, input)?.payment),
  )
  return futures.some((state) => laws.decidePayment(state, paymentInputOf(message)))
}

function canMoveTickets(laws: Laws, ticket: Ticketing | null, message: Message): boolean {
  const futures = futuresOf<Ticketing | null>(ticket, (known) =>
    TICKET_INPUTS.map((input) => {
      const decision = laws.decideTickets(known, input)
      return decision ? ticketingOf(decision) : undefined
    }),
  )
  return futures.some((state) =>
    WAYS.some((way) => laws.decideTickets(state, ticketInputOf(message, way))),
  )
}

/** The part of a ticket decision that later decisions look at. */
export const ticketingOf = ({ state, reason }: Ticketing): Ticketing =>
  state === 'tombstone' && reason ? { state, reason } : { state }

/**
 * Makes the function that drops a side's meaningless mails. A loss of Redis may bring back every
 * standing since the last projected one, and takes what SQL does not know, so a mail must be
 * meaningless to all of those, and is none while SQL does not know the reservation.
 */
export function createForgetting(laws: Laws): (side: Side) => Side {
  const answers = new Map<string, boolean>()

  function ask(key: string, answer: () => boolean): boolean {
    const known = answers.get(key)
    if (known !== undefined) return known
    const found = answer()
    answers.set(key, found)
    return found
  }

  const canMove = (status: Status | null, message: Message): boolean =>
    status === null ||
    status === 'held' ||
    ask(`${status}|${describeMessage(message)}`, () => canMoveReservation(laws, status, message))

  function matters(side: Side, { to, message }: Mail): boolean {
    const text = describeMessage(message)
    switch (to) {
      case 'reservation':
        return [side.projected, ...side.entries.map(({ standing }) => standing)].some(
          ({ status }) => canMove(status, message),
        )
      case 'payment':
        return ask(`payment ${JSON.stringify(side.payment)}|${text}`, () =>
          canMovePayment(laws, side.payment, message),
        )
      case 'ticket':
        return ask(`ticket ${JSON.stringify(side.ticket)}|${text}`, () =>
          canMoveTickets(laws, side.ticket, message),
        )
    }
  }

  return (side) => {
    const mails = side.mails.filter((mail) => matters(side, mail))
    return mails.length === side.mails.length ? side : { ...side, mails }
  }
}
