import { describe, expect, test } from 'vitest'
import { decidePayment } from '../../payment/domain/paying.ts'
import { transition } from '../../reservation/domain/transitions.ts'
import { decideTickets } from '../../ticket/domain/ticketing.ts'
import { HABITS, RULES, SPARE, WITHOUT } from './breaches.ts'
import { type Exploration, explore } from './explore.ts'
import { LAWS, type Laws } from './laws.ts'
import { describeSize, describeViolation } from './trace.ts'

/** Every way a reservation may end; each must be met, or the exploration has missed something. */
const ENDINGS = [
  'cancelled, payment failed, ticket refused, last notice cancelled',
  'cancelled, payment failed, ticket refused, last notice payment_failed',
  'confirmed, payment captured, ticket confirmed, last notice confirmed',
  'expired, last notice expired',
  'expired, payment failed, ticket refused, last notice expired',
  'none, last notice none',
  'refunded, payment refunded, ticket refused, last notice refunded',
  'refunded, payment refunded, ticket void, last notice refunded',
  'refunded, payment refunded, ticket void, refund asked, last notice refunded',
  'released, last notice none',
]

const print = (text: string) => process.stdout.write(`${text}\n`)

function expectNoViolation(title: string, found: Exploration): void {
  print(`${title}: ${describeSize(found)}`)
  if (found.violation) print(describeViolation(found.model, found.violation))
  expect(found.violation).toBeNull()
}

/** What the violation says; its shortest run is printed for the reader. */
function expectViolation(title: string, found: Exploration): string {
  if (!found.violation) throw new Error(`${title}: nothing was found in ${describeSize(found)}`)
  print(`\n${title}\n${describeViolation(found.model, found.violation)}`)
  return found.violation.says
}

describe('the saga, with all rules in force', () => {
  test.each([0, 1, 2])(
    'ends well for two over one seat, Redis lost up to %i times',
    (lossesMax) => {
      const found = explore({ lossesMax })
      expectNoViolation(`two over one seat, losses: ${lossesMax}`, found)
      expect([...found.endings.keys()].sort()).toEqual(ENDINGS)
    },
  )

  test('does not need the messages about reservations that SQL does not know', () => {
    const found = explore({ laws: SPARE['unknown ignored'].laws })
    expectNoViolation('a message about an unknown reservation is ignored', found)
  })

  test('does not need the projection of reservations that ended before checkout', () => {
    const found = explore({ laws: { ...LAWS, projectsHeldEnds: false } })
    expectNoViolation('held reservations that ended are not projected', found)
  })
})

describe('the saga, with one rule taken away', () => {
  const expected = {
    F1: 'it holds the seat and has paid, but is refused the ticket',
    F2: 'it holds the seat and has paid, but is refused the ticket',
    F3: 'it ends cancelled with payment refunded, ticket refused, money returned',
    F4: 'it holds the seat and has paid, but is refused the ticket',
    F5: 'it ends unknown with payment failed, ticket refused, money none',
    F6: 'it ends paying with payment failed, ticket refused, money none',
    F7: 'it holds the seat and has paid, but is refused the ticket',
    F8: 'it ends confirmed, but the last notice may say expired',
    F9: 'it holds the seat and has paid, but is refused the ticket',
  }

  test.each(RULES)('goes wrong without %s', (rule) => {
    const says = expectViolation(
      `without ${rule}: ${WITHOUT[rule].says}`,
      explore({ without: rule }),
    )
    expect(says).toContain(expected[rule])
  })

  test.each([
    { rule: 'F1', seeks: 'money kept' },
    { rule: 'F5', seeks: 'told "confirmed", but another has its seat' },
    { rule: 'F6', seeks: 'money kept' },
  ] as const)('goes as far wrong without $rule as: $seeks', ({ rule, seeks }) => {
    expectViolation(`without ${rule}, at its worst`, explore({ without: rule, seeks }))
  })

  test.each(Object.entries(HABITS))('goes wrong with the habit: %s', (_, { says, laws }) => {
    const { violation } = explore({ laws })
    print(`${says}: ${violation?.trace.length} steps => ${violation?.says}`)
    expect(violation).not.toBeNull()
  })
})

/** Mistakes that are easily made; main.ts --mutants tries every place of the tables. */
const MISTAKES: Record<string, Partial<Laws>> = {
  'a requested payment ignores that payBy has passed': {
    decidePayment: (payment, input) =>
      input.type === 'pay_by_passed' ? null : decidePayment(payment, input),
  },
  'a payment that is being charged is given up when the seats expire': {
    decidePayment: (payment, input) =>
      payment?.state === 'charging' && input.type === 'seat_expired'
        ? decidePayment({ ...payment, state: 'requested' }, input)
        : decidePayment(payment, input),
  },
  'an early seat_expired leaves no tombstone': {
    decidePayment: (payment, input) =>
      payment === null && input.type === 'seat_expired' ? null : decidePayment(payment, input),
  },
  'an early seat_cancel leaves no tombstone': {
    decideTickets: (known, input) =>
      known === null && input.type === 'seat_cancel' ? null : decideTickets(known, input),
  },
  'a refund is answered by no message': {
    decidePayment: (payment, input) => {
      const decision = decidePayment(payment, input)
      return decision && input.type === 'provider_refunded'
        ? { payment: decision.payment }
        : decision
    },
  },
  'tickets are issued whatever is in the way': {
    decideTickets: (known, input) =>
      decideTickets(known, 'inTheWay' in input ? { ...input, inTheWay: 'none' } : input),
  },
  'a waiting ticket is never decided again': {
    decideTickets: (known, input) =>
      input.type === 'way_changed' ? null : decideTickets(known, input),
  },
  'a seat_confirm does not confirm the tickets': {
    decideTickets: (known, input) =>
      input.type === 'seat_confirm' ? null : decideTickets(known, input),
  },
  'an expired reservation takes its seats back without looking': {
    transition: (status, input) =>
      transition(status, 'seatsFree' in input ? { ...input, seatsFree: true } : input),
  },
  'an expired reservation never takes its seats back': {
    transition: (status, input) =>
      status === 'expired' && input.type === 'ticket_confirm' ? null : transition(status, input),
  },
  'an expired reservation in paying keeps its seats': {
    transition: (status, input) => {
      const next = transition(status, input)
      return next && input.type === 'deadline' ? { ...next, seats: 'keep' } : next
    },
  },
  'a reservation is confirmed without a word': {
    transition: (status, input) => {
      const next = transition(status, input)
      return next?.publish === 'seat_confirm' ? { status: next.status, seats: next.seats } : next
    },
  },
}

describe('the model, given a mistake in a pure function', () => {
  test.each(Object.entries(MISTAKES))('notices that %s', (mistake, change) => {
    const { violation } = explore({ laws: { ...LAWS, ...change } })
    print(`${mistake}: ${violation?.trace.length} steps => ${violation?.says}`)
    expect(violation).not.toBeNull()
  })
})
