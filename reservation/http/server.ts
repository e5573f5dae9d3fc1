/**
 * The HTTP server: every request takes the same way, from the native handler through token, rate
 * and schema to its route's handler and back. What a handler throws becomes 503 when a dependency
 * is down and 500 otherwise; nobody sees a stack trace.
 */

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js'
import { isUtf8 } from 'node:buffer'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { badRequest, errorsOf, type FieldError } from '../booking/requests.ts'
import type { Admissions } from './auth/admissions.ts'
import type { Identity } from './auth/tokens.ts'
import { Exchange } from './exchange.ts'
import { Faults } from './faults.ts'
import { parseJson } from './json.ts'
import { assertNative, closeListener, createApp, type ListenSocket, listen } from './native.ts'
import { problem, problemReply, type Reply } from './reply.ts'
import { RequestMetrics } from './requestMetrics.ts'
import type { Call, Route } from './route.ts'

/** A request body must be here within this time, however slowly it trickles in. */
export const BODY_MS_MAX = 10_000
/** Requests that may be under way at a time; most of them wait for a reservation to change. */
export const REQUESTS_MAX = 20_000
/** How long a stop waits for requests that are under way. */
export const DRAIN_MS_MAX = 10_000
/** A client that announces more than this beyond the limit is cut off instead of read out. */
const EXCESS_BYTES_MAX = 16 * 1024 * 1024
const CLOCK_TICK_MS = 500

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

export interface HttpServerOptions {
  readonly host: string
  /** 0 lets the system choose; see `port` after the start. */
  readonly port: number
  /** Lets other processes listen on the same port, which then share its connections. */
  readonly isPortShared: boolean
  readonly routes: readonly Route[]
  readonly admissions: Admissions
  readonly log: Log
  readonly metrics: Metrics
  /** Adds handlers of other protocols, before those of the routes. */
  readonly attach?: (app: TemplatedApp) => void
  /** Called when the stop begins, so that long waits are answered; it is waited for. */
  readonly onDrain: () => void | Promise<void>
  readonly bodyMsMax?: number
}

/**
 * Two components in one: it listens before most of the service runs, and it stops before anything
 * else does, so that whatever is under way is finished by a service that still is whole.
 */
export class HttpServer {
  /** Listens; its stop closes what a drain has left. */
  readonly listening: Component = {
    name: 'http',
    start: () => this.start(),
    stop: async () => this.#close(),
  }
  /** Its stop takes no new connection and answers what is under way. */
  readonly draining: Component = {
    name: 'http drain',
    start: async () => {},
    stop: () => this.#drain(),
  }
  readonly #options: HttpServerOptions
  readonly #requests: RequestMetrics
  readonly #faults: Faults
  readonly #reading = new Set<Exchange>()
  #app: TemplatedApp | null = null
  #socket: ListenSocket | null = null
  #clock: NodeJS.Timeout | null = null
  #port = 0
  #underWay = 0
  #isDraining = false
  #onIdle: (() => void) | null = null

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#requests = new RequestMetrics(options.metrics)
    this.#faults = new Faults(options.log)
    options.metrics.gauge('holdfast_http_requests_under_way', 'Requests not yet answered', {
      collect: (gauge) => gauge.set(this.#underWay),
    })
  }

  /** The port it listens on; 0 before the start. */
  get port(): number {
    return this.#port
  }

  /** @throws OperationalError STARTUP_FAILED: the port is taken, or the module is not native */
  async start(): Promise<void> {
    assertNative()
    const { host, port, isPortShared, routes, log, attach } = this.#options
    const app = createApp()
    attach?.(app)
    for (const [path, methods] of byPath(routes)) this.#register(app, path, methods)
    app.any('/*', (res, req) => {
      this.#answerAtOnce(res, req, 'none', problem('not-found', 'there is no such path'))
    })
    const { socket, port: actual } = await listen(app, { host, port, isShared: isPortShared })
    this.#app = app
    this.#socket = socket
    this.#port = actual
    this.#clock = setInterval(() => this.#cutSlowBodies(), CLOCK_TICK_MS)
    log.info({ host, port: actual }, 'HTTP is served')
  }

  /** Takes no new connection, answers what is under way (10 s at most), then closes the rest. */
  async stop(): Promise<void> {
    await this.#drain()
    this.#close()
  }

  async #drain(): Promise<void> {
    if (this.#isDraining) return
    this.#isDraining = true
    if (this.#socket) closeListener(this.#socket)
    await Promise.all([this.#options.onDrain(), this.#whenIdle()])
  }

  #close(): void {
    this.#isDraining = true
    if (this.#clock) clearInterval(this.#clock)
    this.#app?.close()
    this.#app = null
  }

  #register(app: TemplatedApp, path: string, routes: readonly Route[]): void {
    const pattern = path.replace(/\{([A-Za-z]+)\}/g, ':$1')
    const allow = ['OPTIONS']
    for (const route of routes) {
      allow.push(route.method)
      const serve = (res: HttpResponse, req: HttpRequest) => this.#serve(route, res, req, false)
      if (route.method === 'POST') app.post(pattern, serve)
      if (route.method === 'DELETE') app.del(pattern, serve)
      if (route.method !== 'GET') continue
      allow.push('HEAD')
      app.get(pattern, serve)
      app.head(pattern, (res, req) => this.#serve(route, res, req, true))
    }
    const headers = [['Allow', allow.sort().join(', ')]] as const
    const refusal = { ...problem('method-not-allowed'), headers }
    app.options(pattern, (res, req) => {
      this.#answerAtOnce(res, req, path, { status: 204, headers })
    })
    app.any(pattern, (res, req) => this.#answerAtOnce(res, req, path, refusal))
  }

  #open(res: HttpResponse, label: string, isHead: boolean): Exchange {
    this.#underWay += 1
    const exchange: Exchange = new Exchange(res, {
      isHead,
      onEnd: (status) => {
        this.#underWay -= 1
        this.#reading.delete(exchange)
        this.#requests.observe(label, status, performance.now() - exchange.startedMs)
        if (this.#underWay === 0) this.#onIdle?.()
      },
    })
    return exchange
  }

  #answerAtOnce(res: HttpResponse, req: HttpRequest, path: string, reply: Reply): void {
    const exchange = this.#open(res, path, req.getMethod() === 'head')
    exchange.send(reply, { isLast: this.#isDraining })
  }

  /** The native handler of a route. Copies what is needed from `req`, which dies on return. */
  #serve(route: Route, res: HttpResponse, req: HttpRequest, isHead: boolean): void {
    const exchange = this.#open(res, `${route.method} ${route.path}`, isHead)
    if (this.#underWay > REQUESTS_MAX) {
      exchange.send(problem('unavailable', 'too many requests are under way'))
      return
    }
    const call = callOf(route, req, exchange)
    if (!route.body) {
      void this.#run(route, exchange, call, '')
      return
    }
    this.#reading.add(exchange)
    const announced = Number(req.getHeader('content-length'))
    const { bytesMax } = route.body
    exchange.readBody(bytesMax, (bytes) => {
      this.#reading.delete(exchange)
      if (bytes === null) this.#refuseBody(exchange, bytesMax, announced)
      else void this.#run(route, exchange, call, textOf(bytes))
    })
  }

  #refuseBody(exchange: Exchange, bytesMax: number, announced: number): void {
    const reply = problem('body-too-large', `a body may have ${bytesMax} bytes here`)
    // A client that is nearly done reads its answer behind its last byte; one that would go on
    // for long, or does not say how long, is cut off.
    const isNearlyDone = announced > 0 && announced <= bytesMax + EXCESS_BYTES_MAX
    exchange.send(reply, { isLast: !isNearlyDone })
  }

  async #run(route: Route, exchange: Exchange, call: CallParts, body: string | null) {
    let reply: Reply
    try {
      reply = await this.#answer(route, call, body)
    } catch (error) {
      reply = problemReply(this.#faults.problemOf(error, route.path))
    }
    exchange.send(reply, { isLast: this.#isDraining })
  }

  async #answer(route: Route, call: CallParts, body: string | null): Promise<Reply> {
    let identity: Identity | null = null
    if (route.access !== 'public') {
      const admitting = this.#options.admissions.admit(call.authorization, route.access)
      const admission = admitting instanceof Promise ? await admitting : admitting
      if (!admission.ok) return problemReply(admission.problem)
      identity = admission.identity
    }
    let value: unknown
    if (route.body) {
      const checked = checkBody(route.body, body)
      if (!checked.ok) return checked.reply
      value = checked.value
    }
    const full: Call = { ...call, identity, body: value }
    return route.handle(full as Call<never, never>)
  }

  #cutSlowBodies(): void {
    const oldestMs = performance.now() - (this.#options.bodyMsMax ?? BODY_MS_MAX)
    for (const exchange of this.#reading) {
      // Sets keep the order of insertion, so the first that is young enough ends the search.
      if (exchange.startedMs > oldestMs) return
      exchange.send(problem('request-timeout', 'the body did not arrive in time'), { isLast: true })
    }
  }

  async #whenIdle(): Promise<void> {
    if (this.#underWay === 0) return
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, DRAIN_MS_MAX)
      this.#onIdle = () => {
        clearTimeout(limit)
        resolve()
      }
    })
  }
}

type CallParts = Omit<Call, 'identity' | 'body'> & { readonly authorization: string }

function callOf(route: Route, req: HttpRequest, exchange: Exchange): CallParts {
  const headers: Record<string, string> = {}
  for (const name of route.headers) headers[name] = req.getHeader(name)
  const params: string[] = []
  const count = route.path.split('{').length - 1
  for (let at = 0; at < count; at++) params.push(req.getParameter(at))
  const traceparent = req.getHeader('traceparent')
  return {
    params,
    headers,
    authorization: route.access === 'public' ? '' : req.getHeader('authorization'),
    onAborted: (listener) => exchange.onAborted(listener),
    ...(TRACEPARENT.test(traceparent) && { traceparent }),
  }
}

/** The text of a body, or null when it is not UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  if (!isUtf8(bytes)) return null
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

type CheckedBody = { ok: true; value: unknown } | { ok: false; reply: Reply }

function checkBody(body: NonNullable<Route['body']>, text: string | null): CheckedBody {
  if (text === null) return badBody([{ path: '/', message: 'the body is not UTF-8' }])
  // No body at all is an empty object: a client need not send `{}` to say nothing.
  const parsed = text === '' ? ({ ok: true, value: {} } as const) : parseJson(text)
  if (!parsed.ok) return badBody([{ path: '/', message: parsed.message }])
  const errors = errorsOf(body.check, parsed.value)
  return errors.length > 0 ? badBody(errors) : parsed
}

function badBody(errors: readonly FieldError[]): CheckedBody {
  return { ok: false, reply: problemReply(badRequest(errors).problem) }
}

function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const paths = new Map<string, Route[]>()
  for (const route of routes) {
    const sharing = paths.get(route.path)
    if (sharing) sharing.push(route)
    else paths.set(route.path, [route])
  }
  return paths
}
