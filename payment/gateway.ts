/**
 * The port to a payment provider. A provider is one file in gateways/ that carries out this
 * interface, and one line in service.ts that builds it.
 *
 * What matters most is that the four answers are told apart:
 *
 *   captured, declined   the provider's final word about this idempotency key
 *   refused              the provider certainly did nothing with this call: the call never left,
 *                        or the provider said so in words of its own. It may be made again.
 *   no_answer            anything may have happened: the same key is asked again until it is known
 *
 * When in doubt it is no_answer: a refusal that is wrongly believed loses a buyer's money.
 */
import type { Money } from '../contracts/payloads.ts'
import type { Component } from '../platform/lifecycle.ts'

export interface ChargeOrder {
  /** Also the idempotency key. */
  paymentId: string
  reservationId: string
  amount: Money
  token: string
  traceparent?: string
}

export interface RefundOrder {
  /** Also the idempotency key. */
  refundId: string
  reservationId: string
  /** What the capture's receipt said. */
  providerRef: string
  amount: Money
  traceparent?: string
}

/** What the provider says about money that it moved. */
export interface Receipt {
  /** The provider's own id, 1 to 128 characters. */
  providerRef: string
  amount: Money
  /** Milliseconds since 1970, by the provider's clock. */
  atMs: number
}

/** `garbled`: an answer that cannot be right (another amount). Treated as no_answer, and loud. */
export type Unclear = { type: 'refused' | 'no_answer' | 'garbled'; detail: string }
export type ChargeAnswer = { type: 'captured'; receipt: Receipt } | { type: 'declined' } | Unclear
export type RefundAnswer = { type: 'refunded'; receipt: Receipt } | Unclear

/** An outcome that the provider tells of by itself. */
export type ProviderEvent =
  | { type: 'captured'; reservationId: string; receipt: Receipt }
  | { type: 'declined'; reservationId: string; amount: Money }
  | { type: 'refunded'; reservationId: string; receipt: Receipt }

export type WebhookReading =
  | { type: 'events'; events: ProviderEvent[]; ignored: number }
  | { type: 'unsigned'; detail: string }
  | { type: 'malformed'; detail: string }

export interface WebhookRequest {
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  rawBody: Buffer
  nowMs: number
}

export interface PaymentGateway extends Component {
  /** Charges. Never throws, and answers within the time it was built with. */
  charge(order: ChargeOrder): Promise<ChargeAnswer>
  /** Returns captured money. Never throws. */
  refund(order: RefundOrder): Promise<RefundAnswer>
  /** Checks who sent a webhook, then reads it. Events of other merchants are counted, not read. */
  readWebhook(request: WebhookRequest): WebhookReading
}
