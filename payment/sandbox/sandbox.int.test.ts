import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../../platform/log.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { checkSignature, SIGNATURE_HEADER } from '../signature.ts'
import { FILE_NAME } from './records.ts'
import { buildSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts'
import type { WebhookBody } from './webhooks.ts'

const PRICE = { currency: 'KRW', value: 120_000 }
const SECRET = 'the secret of the sandbox tests'
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

interface Answer {
  status: number
  body: Record<string, unknown>
}

function clientOf(url: () => string) {
  const post = async (path: string, body: unknown, key?: string, ms = 5_000): Promise<Answer> => {
    const response = await fetch(`${url()}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(ms),
    })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }
  const get = async (path: string) => (await (await fetch(`${url()}${path}`)).json()) as never
  return {
    post,
    charge: (key: string, token: string, options: { amount?: unknown; ms?: number } = {}) =>
      post(
        '/v1/charges',
        { reservationId: `r-${key}`, amount: options.amount ?? PRICE, token },
        key,
        options.ms,
      ),
    refund: (key: string, chargeId: unknown, amount: unknown = PRICE, ms?: number) =>
      post('/v1/refunds', { chargeId, amount }, key, ms),
    control: (change: object) => post('/v1/control', change),
    charges: async (reservationId: string) =>
      ((await get(`/v1/charges?reservationId=${reservationId}`)) as { charges: Answer['body'][] })
        .charges,
    refunds: async (reservationId: string) =>
      ((await get(`/v1/refunds?reservationId=${reservationId}`)) as { refunds: Answer['body'][] })
        .refunds,
    get,
  }
}

let sandbox: Sandbox
const client = clientOf(() => sandbox.server.url)

async function open(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const built = buildSandbox({
    port: 0,
    latencyMs: 1,
    recordsMax: 1_000,
    dataDir: null,
    webhook: null,
    log: createLog('test', 'silent'),
    ...options,
  })
  for (const component of built.components) await component.start()
  return built
}

async function close(built: Sandbox): Promise<void> {
  for (const component of [...built.components].reverse()) await component.stop()
}

beforeEach(async () => {
  sandbox = await open()
})
afterEach(() => close(sandbox))

describe('a charge', () => {
  it('captures with tok_ok and is found by its reservation', async () => {
    const { status, body } = await client.charge('k1', 'tok_ok')
    expect(status).toBe(201)
    expect(body).toEqual({
      chargeId: expect.stringMatching(/^ch_/),
      status: 'captured',
      reservationId: 'r-k1',
      amount: PRICE,
      idempotencyKey: 'k1',
      createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
    })
    expect(await client.charges('r-k1')).toEqual([body])
    expect(await client.charges('r-k2')).toEqual([])
  })

  it('is declined with tok_declined and with tokens nobody knows', async () => {
    for (const token of ['tok_declined', 'tok_made_up', 'tok_slow_', 'tok_slow_999999']) {
      const { status, body } = await client.charge(`k-${token}`, token)
      expect([status, body.code]).toEqual([402, 'card-declined'])
      expect(await client.charges(`r-k-${token}`)).toMatchObject([{ status: 'declined' }])
    }
  })

  it('answers the same to the same key, whatever became of it', async () => {
    for (const token of ['tok_ok', 'tok_declined']) {
      const first = await client.charge(`k-${token}`, token)
      expect(await client.charge(`k-${token}`, token)).toEqual(first)
      expect(await client.charges(`r-k-${token}`)).toHaveLength(1)
    }
  })

  it('joins a call with the same key that is still under way', async () => {
    const both = [1, 2].map(() => client.charge('k1', 'tok_slow_150'))
    const [first, second] = await Promise.all(both)
    expect(first?.status).toBe(201)
    expect(second).toEqual(first)
    expect(await client.charges('r-k1')).toHaveLength(1)
  })

  it('is refused when its key was used with another amount, under way or done', async () => {
    const slow = client.charge('k1', 'tok_slow_150')
    const more = { ...PRICE, value: 120_001 }
    // The second call must find the first one under way, not come before it.
    await client.get('/livez')
    const during = await client.charge('k1', 'tok_ok', { amount: more })
    await slow
    const after = await client.charge('k1', 'tok_ok', { amount: { ...PRICE, currency: 'USD' } })
    for (const answer of [during, after]) {
      expect([answer.status, answer.body.code]).toEqual([422, 'idempotency-key-reused'])
    }
    expect(await client.charges('r-k1')).toMatchObject([{ amount: PRICE }])
  })

  it('goes through twice under two keys, so that auditors can see it', async () => {
    for (const key of ['k1', 'k2']) {
      const body = { reservationId: 'r-1', amount: PRICE, token: 'tok_ok' }
      expect((await client.post('/v1/charges', body, key)).status).toBe(201)
    }
    expect(await client.charges('r-1')).toHaveLength(2)
  })

  it('runs to its end when its caller has gone', async () => {
    await expect(client.charge('k1', 'tok_slow_200', { ms: 50 })).rejects.toThrow()
    await waitFor('the capture', async () => (await client.charges('r-k1')).length === 1)
  })

  it('captures with tok_lost without answering the first call, and answers the second', async () => {
    await expect(client.charge('k1', 'tok_lost', { ms: 300 })).rejects.toThrow()
    expect(await client.charges('r-k1')).toMatchObject([{ status: 'captured' }])
    expect((await client.charge('k1', 'tok_lost')).status).toBe(201)
    expect(await client.charges('r-k1')).toHaveLength(1)
  })

  it('is refused with tok_down until the sandbox is told otherwise', async () => {
    await client.control({ down: false })
    for (const attempt of [1, 2]) {
      const { status, body } = await client.charge('k1', 'tok_down')
      expect([attempt, status, body.code]).toEqual([attempt, 503, 'provider-down'])
    }
    expect(await client.charges('r-k1')).toEqual([])
    await client.control({ down: false })
    expect((await client.charge('k1', 'tok_down')).status).toBe(201)
    expect((await client.charge('k2', 'tok_down')).status).toBe(503)
  })
})

describe('a provider that is down', () => {
  it('refuses everything, known keys too, and works again when it is up', async () => {
    const { body } = await client.charge('k1', 'tok_ok')
    expect((await client.control({ down: true })).body).toEqual({ down: true, latencyMs: 1 })
    expect((await client.charge('k1', 'tok_ok')).status).toBe(503)
    expect((await client.charge('k2', 'tok_ok')).status).toBe(503)
    expect((await client.refund('f1', body.chargeId)).status).toBe(503)
    expect(await client.charges('r-k2')).toEqual([])
    await client.control({ down: false })
    expect((await client.charge('k2', 'tok_ok')).status).toBe(201)
    expect((await client.refund('f1', body.chargeId)).status).toBe(201)
  })

  it('takes its latency from control', async () => {
    await client.control({ latencyMs: 120 })
    const startMs = performance.now()
    await client.charge('k1', 'tok_ok')
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(118)
  })
})

describe('a refund', () => {
  it('returns captured money once per key', async () => {
    const { body: charge } = await client.charge('k1', 'tok_ok')
    const first = await client.refund('f1', charge.chargeId)
    expect(first.status).toBe(201)
    expect(first.body).toMatchObject({ status: 'refunded', reservationId: 'r-k1', amount: PRICE })
    expect(await client.refund('f1', charge.chargeId)).toEqual(first)
    expect(await client.refunds('r-k1')).toEqual([first.body])
  })

  it('is refused for unknown and declined charges, too much money, and reused keys', async () => {
    const { body: charge } = await client.charge('k1', 'tok_ok')
    const declined = await client.charge('k2', 'tok_declined')
    const declinedId = (declined.body.charge as { chargeId: string }).chargeId
    const codes = [
      await client.refund('f1', 'ch_nothing'),
      await client.refund('f2', declinedId),
      await client.refund('f3', charge.chargeId, { ...PRICE, value: 120_001 }),
      await client.refund('f4', charge.chargeId, { ...PRICE, currency: 'USD' }),
    ].map(({ status, body }) => [status, body.code])
    expect(codes).toEqual([
      [404, 'unknown-charge'],
      [409, 'not-captured'],
      [422, 'amount-too-large'],
      [422, 'amount-too-large'],
    ])
    await client.refund('f5', charge.chargeId)
    const reused = await client.refund('f5', charge.chargeId, { ...PRICE, value: 1 })
    expect(reused.body.code).toBe('idempotency-key-reused')
  })

  it('of a tok_refund_lost charge is made without answering the first call', async () => {
    const { body: charge } = await client.charge('k1', 'tok_refund_lost')
    await expect(client.refund('f1', charge.chargeId, PRICE, 300)).rejects.toThrow()
    expect((await client.refund('f1', charge.chargeId)).status).toBe(201)
    expect(await client.refunds('r-k1')).toHaveLength(1)
  })
})

describe('bad requests', () => {
  it('are answered with the reason', async () => {
    const good = { reservationId: 'r', amount: PRICE, token: 'tok_ok' }
    const bad = [
      '{',
      [],
      { ...good, reservationId: '' },
      { ...good, token: 7 },
      { ...good, amount: { currency: 'KRW', value: 1.5 } },
      { ...good, amount: { currency: 'won', value: 1 } },
      { ...good, amount: { currency: 'KRW', value: -1 } },
    ]
    for (const body of bad) expect((await client.post('/v1/charges', body, 'k')).status).toBe(400)
    expect((await client.post('/v1/charges', good)).body.code).toBe('idempotency-key-missing')
    expect((await client.post('/v1/control', { down: 'yes' })).status).toBe(400)
    expect((await client.post('/v1/charges', ' '.repeat(20_000), 'k')).status).toBe(413)
    expect((await client.post('/v1/nothing', {}, 'k')).status).toBe(404)
  })
})

describe('the records', () => {
  it('can be read page by page', async () => {
    for (const key of ['a', 'b', 'c']) await client.charge(key, 'tok_ok')
    const first = (await client.get('/v1/charges?limit=2')) as { charges: { chargeId: string }[] }
    expect(first.charges).toMatchObject([{ idempotencyKey: 'a' }, { idempotencyKey: 'b' }])
    const rest = await client.get(`/v1/charges?after=${first.charges[1]?.chargeId}`)
    expect(rest).toMatchObject({ charges: [{ idempotencyKey: 'c' }] })
  })

  it('forget the oldest beyond their number', async () => {
    await close(sandbox)
    sandbox = await open({ recordsMax: 2 })
    for (const key of ['a', 'b', 'c']) await client.charge(key, 'tok_ok')
    expect(await client.charges('r-a')).toEqual([])
    expect(await client.charges('r-b')).toHaveLength(1)
    expect(await client.charges('r-c')).toHaveLength(1)
  })
})

describe('the record file', () => {
  let dataDir: string
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'sandbox-'))
  })
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

  /** A sandbox process of its own, which the test may kill. */
  async function spawnSandbox() {
    const env = { ...process.env, PORT: '0', LOG_LEVEL: 'info', SANDBOX_DATA_DIR: dataDir }
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN], { env, stdio: 'pipe' })
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    const kill = async () => {
      child.kill('SIGKILL')
      await exited
    }
    try {
      const pattern = /"url":"([^"]+)"/
      const url = await waitFor('the url', () => pattern.exec(output)?.[1], { timeoutMs: 20_000 })
      return { client: clientOf(() => url), kill }
    } catch (error) {
      await kill()
      throw error
    }
  }

  it('keeps what was answered through a kill -9, and the key still gets that answer', async () => {
    const first = await spawnSandbox()
    const charge = await first.client.charge('k1', 'tok_ok')
    const refund = await first.client.refund('f1', charge.body.chargeId)
    await expect(first.client.charge('k2', 'tok_lost', { ms: 300 })).rejects.toThrow()
    await first.kill()
    // As a kill in the middle of a write would leave it.
    appendFileSync(join(dataDir, FILE_NAME), '{"charge":{"chargeId":"ch_torn"')

    const second = await spawnSandbox()
    try {
      expect(await second.client.charge('k1', 'tok_ok')).toEqual(charge)
      expect(await second.client.refund('f1', charge.body.chargeId)).toEqual(refund)
      expect((await second.client.charge('k2', 'tok_lost')).status).toBe(201)
      expect(await second.client.charges('r-k2')).toHaveLength(1)
      await second.client.charge('k3', 'tok_ok')
    } finally {
      await second.kill()
    }
    await close(sandbox)
    sandbox = await open({ dataDir })
    expect(await client.get('/v1/charges')).toMatchObject({
      charges: [{ idempotencyKey: 'k1' }, { idempotencyKey: 'k2' }, { idempotencyKey: 'k3' }],
    })
  })
})

describe('webhooks', () => {
  let listener: Server
  let received: { body: string; header: string }[]
  let statuses: number[]

  beforeEach(async () => {
    received = []
    statuses = []
    listener = createServer((request, response) => {
      let body = ''
      request.on('data', (data) => {
        body += data
      })
      request.on('end', () => {
        received.push({ body, header: String(request.headers[SIGNATURE_HEADER]) })
        response.writeHead(statuses.shift() ?? 200).end()
      })
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    await close(sandbox)
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hook`
    sandbox = await open({ webhook: { url, secret: SECRET } })
  })
  afterEach(() => {
    listener.closeAllConnections()
    listener.close()
  })

  const eventsOf = (text: string) => (JSON.parse(text) as WebhookBody).events

  it('tell every new outcome once, signed over the raw body', async () => {
    const { body: charge } = await client.charge('k1', 'tok_ok')
    await client.charge('k1', 'tok_ok')
    await client.charge('k2', 'tok_declined')
    await client.refund('f1', charge.chargeId)
    const types = () => received.flatMap(({ body }) => eventsOf(body).map(({ type }) => type))
    await waitFor('three outcomes', () => types().length === 3)
    expect(types()).toEqual(['charge.captured', 'charge.declined', 'refund.succeeded'])
    for (const { body, header } of received) {
      const nowS = Math.floor(Date.now() / 1_000)
      expect(checkSignature({ secret: SECRET, rawBody: body, header, nowS })).toBe('valid')
    }
    expect(eventsOf(received[0]?.body ?? '')[0]).toMatchObject({ charge })
  })

  it('are tried again, with the same event ids, when the merchant fails', async () => {
    statuses = [500, 503]
    await client.charge('k1', 'tok_ok')
    await waitFor('three attempts', () => received.length === 3)
    const ids = new Set(received.map(({ body }) => eventsOf(body)[0]?.id))
    expect(ids.size).toBe(1)
  })

  it('are not repeated when the merchant refuses them', async () => {
    statuses = [422]
    await client.charge('k1', 'tok_ok')
    await waitFor('the first', () => received.length === 1)
    await client.charge('k2', 'tok_ok')
    await waitFor('the next', () => received.length === 2)
    expect(received.map(({ body }) => eventsOf(body)[0]?.charge?.idempotencyKey)).toEqual([
      'k1',
      'k2',
    ])
  })

  it('that nobody takes do not slow a charge', async () => {
    listener.closeAllConnections()
    listener.close()
    expect((await client.charge('k1', 'tok_ok', { ms: 1_000 })).status).toBe(201)
  })
})
