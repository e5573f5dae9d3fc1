import { describe, expect, it } from 'vitest'
import { paymentIdOf, refundIdOf } from '../ids.ts'
import { SIGNATURE_HEADER, signatureOf } from '../signature.ts'
import type { HttpResult } from './lines.ts'
import { readChargeAnswer, readRefundAnswer, SandboxGateway } from './sandbox.ts'

const reservationId = 'r07_0123456789abcdefghjkmnpqrs'
const paymentId = paymentIdOf(reservationId)
const refundId = refundIdOf(paymentId)
const amount = { currency: 'KRW', value: 5_000 }
const createdAt = '2030-01-02T03:04:05.678Z'
const atMs = Date.parse(createdAt)
const order = { paymentId, reservationId, amount, token: 'tok_ok' }
const refundOrder = { refundId, reservationId, providerRef: 'ch_1', amount }

const charge = {
  chargeId: 'ch_1',
  status: 'captured',
  reservationId,
  amount,
  idempotencyKey: paymentId,
  createdAt,
}
const refund = { ...charge, refundId: 're_1', status: 'refunded', idempotencyKey: refundId }

const answer = (status: number, body: unknown): HttpResult => ({
  type: 'answer',
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const typeOf = (result: HttpResult) => readChargeAnswer(result, order).type

describe('an answer to a charge', () => {
  it('is captured when it is a receipt of just this payment', () => {
    expect(readChargeAnswer(answer(201, charge), order)).toEqual({
      type: 'captured',
      receipt: { providerRef: 'ch_1', amount, atMs },
    })
  })

  it('is garbled when the receipt is another one', () => {
    const others = [
      { ...charge, amount: { ...amount, value: 4_999 } },
      { ...charge, amount: { ...amount, currency: 'USD' } },
      { ...charge, idempotencyKey: 'p07_other' },
      { ...charge, chargeId: '' },
      { ...charge, createdAt: 'soon' },
      { ...charge, amount: null },
    ]
    for (const other of others) expect(typeOf(answer(201, other))).toBe('garbled')
  })

  it('is declined only in the words of the provider', () => {
    expect(typeOf(answer(402, { status: 402, code: 'card-declined' }))).toBe('declined')
    expect(typeOf(answer(402, 'payment required'))).toBe('garbled')
  })

  it('is refused only in the words of the provider, or when the call never left', () => {
    for (const code of ['provider-down', 'overloaded']) {
      expect(typeOf(answer(503, { status: 503, code }))).toBe('refused')
    }
    expect(typeOf(answer(400, { status: 400, code: 'bad-request' }))).toBe('refused')
    expect(typeOf({ type: 'not_sent', detail: 'ECONNREFUSED' })).toBe('refused')
  })

  it('proves nothing when it is unclear', () => {
    expect(typeOf({ type: 'no_answer', detail: 'ECONNRESET' })).toBe('no_answer')
    for (const body of ['<html>bad gateway</html>', '', '{', { code: 'provider-down' }]) {
      expect(typeOf(answer(503, body))).toBe('no_answer')
    }
    expect(typeOf(answer(500, { status: 500, code: 'internal' }))).toBe('no_answer')
    expect(typeOf(answer(422, { status: 422, code: 'idempotency-key-reused' }))).toBe('garbled')
    expect(typeOf(answer(201, 'null'))).toBe('garbled')
  })
})

describe('an answer to a refund', () => {
  it('is refunded when it is a receipt of just this refund', () => {
    expect(readRefundAnswer(answer(201, refund), refundOrder)).toEqual({
      type: 'refunded',
      receipt: { providerRef: 're_1', amount, atMs },
    })
  })

  it('is anything else otherwise', () => {
    const typeOfRefund = (result: HttpResult) => readRefundAnswer(result, refundOrder).type
    expect(typeOfRefund(answer(201, { ...refund, idempotencyKey: 'x' }))).toBe('garbled')
    expect(typeOfRefund(answer(201, { ...refund, amount: { ...amount, value: 1 } }))).toBe(
      'garbled',
    )
    expect(typeOfRefund(answer(404, { status: 404, code: 'unknown-charge' }))).toBe('garbled')
    expect(typeOfRefund(answer(503, { status: 503, code: 'provider-down' }))).toBe('refused')
    expect(typeOfRefund(answer(502, ''))).toBe('no_answer')
  })
})

describe('a webhook', () => {
  const secret = 'a secret of sixteen or more'
  const gateway = new SandboxGateway({
    url: 'http://localhost',
    callMsMax: 1,
    webhookSecret: secret,
  })
  const nowMs = 1_900_000_000_000
  const read = (body: unknown, header?: string) => {
    const rawBody = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    const signature = signatureOf({ secret, rawBody, atS: nowMs / 1_000 })
    return gateway.readWebhook({
      headers: { [SIGNATURE_HEADER]: header ?? signature },
      rawBody,
      nowMs,
    })
  }
  const event = (type: string, what: object) => ({ id: 'ev_1', type, createdAt, ...what })

  it('is read when its signature is right', () => {
    const events = [
      event('charge.captured', { charge }),
      event('charge.declined', { charge: { ...charge, status: 'declined' } }),
      event('refund.succeeded', { refund }),
    ]
    expect(read({ events })).toEqual({
      type: 'events',
      events: [
        { type: 'captured', reservationId, receipt: { providerRef: 'ch_1', amount, atMs } },
        { type: 'declined', reservationId, amount },
        { type: 'refunded', reservationId, receipt: { providerRef: 're_1', amount, atMs } },
      ],
      ignored: 0,
    })
  })

  it('passes over what is not about our keys', () => {
    const events = [
      event('charge.captured', { charge: { ...charge, idempotencyKey: 'somebody' } }),
      event('charge.captured', { charge: { ...charge, reservationId: 'r07_other' } }),
      event('refund.succeeded', { refund: { ...refund, idempotencyKey: paymentId } }),
      event('dispute.opened', {}),
    ]
    expect(read({ events })).toEqual({ type: 'events', events: [], ignored: 4 })
  })

  it('is refused unread without a valid signature', () => {
    expect(read({ events: [] }, 't=1,v1=00').type).toBe('unsigned')
  })

  it('is malformed when an event is not complete', () => {
    const bodies = ['{', '[]', {}, { events: [null] }, { events: [event('charge.captured', {})] }]
    for (const body of bodies) expect(read(body).type).toBe('malformed')
  })
})
