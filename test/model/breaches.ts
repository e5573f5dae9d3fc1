/**
 * Laws that are broken on purpose. Each rule F1-F9 of docs/ARCHITECTURE.md can be taken away, to
 * see what it is there for; so can habits that the rules leave between the lines.
 */
import { decideNotice } from '../../notification/domain/notices.ts'
import { decidePayment } from '../../payment/domain/paying.ts'
import { transition } from '../../reservation/domain/transitions.ts'
import { decideTickets, type TicketInput } from '../../ticket/domain/ticketing.ts'
import { LAWS, type Laws } from './laws.ts'

export const RULES = ['F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9'] as const
export type Rule = (typeof RULES)[number]

/** What somebody does wrong, and the laws that are left. */
export interface Breach {
  readonly says: string
  readonly laws: Laws
}

const REFUND_COURSE: ReadonlySet<string> = new Set(['ticket_cancel', 'payment_refund'])

/** Every ticket in the way looks like a confirmed one. */
const withoutPatience = (input: TicketInput): TicketInput =>
  'inTheWay' in input && input.inTheWay !== 'none' ? { ...input, inTheWay: 'confirmed' } : input

/** The laws without one of the rules F1-F9. */
export const WITHOUT: Record<Rule, Breach> = {
  F1: {
    says: 'the provider is called while the payment is only requested, and may be given up',
    laws: { ...LAWS, commitsChargingFirst: false },
  },
  F2: {
    says: "a ticket that is only issued refuses the seat's holder",
    laws: {
      ...LAWS,
      decideTickets: (known, input) => decideTickets(known, withoutPatience(input)),
    },
  },
  F3: {
    says: "expired and cancelled reservations ignore the refund's course",
    laws: {
      ...LAWS,
      transition: (status, input) =>
        (status === 'expired' || status === 'cancelled') && REFUND_COURSE.has(input.type)
          ? null
          : transition(status, input),
    },
  },
  F4: {
    says: 'a cancelled reservation takes a late ticket_confirm as an expired one does',
    laws: {
      ...LAWS,
      transition: (status, input) =>
        status === 'cancelled' && input.type === 'ticket_confirm'
          ? transition('expired', input)
          : transition(status, input),
    },
  },
  F5: {
    says: 'Kafka is fed from the log before SQL has it',
    laws: { ...LAWS, publishesThroughSql: false },
  },
  F6: {
    says: 'the seat service commits an offset when the script has run',
    laws: { ...LAWS, commitsBehindProjector: false },
  },
  F7: {
    says: 'a rebuild forgets that a reservation in refunding still owns its seats',
    laws: { ...LAWS, restoresRefunding: false },
  },
  F8: {
    says: 'every notice is sent as it comes',
    laws: { ...LAWS, decideNotice: (_, input) => decideNotice(null, input) },
  },
  F9: {
    says: 'a refund frees the seats at once',
    laws: {
      ...LAWS,
      transition: (status, input) => {
        const next = transition(status, input)
        return next && input.type === 'refund' ? { ...next, seats: 'free' } : next
      },
    },
  },
}

/** Other ways to go wrong: halves of rules, and habits that go without saying. */
export const HABITS = {
  'refusal after silence': {
    says: 'F1: a refusal is believed although an earlier call is unanswered',
    laws: {
      ...LAWS,
      decidePayment: (payment, input) =>
        decidePayment(
          payment && input.type === 'refused' ? { ...payment, unanswered: false } : payment,
          input,
        ),
    },
  },
  'crash forgotten': {
    says: 'F1: the sweep calls again without noting that a call may have been lost in a crash',
    laws: { ...LAWS, countsLostCalls: false },
  },
  'fresh keys': {
    says: 'every call to the provider has a new idempotency key',
    laws: { ...LAWS, hasFixedKeys: false },
  },
  'offsets compared by id': {
    says: 'F6: after a lost tail, newer entries release the offsets that waited for lost ones',
    laws: { ...LAWS, startsOverAfterLoss: false },
  },
  'dropped records': {
    says: 'F7: a message about a reservation that Redis dropped after 24 h is ignored',
    laws: { ...LAWS, loadsFromProjection: false },
  },
  'second life': {
    says: 'a hold does not ask SQL whether its id has lived and was dropped after 24 h',
    laws: { ...LAWS, remembersEndedIds: false },
  },
  'log restarted': {
    says: 'a rebuild does not move the log past the ids that SQL has seen',
    laws: { ...LAWS, movesLogForward: false },
  },
} satisfies Record<string, Breach>
export type Habit = keyof typeof HABITS

/** Laws that may be broken: the others make up for it. */
export const SPARE = {
  'unknown ignored': {
    says: 'F7: a message about a reservation that SQL does not know is ignored',
    laws: { ...LAWS, recreatesUnknown: false },
  },
} satisfies Record<string, Breach>
