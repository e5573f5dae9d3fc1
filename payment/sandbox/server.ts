/** The sandbox provider over HTTP. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OperationalError } from '../../platform/errors.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import type { ChargeAnswer, RefundAnswer, SandboxProvider } from './provider.ts'
import type { Records } from './records.ts'
import { isIdempotencyKey, readCharge, readControl, readJson, readRefund } from './requests.ts'

const BODY_BYTES_MAX = 16 * 1024
const PAGE_MAX = 1_000
/** Idle connections are kept longer than any client of ours keeps them. */
const KEEP_ALIVE_MS = 65_000
/** A caller that is never answered is cut off after this. */
const SILENCE_MS_MAX = 60_000
const STOP_GRACE_MS = 500

interface Answer {
  status: number
  body: object
}

export class SandboxServer implements Component {
  readonly name = 'sandbox server'
  readonly #provider: SandboxProvider
  readonly #records: Records
  readonly #port: number
  readonly #log: Log
  #server: Server | null = null

  /** @param options.port 0 = any free port, see `url` after the start */
  constructor(options: { provider: SandboxProvider; records: Records; port: number; log: Log }) {
    this.#provider = options.provider
    this.#records = options.records
    this.#port = options.port
    this.#log = options.log
  }

  /** `http://127.0.0.1:<port>`, once started. */
  get url(): string {
    const address = this.#server?.address() as AddressInfo | null
    return `http://127.0.0.1:${address?.port ?? 0}`
  }

  /** @throws OperationalError STARTUP_FAILED when the port is taken */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response))
    server.keepAliveTimeout = KEEP_ALIVE_MS
    server.headersTimeout = KEEP_ALIVE_MS + 1_000
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const detail = `cannot listen on port ${this.#port}`
        reject(new OperationalError('STARTUP_FAILED', { retriable: false, detail, cause }))
      })
      server.listen(this.#port, resolve)
    })
    this.#server = server
    this.#log.info({ url: this.url }, 'the sandbox provider listens')
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = null
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    // Callers that wait in silence would keep the server open for ever.
    const timer = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
    await closed
    clearTimeout(timer)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer | null
    try {
      answer = await this.#answer(request)
    } catch (error) {
      this.#log.error({ err: error, url: request.url }, 'a request failed')
      answer = problem(500, 'internal', 'Something went wrong; the outcome is not known')
    }
    if (answer) send(response, answer)
    else setTimeout(() => response.destroy(), SILENCE_MS_MAX).unref()
  }

  /** null: the caller gets no answer at all. */
  async #answer(request: IncomingMessage): Promise<Answer | null> {
    const url = request.url ?? '/'
    const question = url.indexOf('?')
    const path = question < 0 ? url : url.slice(0, question)
    switch (`${request.method} ${path}`) {
      case 'POST /v1/charges':
      case 'POST /v1/refunds':
      case 'POST /v1/control':
        return this.#post(request, path)
      case 'GET /v1/charges':
        return this.#list('charges', new URLSearchParams(url.slice(path.length)))
      case 'GET /v1/refunds':
        return this.#list('refunds', new URLSearchParams(url.slice(path.length)))
      case 'GET /livez':
        return { status: 200, body: { live: true } }
      case 'GET /readyz':
        return { status: 200, body: { ready: true } }
      default:
        return problem(404, 'not-found', 'There is no such thing')
    }
  }

  async #post(request: IncomingMessage, path: string): Promise<Answer | null> {
    const body = await bodyOf(request)
    if (body === null) return problem(413, 'body-too-large', 'The body is too large')
    const fields = readJson(body)
    if (!fields.ok) return problem(400, 'bad-request', fields.problem)
    if (path === '/v1/control') {
      const change = readControl(fields.value)
      if (!change.ok) return problem(400, 'bad-request', change.problem)
      return { status: 200, body: this.#provider.control(change.value) }
    }
    const key = request.headers['idempotency-key']
    if (!isIdempotencyKey(key)) {
      return problem(400, 'idempotency-key-missing', 'An Idempotency-Key of 1-128 is needed')
    }
    if (path === '/v1/charges') {
      const call = readCharge(key, fields.value)
      if (!call.ok) return problem(400, 'bad-request', call.problem)
      return chargeAnswer(await this.#provider.charge(call.value))
    }
    const call = readRefund(key, fields.value)
    if (!call.ok) return problem(400, 'bad-request', call.problem)
    return refundAnswer(await this.#provider.refund(call.value))
  }

  /** Of one reservation, or page by page: `?after=<id>&limit=<n>`. */
  #list(kind: 'charges' | 'refunds', query: URLSearchParams): Answer {
    const shelf = this.#records[kind]
    const reservationId = query.get('reservationId')
    if (reservationId !== null) return { status: 200, body: { [kind]: shelf.of(reservationId) } }
    const limit = Math.min(Number(query.get('limit') ?? PAGE_MAX), PAGE_MAX)
    if (!(limit >= 1)) return problem(400, 'bad-request', `limit must be within 1 and ${PAGE_MAX}`)
    return { status: 200, body: { [kind]: shelf.page(query.get('after'), Math.floor(limit)) } }
  }
}

function chargeAnswer(answer: ChargeAnswer): Answer | null {
  switch (answer.type) {
    case 'done': {
      const { charge } = answer
      if (charge.status === 'captured') return { status: 201, body: charge }
      return problem(402, 'card-declined', 'The card was declined', { charge })
    }
    case 'refused':
      return problem(503, answer.code, 'Nothing was done; try again later')
    case 'key_reused':
      return keyReused()
    case 'silence':
      return null
  }
}

function refundAnswer(answer: RefundAnswer): Answer | null {
  switch (answer.type) {
    case 'done':
      return { status: 201, body: answer.refund }
    case 'refused':
      return problem(503, answer.code, 'Nothing was done; try again later')
    case 'key_reused':
      return keyReused()
    case 'unknown_charge':
      return problem(404, 'unknown-charge', 'There is no such charge')
    case 'not_captured':
      return problem(409, 'not-captured', 'The charge was declined, so there is nothing to return')
    case 'too_much':
      return problem(422, 'amount-too-large', 'The refund is more than was captured')
    case 'silence':
      return null
  }
}

const keyReused = (): Answer =>
  problem(422, 'idempotency-key-reused', 'The key was used for another amount')

function problem(status: number, code: string, title: string, extra: object = {}): Answer {
  const type = `urn:holdfast-sandbox:problem:${code}`
  return { status, body: { type, title, status, code, ...extra } }
}

/** The whole body as text, or null when it is too large. */
function bodyOf(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= BODY_BYTES_MAX) chunks.push(chunk)
      // The rest is dropped until the answer; a flood ends the connection.
      else if (size > 64 * BODY_BYTES_MAX) request.destroy()
    })
    request.on('error', reject)
    request.on('end', () => {
      if (size > BODY_BYTES_MAX) resolve(null)
      else resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString())
    })
  })
}

function send(response: ServerResponse, { status, body }: Answer): void {
  if (response.destroyed) return
  const text = JSON.stringify(body)
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
