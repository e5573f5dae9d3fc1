/** What may happen to a side's payment: in its row, in the charger's calls, and at the provider. */
import type { Payment, PaymentDecision } from '../../payment/domain/paying.ts'
import { paymentInputOf } from './inputs.ts'
import { mayBeCharged } from './invariants.ts'
import type { Laws } from './laws.ts'
import {
  type Books,
  describeMessage,
  handled,
  type Message,
  type Move,
  publish,
  type Side,
} from './side.ts'

type Outcome = 'captured' | 'declined'
const OUTCOMES: readonly Outcome[] = ['captured', 'declined']

/** All steps of the payment of `side`. */
export function paymentMoves(laws: Laws, side: Side): Move[] {
  return [
    ...arrivals(laws, side),
    ...charging(laws, side),
    ...calling(laws, side),
    ...callsAdrift(laws, side),
    ...webhooks(laws, side),
    ...refunding(laws, side),
  ]
}

function arrivals(laws: Laws, side: Side): Move[] {
  return side.mails
    .filter((mail) => mail.to === 'payment')
    .map((mail) => {
      const decision = laws.decidePayment(side.payment, paymentInputOf(mail.message))
      const after = settled(side, decision)
      const fault = faultOfArrival(side, after, mail.message)
      return {
        label: `${describeMessage(mail.message)} reaches payment${effectOf(side, decision)}`,
        isOwed: !mail.isHandled,
        side: handled(after, mail),
        ...(fault && { fault }),
      }
    })
}

/** What is wrong with what a message brought about, or did not. */
function faultOfArrival(side: Side, after: Side, message: Message): string | null {
  const isCharging = after.payment?.state === 'charging'
  if (isCharging && side.payment?.state !== 'charging') return 'no charger started its charge'
  const isExpiry = message.topic === 'seat_expired' && message.phase === 'paying'
  if (!isExpiry || !mayBeCharged(after.payment)) return null
  return 'its seats are given up, but nothing stops a new charge'
}

/** From the row to a call that is ready to be made, or to giving up. */
function charging(laws: Laws, side: Side): Move[] {
  switch (side.payment?.state) {
    case 'requested':
      return side.isPayByPast ? givingUp(laws, side) : [payByPassing(side), ...taking(laws, side)]
    case 'charging':
      return side.call === 'none' ? [sweeping(laws, side)] : []
    default:
      return []
  }
}

const payByPassing = (side: Side): Move => ({
  label: 'payBy passes',
  isOwed: false,
  side: { ...side, isPayByPast: true },
})

function givingUp(laws: Laws, side: Side): Move[] {
  const decision = laws.decidePayment(side.payment, { type: 'pay_by_passed' })
  if (!decision) return []
  const label = `the row is too old to be charged${effectOf(side, decision)}`
  return [{ label, isOwed: true, side: settled(side, decision) }]
}

function taking(laws: Laws, side: Side): Move[] {
  if (side.call !== 'none') return []
  if (!laws.commitsChargingFirst) {
    const label = 'a charger takes the row without a commit'
    return [{ label, isOwed: true, side: { ...side, call: 'ready' } }]
  }
  const decision = laws.decidePayment(side.payment, { type: 'charge' })
  if (!decision) return []
  const label = `a charger takes the row${effectOf(side, decision)}`
  return [{ label, isOwed: true, side: { ...settled(side, decision), call: 'ready' } }]
}

/**
 * The sweep finds a charging row with nobody alive who waits for an answer. A call may have been
 * made that nobody will hear of, so it counts as one without an answer; then the same key again.
 */
function sweeping(laws: Laws, side: Side): Move {
  const lost = laws.countsLostCalls ? laws.decidePayment(side.payment, { type: 'no_answer' }) : null
  const label = 'the sweep takes the row, to ask again with the same key'
  return { label, isOwed: true, side: { ...settled(side, lost), call: 'ready' } }
}

/** The call that a charger makes and waits for. */
function calling(laws: Laws, side: Side): Move[] {
  switch (side.call) {
    case 'none':
      return []
    case 'ready':
      return [
        { label: 'the provider is called', isOwed: true, side: { ...side, call: 'sent' } },
        { label: 'the charger crashes before its call', isOwed: false, side: hungUp(laws, side) },
      ]
    case 'sent':
      return [
        ...OUTCOMES.flatMap((outcome) => processed(laws, side, outcome)),
        refusal(laws, side),
        { label: 'no answer to the call', isOwed: false, side: hungUp(laws, side) },
      ]
    case 'captured':
    case 'declined': {
      const decision = decideOutcome(laws, side.payment, side.call)
      return [
        {
          label: `the provider answers ${side.call}${effectOf(side, decision)}`,
          isOwed: true,
          side: { ...settled(side, decision), call: 'none' },
        },
        { label: `the answer (${side.call}) is lost`, isOwed: false, side: hungUp(laws, side) },
      ]
    }
  }
}

/** The provider does what a call asks; a key it has seen gets the answer it got before. */
function processed(laws: Laws, side: Side, outcome: Outcome): Move[] {
  const books = bookings(laws, side.books, outcome)
  if (!books) return []
  const label = books === side.books ? 'the provider knows the key' : `the provider: ${outcome}`
  return [{ label, isOwed: true, side: adrift(laws, { ...side, books, call: outcome }, false) }]
}

/** The provider refuses to do anything, which proves only that this one call did nothing. */
function refusal(laws: Laws, side: Side): Move {
  const decision = side.payment && laws.decidePayment(side.payment, { type: 'refused' })
  return {
    label: `the provider refuses the call${effectOf(side, decision)}`,
    isOwed: false,
    side: { ...settled(side, decision), call: 'none' },
  }
}

/** A call that nobody waits for reaches the provider after all. */
function callsAdrift(laws: Laws, side: Side): Move[] {
  if (!side.isCallAdrift) return []
  return OUTCOMES.flatMap((outcome) => {
    const books = bookings(laws, side.books, outcome)
    if (!books) return []
    const after: Side = { ...side, books, isCallAdrift: false }
    return [{ label: `the late call reaches the provider: ${outcome}`, isOwed: false, side: after }]
  })
}

/** The provider tells the outcome by webhook: at any time, as often as it likes. */
function webhooks(laws: Laws, side: Side): Move[] {
  return OUTCOMES.flatMap((outcome) => {
    if (outcome === 'captured' ? side.books.captures === 0 : !side.books.isDeclined) return []
    const decision = laws.decidePayment(side.payment, { type: outcome })
    if (!decision) return []
    const label = `a webhook says ${outcome}${effectOf(side, decision)}`
    return [{ label, isOwed: false, side: hungUp(laws, settled(side, decision)) }]
  })
}

function refunding(laws: Laws, side: Side): Move[] {
  const { payment, books } = side
  if (payment?.state !== 'refunding') return []
  const steps: Move[] = []
  if (books.refunds === 0 || (!laws.hasFixedKeys && books.refunds < 2)) {
    const after: Side = { ...side, books: { ...books, refunds: books.refunds + 1 } }
    steps.push({ label: 'the provider refunds', isOwed: books.refunds === 0, side: after })
  }
  if (books.refunds > 0) {
    const decision = laws.decidePayment(payment, { type: 'provider_refunded' })
    const label = `the provider answers refunded${effectOf(side, decision)}`
    steps.push({ label, isOwed: true, side: settled(side, decision) })
  }
  return steps
}

/** The books after one more execution of the call; null when the key says otherwise. */
function bookings(laws: Laws, books: Books, outcome: Outcome): Books | null {
  const decided = books.captures > 0 ? 'captured' : books.isDeclined ? 'declined' : null
  if (decided && laws.hasFixedKeys) return decided === outcome ? books : null
  if (outcome === 'declined') return { ...books, isDeclined: true }
  return { ...books, captures: Math.min(books.captures + 1, 2) }
}

/** Without F1 the row still says `requested` when the outcome comes. */
function decideOutcome(
  laws: Laws,
  payment: Payment | null,
  outcome: Outcome,
): PaymentDecision | null {
  if (laws.commitsChargingFirst || payment?.state !== 'requested') {
    return laws.decidePayment(payment, { type: outcome })
  }
  const charge = laws.decidePayment(payment, { type: 'charge' })
  return charge && laws.decidePayment(charge.payment, { type: outcome })
}

/** Nobody waits for the call any more: a crash, a time-out, or an outcome learned elsewhere. */
const hungUp = (laws: Laws, side: Side): Side =>
  adrift(laws, { ...side, call: 'none' }, side.call === 'sent')

/** With one key for all calls, a late call changes nothing once the provider has decided. */
function adrift(laws: Laws, side: Side, isOneMoreAdrift: boolean): Side {
  const isDecided = side.books.captures > 0 || side.books.isDeclined
  const isOpen = !(laws.hasFixedKeys && isDecided)
  return { ...side, isCallAdrift: isOpen && (side.isCallAdrift || isOneMoreAdrift) }
}

function settled(side: Side, decision: PaymentDecision | null): Side {
  if (!decision) return side
  const isPayByPast = side.isPayByPast && decision.payment.state === 'requested'
  const changed: Side = { ...side, payment: decision.payment, isPayByPast }
  return decision.publish ? publish(changed, decision.publish) : changed
}

function effectOf(side: Side, decision: PaymentDecision | null): string {
  if (!decision) return ': no effect'
  const before = side.payment?.state ?? 'none'
  const { state } = decision.payment
  const change = before === state ? ` (${state})` : `: ${before} -> ${state}`
  return decision.publish ? `${change} + ${describeMessage(decision.publish)}` : change
}
