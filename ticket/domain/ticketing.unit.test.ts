import { describe, expect, it } from 'vitest'
import { CANCEL_REASONS, type CancelReason, PAYMENT_FAILURES } from '../../contracts/payloads.ts'
import {
  decideTickets,
  type InTheWay,
  TICKET_STATES,
  type TicketDecision,
  type TicketInput,
  type Ticketing,
} from './ticketing.ts'

const WAYS: readonly InTheWay[] = ['none', 'issued', 'confirmed']

const INPUTS: readonly TicketInput[] = [
  ...WAYS.map((inTheWay) => ({ type: 'payment_create' as const, inTheWay })),
  ...PAYMENT_FAILURES.map((reason) => ({ type: 'payment_fail' as const, reason })),
  { type: 'seat_confirm' },
  ...CANCEL_REASONS.map((reason) => ({ type: 'seat_cancel' as const, reason })),
  ...WAYS.map((inTheWay) => ({ type: 'way_changed' as const, inTheWay })),
]

const STATES: readonly (Ticketing | null)[] = [
  null,
  ...TICKET_STATES.filter((state) => state !== 'tombstone').map((state) => ({ state })),
  ...CANCEL_REASONS.map((reason) => ({ state: 'tombstone' as const, reason })),
]

const said = (input: TicketInput): string =>
  `${input.type}${'inTheWay' in input ? ` (${input.inTheWay} in the way)` : ''}${
    'reason' in input ? ` (${input.reason})` : ''
  }`

const nameOf = (known: Ticketing | null): string =>
  known ? `${known.state}${known.reason ? ` (${known.reason})` : ''}` : 'none'

/** The reason a paid ticket is withdrawn with: never one that says that nothing was paid. */
const PAID: Record<CancelReason, CancelReason> = {
  payment_declined: 'late_payment',
  payment_unavailable: 'late_payment',
  late_payment: 'late_payment',
  seat_conflict: 'seat_conflict',
  show_cancelled: 'show_cancelled',
}

const cancelled = (state: 'refused' | 'void', reason: CancelReason): TicketDecision => ({
  state,
  reason,
  publish: { topic: 'ticket_cancel', reason },
})

const issued: TicketDecision = { state: 'issued', publish: { topic: 'ticket_confirm' } }

/** The table, written a second time and flat; a pair that is not in it changes nothing. */
function expected(known: Ticketing | null, input: TicketInput): TicketDecision | null {
  const reason = 'reason' in input ? input.reason : null
  switch (`${known?.state ?? 'none'} + ${input.type}`) {
    case 'none + payment_create': {
      const { inTheWay } = input as { inTheWay: InTheWay }
      if (inTheWay === 'none') return issued
      return inTheWay === 'issued' ? { state: 'waiting' } : cancelled('refused', 'seat_conflict')
    }
    case 'none + payment_fail':
    case 'tombstone + payment_fail':
      return cancelled('refused', reason as CancelReason)
    case 'none + seat_cancel':
      return { state: 'tombstone', reason: reason as CancelReason }
    case 'tombstone + payment_create':
      return cancelled('refused', PAID[known?.reason as CancelReason])
    case 'waiting + way_changed': {
      const { inTheWay } = input as { inTheWay: InTheWay }
      if (inTheWay === 'none') return issued
      return inTheWay === 'issued' ? null : cancelled('refused', 'seat_conflict')
    }
    case 'waiting + seat_cancel':
      return cancelled('refused', PAID[reason as CancelReason])
    case 'issued + seat_confirm':
      return { state: 'confirmed' }
    case 'issued + seat_cancel':
    case 'confirmed + seat_cancel':
      return cancelled('void', PAID[reason as CancelReason])
    default:
      return null
  }
}

const cases = STATES.flatMap((known) =>
  INPUTS.map((input) => ({ from: nameOf(known), on: said(input), known, input })),
)

describe('decideTickets', () => {
  it.each(cases)('$from, $on: follows the table', ({ known, input }) => {
    expect(decideTickets(known, input)).toEqual(expected(known, input))
  })

  it('never lets a paid ticket be withdrawn with a reason that says unpaid', () => {
    for (const { known, input } of cases) {
      if (input.type === 'payment_fail') continue
      const publish = decideTickets(known, input)?.publish
      if (publish?.topic === 'ticket_cancel') {
        expect(PAYMENT_FAILURES).not.toContain(publish.reason)
      }
    }
  })

  it('says something exactly when the tickets come to stand or fall', () => {
    for (const { known, input } of cases) {
      const decision = decideTickets(known, input)
      if (!decision) continue
      const isSpoken = ['issued', 'refused', 'void'].includes(decision.state)
      expect(decision.publish !== undefined).toBe(isSpoken)
    }
  })
})
