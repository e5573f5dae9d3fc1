/** The idiomatic variant's server: node:http, as it comes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OperationalError } from '../../../platform/errors.ts'
import {
  type Call,
  type HttpServer,
  problem,
  type Reply,
  type Route,
  type ServerOptions,
} from './http.ts'

/** Longer than the clients keep an idle connection, so that theirs is always the first to go. */
const KEEP_ALIVE_MS = 65_000
const STOP_GRACE_MS = 5_000

interface Matcher {
  readonly route: Route
  readonly pattern: RegExp
}

export class NodeServer implements HttpServer {
  readonly name = 'http'
  readonly #options: ServerOptions
  readonly #exact: ReadonlyMap<string, Route>
  readonly #patterns: readonly Matcher[]
  #server: Server | null = null

  constructor(options: ServerOptions) {
    this.#options = options
    const isExact = ({ path }: Route): boolean => !path.includes('{')
    const { routes } = options
    this.#exact = new Map(routes.filter(isExact).map((one) => [`${one.method} ${one.path}`, one]))
    this.#patterns = routes
      .filter((route) => !isExact(route))
      .map((route) => ({
        route,
        pattern: new RegExp(`^${route.path.replace(/\{\w+\}/g, '([^/]+)')}$`),
      }))
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0
  }

  /** @throws OperationalError STARTUP_FAILED when the port is taken */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response))
    server.keepAliveTimeout = KEEP_ALIVE_MS
    server.headersTimeout = KEEP_ALIVE_MS + 1_000
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const detail = `cannot listen on port ${this.#options.port}`
        reject(new OperationalError('STARTUP_FAILED', { retriable: false, detail, cause }))
      })
      server.listen(this.#options.port, '127.0.0.1', resolve)
    })
    this.#server = server
  }

  /** Takes no new connection and answers what is under way, for a few seconds. */
  async stop(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = null
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
    await closed
    clearTimeout(timer)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const found = this.#find(request)
      if (!found) return send(response, problem('not-found', 'there is no such path'))
      const { route, params } = found
      const body = route.method === 'POST' ? await bodyOf(request, route.bodyBytesMax) : ''
      if (body === null) return send(response, problem('body-too-large'))
      const call: Call = { params, headers: headersOf(route, request), body }
      send(response, await this.#options.answer(route, call))
    } catch (error) {
      // The client went away while it was sending; there is nobody to answer.
      this.#options.log.debug({ err: error }, 'a request was broken off')
      response.destroy()
    }
  }

  #find({ method = 'GET', url = '/' }: IncomingMessage): FoundRoute | null {
    const cut = url.indexOf('?')
    const path = cut < 0 ? url : url.slice(0, cut)
    const exact = this.#exact.get(`${method} ${path}`)
    if (exact) return { route: exact, params: [] }
    for (const { route, pattern } of this.#patterns) {
      if (route.method !== method) continue
      const match = pattern.exec(path)
      if (match) return { route, params: match.slice(1) }
    }
    return null
  }
}

interface FoundRoute {
  route: Route
  params: string[]
}

function headersOf(route: Route, { headers }: IncomingMessage): Record<string, string> {
  const named: Record<string, string> = {}
  for (const name of route.headers) {
    const value = headers[name]
    named[name] = typeof value === 'string' ? value : ''
  }
  return named
}

/** The whole body as text, or null when it is larger than allowed. */
function bodyOf(request: IncomingMessage, bytesMax: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= bytesMax) chunks.push(chunk)
      // The rest is dropped until the answer; a flood ends the connection.
      else if (size > bytesMax + INTERNAL_EXCESS_BYTES_MAX) request.destroy()
    })
    request.on('error', reject)
    request.on('end', () => resolve(size > bytesMax ? null : textOf(chunks)))
  })
}

const INTERNAL_EXCESS_BYTES_MAX = 16 * 1024 * 1024

const textOf = (chunks: readonly Buffer[]): string =>
  chunks.length === 1 ? (chunks[0] as Buffer).toString() : Buffer.concat(chunks).toString()

function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return
  const { status, contentType, headers, body = '' } = reply
  response.writeHead(status, {
    ...(contentType && { 'content-type': contentType }),
    ...headers,
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}
