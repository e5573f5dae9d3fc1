/**
 * Small mistakes in the pure functions, made systematically: every entry of every table is
 * forgotten, silenced, given another effect on the seats, or replaced by what another state does.
 * The model is worth its price if it notices; main.ts --mutants lists what it does not.
 */
import { CANCEL_REASONS } from '../../contracts/payloads.ts'
import type { Payment } from '../../payment/domain/paying.ts'
import { type SeatEffect, STATUSES } from '../../reservation/domain/transitions.ts'
import type { Ticketing } from '../../ticket/domain/ticketing.ts'
import { type Exploration, explore } from './explore.ts'
import { PAYMENT_INPUTS, RESERVATION_INPUTS, TICKET_INPUTS } from './inputs.ts'
import { LAWS, type Laws } from './laws.ts'

export interface Mutant {
  /** Table, state and input. */
  readonly place: string
  readonly name: string
  readonly laws: Laws
}

const SEAT_EFFECTS: readonly SeatEffect[] = ['hold', 'sell', 'free', 'keep']

const plain = (state: Payment['state']): Payment => ({ state, stop: false, unanswered: false })

const PAYMENTS: readonly (Payment | null)[] = [
  null,
  plain('tombstone'),
  plain('requested'),
  plain('charging'),
  { state: 'charging', stop: true, unanswered: false },
  { state: 'charging', stop: false, unanswered: true },
  { state: 'charging', stop: true, unanswered: true },
  plain('captured'),
  plain('failed'),
  plain('refunding'),
  plain('refunded'),
]

const TICKETINGS: readonly (Ticketing | null)[] = [
  null,
  ...CANCEL_REASONS.map((reason) => ({ state: 'tombstone', reason }) as const),
  { state: 'waiting' },
  { state: 'issued' },
  { state: 'confirmed' },
  { state: 'refused' },
  { state: 'void' },
]

/**
 * All mutants of the three state machines, but for places that no run ever comes to: what a table
 * says there is beyond any test.
 */
export function mutants(): Mutant[] {
  const asked = placesAsked()
  const all = [...reservationMutants(), ...paymentMutants(), ...ticketMutants()]
  return all.filter(({ place }) => asked.has(place))
}

/** Where the tables are looked at in the course of all runs. */
function placesAsked(): Set<string> {
  const asked = new Set<string>()
  const listening =
    <S, I, D>(name: string, decide: (state: S, input: I) => D) =>
    (state: S, input: I): D => {
      asked.add(placeOf(name, state, input))
      return decide(state, input)
    }
  const laws: Laws = {
    ...LAWS,
    transition: listening('reservation', LAWS.transition),
    decidePayment: listening('payment', LAWS.decidePayment),
    decideTickets: listening('ticket', LAWS.decideTickets),
  }
  explore({ laws, forgetsBy: LAWS })
  return asked
}

/**
 * Mutants that must not be noticed, since what they do is as good. A mutant that is not noticed
 * for none of these reasons shows a hole in the model.
 */
const HARMLESS: readonly { pattern: RegExp; because: string }[] = [
  {
    pattern:
      /^reservation ("held" on {"type":"checkout"}: seats hold|"confirmed" on .*: seats sell)$/,
    because: 'the seats are marked like that already',
  },
  {
    pattern:
      /^reservation "(expired|cancelled)" on .*(e":false|"ticket_c.*|d")}: seats (free|keep)$/,
    because: 'it owns no seats to free or keep',
  },
  {
    pattern: /^reservation (null|"released") on {"type":"release"}: acts as in "held"$/,
    because: 'releasing nothing leaves a record that owns nothing',
  },
  {
    pattern: /^reservation "refunding" on {"type":"ticket_cancel".*: (forgets it|seats keep)$/,
    because: 'payment_refund, which follows, frees the seats; only later',
  },
  {
    pattern:
      /^reservation "(exp|canc).* on {"type":"ticket_cancel".*: (forg|says|acts .*"refunding"$)/,
    because: 'payment_refund, which follows, leads to the same end; only later, and untold',
  },
  {
    pattern: /^reservation "cancelled" on {"type":"ticket_confirm","seatsFree":false}: acts/,
    because: 'the refund is under way already',
  },
  {
    pattern: /^reservation "refunded" on {"type":"payment_refund"}: acts/,
    because: 'it becomes what it is',
  },
  {
    pattern: /^payment null on {"type":"seat_expired","phase":"paying"}: acts as in {"state":"requ/,
    because: 'it fails before the request instead of with it',
  },
  {
    pattern: /^payment {"state":"charging",.*,"unanswered":true} on {"type":"seat_expired".*: forg/,
    because: 'after an unanswered call a refusal means nothing, whether to stop or not',
  },
  {
    pattern: /^payment {"state":"charging",.* on {"type":"(seat_expired"|no_answer").*: acts as in/,
    because: 'being told to stop, or thinking that a call is lost, is only more careful',
  },
  {
    pattern:
      /^payment {"state":"charging",.*,"unanswered":false} on {"type":"refused"}: forgets it/,
    because: 'it asks again at once instead of later',
  },
  {
    pattern:
      /^payment {.*"stop":false,"unanswered":false} on {"type":"refused"}: acts .*"stop":true/,
    because: 'it gives up at the first refusal',
  },
  {
    pattern: /^payment {"state":"(captured|failed)".* on {"type":"(captured|declined)"}: acts/,
    because: 'it says again what it has said',
  },
  {
    pattern: /^ticket (null|{"state":"tombstone".*) on {"type":"payment_create".*: acts/,
    because: 'the ticket is refused all the same; only the reason differs',
  },
  {
    pattern: /^ticket {"state":"tombstone".* on {"type":"payment_fail".*: says nothing$/,
    because: 'the tombstone says that the reservation has ended',
  },
  {
    pattern: /^ticket {"state":"(waiting|issued)"} on {"type":"seat_cancel".*: acts/,
    because: 'refused and void tickets are equally dead',
  },
]

/** Why it is right that nobody notices a mutant; null when it is not. */
export const excuseOf = ({ name }: Mutant): string | null =>
  HARMLESS.find(({ pattern }) => pattern.test(name))?.because ?? null

/** Whether the model tells a mutant from the real thing: by a violation, or by an end not met. */
export function isNoticed(laws: Laws): boolean {
  const found = explore({ laws })
  return found.violation !== null || endingsOf(found) !== legalEndings()
}

const endingsOf = ({ endings }: Exploration): string => [...endings.keys()].sort().join('\n')

let legal: string | undefined

function legalEndings(): string {
  legal ??= endingsOf(explore())
  return legal
}

const placeOf = (name: string, state: unknown, input: unknown): string =>
  `${name} ${key(state)} on ${key(input)}`

const key = (value: unknown): string => JSON.stringify(value)

/** One table as data: how to ask it, and how to put another answer in one place. */
interface Table<S, I, D> {
  readonly name: string
  readonly states: readonly S[]
  readonly inputs: readonly I[]
  decide(state: S, input: I): D | null
  /** Other answers that a slip of the pen might give. */
  slips(decision: D): { what: string; decision: D }[]
  lawsWith(decide: (state: S, input: I) => D | null): Laws
}

function mutantsOf<S, I, D>(table: Table<S, I, D>): Mutant[] {
  const found: Mutant[] = []
  for (const state of table.states) {
    for (const input of table.inputs) {
      const real = table.decide(state, input)
      const answers = new Map<string, { what: string; decision: D | null }>()
      const offer = (what: string, decision: D | null) => {
        const id = key(decision)
        if (id !== key(real) && !answers.has(id)) answers.set(id, { what, decision })
      }
      offer('forgets it', null)
      if (real) for (const { what, decision } of table.slips(real)) offer(what, decision)
      for (const other of table.states) {
        offer(`acts as in ${key(other)}`, table.decide(other, input))
      }
      for (const { what, decision } of answers.values()) {
        const place = placeOf(table.name, state, input)
        found.push({
          place,
          name: `${place}: ${what}`,
          laws: table.lawsWith((at, given) =>
            key(at) === key(state) && key(given) === key(input)
              ? decision
              : table.decide(at, given),
          ),
        })
      }
    }
  }
  return found
}

function reservationMutants(): Mutant[] {
  return mutantsOf({
    name: 'reservation',
    states: [null, ...STATUSES],
    inputs: RESERVATION_INPUTS,
    decide: LAWS.transition,
    slips: (real) => [
      ...SEAT_EFFECTS.map((seats) => ({ what: `seats ${seats}`, decision: { ...real, seats } })),
      ...(real.publish
        ? [{ what: 'says nothing', decision: { status: real.status, seats: real.seats } }]
        : []),
    ],
    lawsWith: (transition) => ({ ...LAWS, transition }),
  })
}

function paymentMutants(): Mutant[] {
  return mutantsOf({
    name: 'payment',
    states: PAYMENTS,
    inputs: PAYMENT_INPUTS,
    decide: LAWS.decidePayment,
    slips: ({ payment, publish }) =>
      publish ? [{ what: 'says nothing', decision: { payment } }] : [],
    lawsWith: (decidePayment) => ({ ...LAWS, decidePayment }),
  })
}

function ticketMutants(): Mutant[] {
  return mutantsOf({
    name: 'ticket',
    states: TICKETINGS,
    inputs: TICKET_INPUTS,
    decide: LAWS.decideTickets,
    slips: ({ state, reason, publish }) =>
      publish ? [{ what: 'says nothing', decision: { state, ...(reason && { reason }) } }] : [],
    lawsWith: (decideTickets) => ({ ...LAWS, decideTickets }),
  })
}
