import { describe, expect, it } from 'vitest'
import {
  decidePayment,
  PAYMENT_STATES,
  type Payment,
  type PaymentInput,
  type PaymentState,
} from './paying.ts'

const payment = (state: PaymentState, flags: Partial<Payment> = {}): Payment => ({
  state,
  stop: false,
  unanswered: false,
  ...flags,
})

/** Every input there is; ticket_cancel of each kind, seat_expired of both phases. */
const INPUTS = {
  payment_request: { type: 'payment_request' },
  'seat_expired held': { type: 'seat_expired', phase: 'held' },
  'seat_expired paying': { type: 'seat_expired', phase: 'paying' },
  pay_by_passed: { type: 'pay_by_passed' },
  charge: { type: 'charge' },
  captured: { type: 'captured' },
  declined: { type: 'declined' },
  refused: { type: 'refused' },
  no_answer: { type: 'no_answer' },
  'ticket_cancel paid': { type: 'ticket_cancel', reason: 'late_payment' },
  'ticket_cancel unpaid': { type: 'ticket_cancel', reason: 'payment_declined' },
  provider_refunded: { type: 'provider_refunded' },
} as const satisfies Record<string, PaymentInput>
type InputName = keyof typeof INPUTS
const INPUT_NAMES = Object.keys(INPUTS) as InputName[]

const CHARGING = payment('charging')
const STOPPED = payment('charging', { stop: true })
const UNANSWERED = payment('charging', { unanswered: true })
const STOPPED_UNANSWERED = payment('charging', { stop: true, unanswered: true })

const SITUATIONS: Record<string, Payment | null> = {
  none: null,
  tombstone: payment('tombstone'),
  requested: payment('requested'),
  charging: CHARGING,
  'charging, stop': STOPPED,
  'charging, unanswered': UNANSWERED,
  'charging, stop, unanswered': STOPPED_UNANSWERED,
  captured: payment('captured'),
  failed: payment('failed'),
  refunding: payment('refunding'),
  refunded: payment('refunded'),
}

const UNAVAILABLE = {
  payment: payment('failed'),
  publish: { topic: 'payment_fail', reason: 'payment_unavailable' },
}
const DECLINED = {
  payment: payment('failed'),
  publish: { topic: 'payment_fail', reason: 'payment_declined' },
}
const CAPTURED = { payment: payment('captured'), publish: { topic: 'payment_create' } }
const becomes = (next: Payment) => ({ payment: next })

/** The whole table. What is not listed changes nothing and says nothing. */
const TABLE: Record<string, Partial<Record<InputName, unknown>>> = {
  none: {
    payment_request: becomes(payment('requested')),
    'seat_expired paying': becomes(payment('tombstone')),
  },
  tombstone: { payment_request: UNAVAILABLE },
  requested: {
    charge: becomes(CHARGING),
    'seat_expired paying': UNAVAILABLE,
    pay_by_passed: UNAVAILABLE,
  },
  charging: {
    captured: CAPTURED,
    declined: DECLINED,
    'seat_expired paying': becomes(STOPPED),
    refused: becomes(payment('requested')),
    no_answer: becomes(UNANSWERED),
  },
  'charging, stop': {
    captured: CAPTURED,
    declined: DECLINED,
    refused: UNAVAILABLE,
    no_answer: becomes(STOPPED_UNANSWERED),
  },
  'charging, unanswered': {
    captured: CAPTURED,
    declined: DECLINED,
    'seat_expired paying': becomes(STOPPED_UNANSWERED),
  },
  'charging, stop, unanswered': { captured: CAPTURED, declined: DECLINED },
  captured: {
    'ticket_cancel paid': becomes(payment('refunding')),
    'ticket_cancel unpaid': becomes(payment('refunding')),
  },
  failed: {},
  refunding: {
    provider_refunded: { payment: payment('refunded'), publish: { topic: 'payment_refund' } },
  },
  refunded: {},
}

describe('decidePayment', () => {
  it('is tried in every state', () => {
    const tried = new Set(Object.values(SITUATIONS).map((one) => one?.state))
    expect([...PAYMENT_STATES].filter((state) => !tried.has(state))).toEqual([])
    expect(Object.keys(TABLE)).toEqual(Object.keys(SITUATIONS))
  })

  for (const [name, known] of Object.entries(SITUATIONS)) {
    for (const input of INPUT_NAMES) {
      const expected = TABLE[name]?.[input] ?? null
      it(`${expected ? 'follows the table' : 'changes nothing'}: ${name}, ${input}`, () => {
        expect(decidePayment(known, INPUTS[input])).toEqual(expected)
      })
    }
  }

  it('never touches the payment it was given', () => {
    for (const known of Object.values(SITUATIONS)) {
      const before = structuredClone(known)
      for (const input of INPUT_NAMES) decidePayment(known, INPUTS[input])
      expect(known).toEqual(before)
    }
  })

  it('refuses a state that it does not know', () => {
    const broken = payment('melted' as PaymentState)
    expect(() => decidePayment(broken, { type: 'charge' })).toThrow(TypeError)
  })
})
