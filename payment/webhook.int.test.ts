import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HealthServer, type RouteRequest, type Routes } from '../platform/health.ts'
import { createLog } from '../platform/log.ts'
import { paymentIdOf, refundIdOf } from './ids.ts'
import { SIGNATURE_HEADER, signatureOf } from './signature.ts'
import {
  type Bench,
  cancellationFor,
  newReservationId,
  openBench,
  PRICE,
  requestFor,
  WEBHOOK_SECRET,
} from './testkit.ts'
import { WEBHOOK_PATH, webhookRoutes } from './webhook.ts'

const log = createLog('payment-test', 'silent')
const nowS = () => Math.floor(Date.now() / 1_000)

function serverOf(bench: Bench): HealthServer {
  const { gateway, metrics, workers } = bench
  const routes = webhookRoutes({ gateway, ...workers, log })
  return new HealthServer({ port: 0, host: '127.0.0.1', checks: {}, metrics, log, routes })
}

let bench: Bench
let server: HealthServer
beforeAll(async () => {
  bench = await openBench({ callMsMax: 1_000 })
  server = serverOf(bench)
  await server.start()
})
afterAll(async () => {
  await server.stop()
  // Calls to slow cards are still under way; their outcomes belong to nobody any more.
  await bench.stop()
})

interface Sent {
  atS?: number
  secret?: string
  /** What is sent in place of the body that was signed. */
  tampered?: string
}

async function send(body: unknown, { atS = nowS(), secret = WEBHOOK_SECRET, tampered }: Sent = {}) {
  const rawBody = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`http://127.0.0.1:${server.port}${WEBHOOK_PATH}`, {
    method: 'POST',
    headers: { [SIGNATURE_HEADER]: signatureOf({ secret, rawBody, atS }) },
    body: tampered ?? rawBody,
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const eventFor = (reservationId: string, status: 'captured' | 'declined', amount = PRICE) => ({
  id: `ev_${reservationId}`,
  type: `charge.${status}`,
  createdAt: new Date().toISOString(),
  charge: {
    chargeId: `ch_${reservationId}`,
    status,
    reservationId,
    amount,
    idempotencyKey: paymentIdOf(reservationId),
    createdAt: '2030-01-02T03:04:05.678Z',
  },
})

const refundEventFor = (reservationId: string, amount = PRICE) => ({
  id: `ev_re_${reservationId}`,
  type: 'refund.succeeded',
  createdAt: new Date().toISOString(),
  refund: {
    refundId: `re_${reservationId}`,
    status: 'refunded',
    chargeId: `ch_${reservationId}`,
    reservationId,
    amount,
    idempotencyKey: refundIdOf(paymentIdOf(reservationId)),
    createdAt: '2030-01-02T03:04:06.000Z',
  },
})

/** A payment whose call will not be answered while the test looks. */
async function charging(): Promise<string> {
  const reservationId = newReservationId()
  await bench.feed([requestFor(reservationId, 'tok_slow_60000')])
  await bench.until(reservationId, 'charging')
  return reservationId
}

const topicsOf = async (reservationId: string) =>
  (await bench.published(reservationId)).map((message) => message.topic)

const expectUntouched = async (reservationId: string) => {
  expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'charging', provider_ref: null })
  expect(await topicsOf(reservationId)).toEqual([])
  expect(await bench.ledger(reservationId)).toEqual([])
}

describe('a webhook', () => {
  it('tells an outcome that the call has not told yet', async () => {
    const reservationId = await charging()
    const answer = await send({ events: [eventFor(reservationId, 'captured')] })
    expect(answer).toEqual({ status: 200, body: { received: 1, changed: 1 } })
    expect(await bench.rowOf(reservationId)).toMatchObject({ state: 'captured' })
    const [message] = await bench.published(reservationId)
    expect(message).toMatchObject({
      topic: 'payment_create',
      payload: { providerRef: `ch_${reservationId}`, capturedAt: '2030-01-02T03:04:05.678Z' },
    })
  })

  it('that comes again, or in disorder, changes nothing', async () => {
    const reservationId = await charging()
    const captured = { events: [eventFor(reservationId, 'captured')] }
    // Refunded before captured: impossible, so nothing may come of it.
    expect((await send({ events: [refundEventFor(reservationId)] })).body.changed).toBe(0)
    await expectUntouched(reservationId)
    const answers = await Promise.all([send(captured), send(captured), send(captured)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await send({ events: [eventFor(reservationId, 'declined')] })).body.changed).toBe(0)
    expect(await topicsOf(reservationId)).toEqual(['payment_create'])
    expect(await bench.ledger(reservationId)).toEqual([{ kind: 'capture', amount: PRICE.value }])
  })

  it('tells of a decline and of a refund', async () => {
    const declined = await charging()
    await send({ events: [eventFor(declined, 'declined')] })
    expect(await topicsOf(declined)).toEqual(['payment_fail'])

    const reservationId = await charging()
    await send({ events: [eventFor(reservationId, 'captured')] })
    await bench.control({ down: true })
    try {
      await bench.feed([cancellationFor(reservationId)])
      await send({ events: [refundEventFor(reservationId)] })
    } finally {
      await bench.control({ down: false })
    }
    expect(await topicsOf(reservationId)).toEqual(['payment_create', 'payment_refund'])
    expect(await bench.ledger(reservationId)).toEqual([
      { kind: 'capture', amount: PRICE.value },
      { kind: 'refund', amount: -PRICE.value },
    ])
  })

  it('about another amount is refused and counted, and touches nothing', async () => {
    const reservationId = await charging()
    for (const amount of [
      { ...PRICE, value: PRICE.value - 1 },
      { ...PRICE, currency: 'USD' },
    ]) {
      for (const status of ['captured', 'declined'] as const) {
        const answer = await send({ events: [eventFor(reservationId, status, amount)] })
        expect([answer.status, answer.body.code]).toEqual([422, 'amount-mismatch'])
      }
    }
    await expectUntouched(reservationId)
    const metrics = await bench.metrics.registry.metrics()
    expect(metrics).toContain('holdfast_payment_webhooks_total{result="422"} 4')
    expect(metrics).toMatch(/outcomes_total\{type="captured",verdict="mismatch"\} 2/)
  })

  it('about another amount is refused also when the payment is settled', async () => {
    const reservationId = newReservationId()
    await bench.feed([requestFor(reservationId, 'tok_ok')])
    await bench.until(reservationId, 'captured')
    const wrong = eventFor(reservationId, 'captured', { ...PRICE, value: 1 })
    expect((await send({ events: [wrong] })).status).toBe(422)
    expect((await send({ events: [eventFor(reservationId, 'captured')] })).status).toBe(200)
    expect(await bench.ledger(reservationId)).toEqual([{ kind: 'capture', amount: PRICE.value }])
  })

  it('about a payment that nobody knows is taken and forgotten', async () => {
    const reservationId = newReservationId()
    const answer = await send({ events: [eventFor(reservationId, 'captured')] })
    expect(answer).toEqual({ status: 200, body: { received: 1, changed: 0 } })
    expect(await bench.rowOf(reservationId)).toBeUndefined()
  })
})

describe('a webhook that is not to be believed', () => {
  let reservationId: string
  let body: { events: unknown[] }
  beforeEach(async () => {
    reservationId = await charging()
    body = { events: [eventFor(reservationId, 'captured')] }
  })
  afterEach(() => expectUntouched(reservationId))

  it('is refused when somebody else signed it', async () => {
    const answer = await send(body, { secret: 'a secret of somebody else' })
    expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated'])
  })

  it('is refused when its body was changed after it was signed', async () => {
    const cheaper = JSON.stringify(body).replaceAll(`${PRICE.value}`, '1')
    expect((await send(body, { tampered: cheaper })).status).toBe(401)
  })

  it('is refused when it is older than the window, or from the future', async () => {
    expect((await send(body, { atS: nowS() - 310 })).status).toBe(401)
    expect((await send(body, { atS: nowS() + 310 })).status).toBe(401)
  })

  it('is refused without a signature', async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}${WEBHOOK_PATH}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(401)
  })

  it('is refused when it is not well formed, or too large', async () => {
    expect((await send('{"events":')).status).toBe(400)
    expect((await send({ events: [{ type: 'charge.captured' }] })).status).toBe(400)
    expect((await send({ events: [], padding: 'x'.repeat(70_000) })).status).toBe(413)
  })
})

describe('a webhook while SQL is away', () => {
  it('is to be sent again', async () => {
    const reservationId = await charging()
    const other = await bench.another()
    const own = serverOf(other)
    await own.start()
    try {
      await other.db.stop()
      const rawBody = JSON.stringify({ events: [eventFor(reservationId, 'captured')] })
      const signature = signatureOf({ secret: WEBHOOK_SECRET, rawBody, atS: nowS() })
      const response = await fetch(`http://127.0.0.1:${own.port}${WEBHOOK_PATH}`, {
        method: 'POST',
        headers: { [SIGNATURE_HEADER]: signature },
        body: rawBody,
      })
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('5')
    } finally {
      await own.stop()
      await other.stop()
    }
    await expectUntouched(reservationId)
  })
})

describe('the webhooks of the sandbox', () => {
  it('teach an outcome whose answer was lost before the call is even given up', async () => {
    // The sandbox must know the address before there is a service to answer there.
    let serve: Routes[string] = async () => ({ status: 503 })
    const { metrics } = bench
    const routes = { [`POST ${WEBHOOK_PATH}`]: (request: RouteRequest) => serve(request) }
    const hooks = new HealthServer({ port: 0, host: '127.0.0.1', checks: {}, metrics, log, routes })
    await hooks.start()
    const url = `http://127.0.0.1:${hooks.port}${WEBHOOK_PATH}`
    const webhook = { url, secret: WEBHOOK_SECRET }
    const own = await openBench({ callMsMax: 2_000, sandbox: { webhook } })
    try {
      const { gateway, workers } = own
      serve = webhookRoutes({ gateway, ...workers, log })[`POST ${WEBHOOK_PATH}`] ?? serve
      const reservationId = newReservationId()
      await own.feed([requestFor(reservationId, 'tok_lost')])
      expect(await own.until(reservationId, 'captured')).toMatchObject({ attempts: 1 })
      expect(own.workers.charger.inFlight.fresh).toBe(1)
    } finally {
      await own.stop()
      await hooks.stop()
    }
  })
})
