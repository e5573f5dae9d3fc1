/** Charging, and its reverse. Both are safe to repeat: a reservation has one payment. */
import { failpoint } from '../../../platform/failpoints.ts'
import { ChargeRequest, paymentIdOf, RefundRequest } from '../api.ts'
import { internalPost, json, type Reply, type Route, refusal } from '../http/http.ts'
import type { Payment, PaymentBook } from './book.ts'
import type { Provider } from './provider.ts'

/** Calls made for one request: the second asks what became of a first that was not answered. */
const ASKS_MAX = 2

export function paymentRoutes({
  book,
  provider,
}: {
  book: PaymentBook
  provider: Provider
}): Route[] {
  const charging = new Charging(book, provider)
  return [
    internalPost('/charges', ChargeRequest, (request) => charging.charge(request)),
    internalPost('/refunds', RefundRequest, (request) => charging.refund(request)),
  ]
}

class Charging {
  readonly #book: PaymentBook
  readonly #provider: Provider

  constructor(book: PaymentBook, provider: Provider) {
    this.#book = book
    this.#provider = provider
  }

  async charge({ reservationId, showId, amount, token }: ChargeRequest): Promise<Reply> {
    const paymentId = paymentIdOf(reservationId)
    // Committed before the provider is asked: a crash in between leaves a trace.
    const { payment, isNew } = await this.#book.open({
      ...{ paymentId, reservationId, showId, state: 'charging', amount, token },
    })
    failpoint('payment.before-charge')
    return replyOf(payment.state === 'charging' ? await this.#settle(payment, isNew) : payment)
  }

  async refund({ reservationId, showId }: RefundRequest): Promise<Reply> {
    const paymentId = paymentIdOf(reservationId)
    const { payment: known } = await this.#book.open({
      ...{ paymentId, reservationId, showId, state: 'stopped' },
      ...{ amount: { currency: 'XXX', value: 0 }, token: '' },
    })
    let payment = known.state === 'charging' ? await this.#settle(known, false) : known
    if (payment.state === 'captured')
      payment = await this.#book.change(payment, { to: 'refunding' })
    if (payment.state === 'refunding') payment = await this.#return(payment)
    switch (payment.state) {
      case 'stopped':
      case 'failed':
        return json(200, { status: 'none' })
      case 'refunded':
        return json(200, { status: 'refunded' })
      default:
        return refusal(504, 'outcome-unknown')
    }
  }

  /** Asks the provider until it is known what became of a charge, but not for ever. */
  async #settle(payment: Payment, isNew: boolean): Promise<Payment> {
    // A refusal proves nothing once a call of the same key may have been lost.
    let mayHaveRun = !isNew
    for (let ask = 1; ask <= ASKS_MAX; ask++) {
      const outcome = await this.#provider.charge(payment)
      if (outcome.type === 'captured') {
        failpoint('payment.after-charge')
        return this.#book.change(payment, { to: 'captured', providerRef: outcome.providerRef })
      }
      if (outcome.type === 'declined') {
        return this.#book.change(payment, { to: 'failed', reason: 'payment_declined' })
      }
      if (outcome.type === 'refused' && !mayHaveRun) {
        return this.#book.change(payment, { to: 'failed', reason: 'payment_unavailable' })
      }
      mayHaveRun = true
    }
    return payment
  }

  async #return(payment: Payment): Promise<Payment> {
    const outcome = await this.#provider.refund(payment)
    if (outcome.type === 'unknown') return payment
    return this.#book.change(payment, { to: 'refunded', refundRef: outcome.refundRef })
  }
}

function replyOf({ state, paymentId, reason }: Payment): Reply {
  switch (state) {
    case 'captured':
      return json(201, { status: 'captured', paymentId })
    case 'failed':
      return reason === 'payment_declined'
        ? refusal(402, 'payment-declined')
        : refusal(503, 'not-charged')
    case 'charging':
      return refusal(504, 'outcome-unknown')
    default:
      return refusal(409, 'payment-stopped')
  }
}
