/** The gateway to the sandbox provider (payment/sandbox), as a model for gateways to real ones. */
import { isSameMoney, type Money } from '../../contracts/payloads.ts'
import type {
  ChargeAnswer,
  ChargeOrder,
  PaymentGateway,
  ProviderEvent,
  Receipt,
  RefundAnswer,
  RefundOrder,
  Unclear,
  WebhookReading,
  WebhookRequest,
} from '../gateway.ts'
import { paymentIdOf, refundIdOf, reservationOfPayment, reservationOfRefund } from '../ids.ts'
import { checkSignature, SIGNATURE_HEADER } from '../signature.ts'
import { type HttpResult, Lines } from './lines.ts'

/** With these words the sandbox says that it did nothing at all with the call. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  'provider-down',
  'overloaded',
  'bad-request',
  'idempotency-key-missing',
  'body-too-large',
])
const EVENTS_PER_WEBHOOK_MAX = 1_000

type Fields = Record<string, unknown>

export class SandboxGateway implements PaymentGateway {
  readonly name = 'sandbox gateway'
  readonly #lines: Lines
  readonly #webhookSecret: string

  /** @param options.callMsMax after this a call counts as unanswered */
  constructor(options: { url: string; callMsMax: number; webhookSecret: string }) {
    this.#lines = new Lines({ origin: options.url, callMsMax: options.callMsMax })
    this.#webhookSecret = options.webhookSecret
  }

  async start(): Promise<void> {}

  stop(): Promise<void> {
    return this.#lines.close()
  }

  async charge(order: ChargeOrder): Promise<ChargeAnswer> {
    const { paymentId, reservationId, amount, token } = order
    const result = await this.#lines.post({
      path: '/v1/charges',
      headers: headersOf(paymentId, order.traceparent),
      body: JSON.stringify({ reservationId, amount, token }),
    })
    return readChargeAnswer(result, order)
  }

  async refund(order: RefundOrder): Promise<RefundAnswer> {
    const { refundId, providerRef, amount } = order
    const result = await this.#lines.post({
      path: '/v1/refunds',
      headers: headersOf(refundId, order.traceparent),
      body: JSON.stringify({ chargeId: providerRef, amount }),
    })
    return readRefundAnswer(result, order)
  }

  readWebhook({ headers, rawBody, nowMs }: WebhookRequest): WebhookReading {
    const header = headers[SIGNATURE_HEADER]
    const check = checkSignature({
      secret: this.#webhookSecret,
      rawBody,
      header: typeof header === 'string' ? header : undefined,
      nowS: Math.floor(nowMs / 1_000),
    })
    if (check !== 'valid') return { type: 'unsigned', detail: `the signature is ${check}` }
    const events = readJson(rawBody.toString())?.events
    if (!Array.isArray(events) || events.length > EVENTS_PER_WEBHOOK_MAX) {
      return { type: 'malformed', detail: `events must be a list of ${EVENTS_PER_WEBHOOK_MAX}` }
    }
    const read = events.map(readEvent)
    if (read.includes('malformed')) return { type: 'malformed', detail: 'an event is not complete' }
    const ours = read.filter((event) => typeof event === 'object')
    return { type: 'events', events: ours, ignored: read.length - ours.length }
  }
}

const headersOf = (key: string, traceparent: string | undefined): Record<string, string> => ({
  'content-type': 'application/json',
  'idempotency-key': key,
  ...(traceparent && { traceparent }),
})

export function readChargeAnswer(result: HttpResult, order: ChargeOrder): ChargeAnswer {
  if (result.type !== 'answer') return unanswered(result)
  const fields = readJson(result.body)
  if (result.status === 402 && fields?.code === 'card-declined') return { type: 'declined' }
  if (result.status !== 201 || fields?.status !== 'captured') return unclear(result, fields)
  const receipt = readReceipt(fields, fields.chargeId)
  if (!receipt || fields.idempotencyKey !== order.paymentId) {
    return { type: 'garbled', detail: 'the receipt is not of this payment' }
  }
  if (isSameMoney(receipt.amount, order.amount)) return { type: 'captured', receipt }
  return { type: 'garbled', detail: `captured ${show(receipt.amount)}, not ${show(order.amount)}` }
}

export function readRefundAnswer(result: HttpResult, order: RefundOrder): RefundAnswer {
  if (result.type !== 'answer') return unanswered(result)
  const fields = readJson(result.body)
  if (result.status !== 201 || fields?.status !== 'refunded') return unclear(result, fields)
  const receipt = readReceipt(fields, fields.refundId)
  if (!receipt || fields.idempotencyKey !== order.refundId) {
    return { type: 'garbled', detail: 'the receipt is not of this refund' }
  }
  if (isSameMoney(receipt.amount, order.amount)) return { type: 'refunded', receipt }
  return { type: 'garbled', detail: `refunded ${show(receipt.amount)}, not ${show(order.amount)}` }
}

const unanswered = ({ type, detail }: Exclude<HttpResult, { type: 'answer' }>): Unclear => ({
  type: type === 'not_sent' ? 'refused' : 'no_answer',
  detail,
})

/** Only the sandbox's own words are a refusal: a 503 of something in between proves nothing. */
function unclear({ status }: { status: number }, fields: Fields | null): Unclear {
  const detail = `status ${status}, code ${String(fields?.code)}`
  if (REFUSALS.has(fields?.code) && fields?.status === status) return { type: 'refused', detail }
  return { type: status >= 500 ? 'no_answer' : 'garbled', detail }
}

/** 'ignored': an event of another merchant, or of a kind that is not for us. */
function readEvent(event: unknown): ProviderEvent | 'ignored' | 'malformed' {
  const { type, charge, refund } = fieldsOf(event) ?? {}
  switch (type) {
    case 'charge.captured':
    case 'charge.declined':
      return readChargeEvent(type, fieldsOf(charge))
    case 'refund.succeeded':
      return readRefundEvent(fieldsOf(refund))
    default:
      return typeof type === 'string' ? 'ignored' : 'malformed'
  }
}

function readChargeEvent(type: string, charge: Fields | null): ReturnType<typeof readEvent> {
  const receipt = charge && readReceipt(charge, charge.chargeId)
  if (!receipt) return 'malformed'
  const { idempotencyKey } = charge
  const reservationId = reservationOfPayment(String(idempotencyKey))
  if (!reservationId || paymentIdOf(String(charge.reservationId)) !== idempotencyKey) {
    return 'ignored'
  }
  if (type === 'charge.captured') return { type: 'captured', reservationId, receipt }
  return { type: 'declined', reservationId, amount: receipt.amount }
}

function readRefundEvent(refund: Fields | null): ReturnType<typeof readEvent> {
  const receipt = refund && readReceipt(refund, refund.refundId)
  if (!receipt) return 'malformed'
  const { idempotencyKey } = refund
  const reservationId = reservationOfRefund(String(idempotencyKey))
  const expected = refundIdOf(paymentIdOf(String(refund.reservationId)))
  if (!reservationId || expected !== idempotencyKey) return 'ignored'
  return { type: 'refunded', reservationId, receipt }
}

function readReceipt(fields: Fields, providerRef: unknown): Receipt | null {
  const { currency, value } = fieldsOf(fields.amount) ?? {}
  const atMs = Date.parse(String(fields.createdAt))
  const isMoney = typeof currency === 'string' && Number.isSafeInteger(value)
  const isRef = typeof providerRef === 'string' && /^[!-~]{1,128}$/.test(providerRef)
  if (!isMoney || !isRef || Number.isNaN(atMs)) return null
  return { providerRef, amount: { currency, value: value as number }, atMs }
}

const fieldsOf = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null

function readJson(text: string): Fields | null {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    // Not JSON: whoever wrote this was not the sandbox, and the callers treat it so.
    return null
  }
}

const show = ({ currency, value }: Money): string => `${currency} ${value}`
