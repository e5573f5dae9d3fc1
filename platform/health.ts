/**
 * The small HTTP server of a worker: /livez, /readyz, /metrics, and routes of the service's own.
 * Readiness proves progress, not a connection: the checks look at lag and at the age of the
 * oldest unpublished row.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OperationalError } from './errors.ts'
import type { Component } from './lifecycle.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** What one readiness check found. `detail` is shown to operators. */
export interface Check {
  ok: boolean
  detail?: string
}

export interface Readiness {
  ready: boolean
  /** Check name -> why it fails. */
  failing: Record<string, string>
}

export interface RouteRequest {
  method: string
  /** Path without the query. */
  path: string
  query: URLSearchParams
  /** Header names are lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The raw bytes, for signatures are computed over them. */
  body: Buffer
}

export interface RouteResponse {
  status: number
  headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON. */
  body?: string | Buffer | object
}

/** Routes by `METHOD /path`, matched exactly. */
export type Routes = Readonly<Record<string, (request: RouteRequest) => Promise<RouteResponse>>>

/** A check that takes longer than this fails. */
export const CHECK_MS_MAX = 1_000
/** A body over this many bytes is answered 413. */
export const ROUTE_BODY_BYTES_MAX = 64 * 1024

export type Checks = Readonly<Record<string, () => Promise<Check> | Check>>

/** Runs all checks at once; one that throws or takes over CHECK_MS_MAX fails. Never throws. */
export async function readinessOf(checks: Checks): Promise<Readiness> {
  const failing: Record<string, string> = {}
  const run = async (name: string, check: () => Promise<Check> | Check) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Check>((resolve) => {
      timer = setTimeout(() => resolve({ ok: false, detail: 'no answer in time' }), CHECK_MS_MAX)
    })
    try {
      const found = await Promise.race([Promise.resolve(check()), late])
      if (!found.ok) failing[name] = found.detail ?? 'failing'
    } catch (error) {
      failing[name] = error instanceof Error ? error.message : String(error)
    } finally {
      clearTimeout(timer)
    }
  }
  await Promise.all(
    Object.entries(checks).map(([name, check]) => run(name, async () => await check())),
  )
  return { ready: Object.keys(failing).length === 0, failing }
}

export class HealthServer implements Component {
  readonly name = 'health'
  readonly #options: {
    port: number
    host?: string
    checks: Checks
    metrics: Metrics
    log: Log
    routes?: Routes
  }
  #server: Server | null = null

  /** @param options.port 0 = any free port, see `port` after the start; host defaults to all */
  constructor(options: {
    port: number
    host?: string
    checks: Checks
    metrics: Metrics
    log: Log
    routes?: Routes
  }) {
    this.#options = options
  }

  /** The port it listens on; 0 before the start. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0
  }

  /** @throws OperationalError STARTUP_FAILED when the port is taken */
  async start(): Promise<void> {
    const { port, host, log } = this.#options
    const server = createServer((request, response) => void this.#answer(request, response))
    server.requestTimeout = 10_000
    server.headersTimeout = 5_000
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const detail = `cannot listen on port ${port}`
        reject(new OperationalError('STARTUP_FAILED', { retriable: false, detail, cause }))
      })
      server.listen({ port, host }, resolve)
    })
    this.#server = server
    log.info({ port: this.port }, 'health and metrics are served')
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = null
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeIdleConnections()
      // What still runs gets a moment; a stop must not hang on a slow client.
      setTimeout(() => server.closeAllConnections(), 1_000).unref()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, await this.#route(request))
    } catch (error) {
      this.#options.log.error({ err: error, url: request.url }, 'a request failed')
      send(response, problem(500, 'internal', 'Something went wrong on our side'))
    }
  }

  async #route(request: IncomingMessage): Promise<RouteResponse> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const method = request.method ?? 'GET'
    const { checks, metrics, routes = {} } = this.#options
    const route = Object.hasOwn(routes, `${method} ${pathname}`)
      ? routes[`${method} ${pathname}`]
      : undefined
    if (route) {
      const body = await bodyOf(request)
      if (!body) return problem(413, 'body-too-large', 'The body is too large')
      return route({ method, path: pathname, query: searchParams, headers: request.headers, body })
    }
    if (method === 'GET' || method === 'HEAD') {
      if (pathname === '/livez') return { status: 200, body: { live: true } }
      if (pathname === '/readyz') {
        const readiness = await readinessOf(checks)
        return { status: readiness.ready ? 200 : 503, body: readiness }
      }
      if (pathname === '/metrics') {
        const { registry } = metrics
        const headers = { 'content-type': registry.contentType }
        return { status: 200, headers, body: await registry.metrics() }
      }
    }
    return problem(404, 'not-found', 'There is no such thing')
  }
}

function problem(status: number, code: string, title: string): RouteResponse {
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { type: `urn:holdfast:problem:${code}`, title, status, code },
  }
}

/** The whole body, or null when it is larger than ROUTE_BODY_BYTES_MAX. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // The rest is read and dropped, so that the client gets its answer instead of a reset.
    if (size <= ROUTE_BODY_BYTES_MAX) chunks.push(chunk)
    else if (size > 16 * ROUTE_BODY_BYTES_MAX) break
  }
  return size > ROUTE_BODY_BYTES_MAX ? null : Buffer.concat(chunks)
}

function send(response: ServerResponse, answer: RouteResponse): void {
  if (response.headersSent || response.destroyed) return
  const { status, headers = {}, body } = answer
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body)
  const payload = isJson ? `${JSON.stringify(body)}\n` : (body ?? '')
  response.writeHead(status, {
    ...(isJson && { 'content-type': 'application/json' }),
    ...headers,
    'content-length': Buffer.byteLength(payload as string | Buffer),
  })
  response.end(payload)
}
