/**
 * The tuned variant's server: uWebSockets.js. A request is gone when its handler returns, an answer
 * that is neither given nor watched for abort ends the process, and touching one after an abort
 * throws; all of that is kept to here.
 */
import uWS from 'uWebSockets.js'
import { OperationalError } from '../../../platform/errors.ts'
import {
  type Call,
  type HttpServer,
  problem,
  type Reply,
  type Route,
  type ServerOptions,
} from './http.ts'

const EXCLUSIVE_PORT = 1
const STOP_GRACE_MS = 5_000

interface ListenOnHost {
  listen(
    host: string,
    port: number,
    options: number,
    done: (socket: uWS.us_listen_socket | false) => void,
  ): unknown
}

export class UwsServer implements HttpServer {
  readonly name = 'http'
  readonly #options: ServerOptions
  #app: uWS.TemplatedApp | null = null
  #socket: uWS.us_listen_socket | null = null
  #underWay = 0
  #onIdle: (() => void) | null = null

  constructor(options: ServerOptions) {
    this.#options = options
  }

  get port(): number {
    const socket = this.#socket as uWS.us_socket | null
    return socket ? uWS.us_socket_local_port(socket) : 0
  }

  /** @throws OperationalError STARTUP_FAILED: the port is taken, or the module is not native */
  async start(): Promise<void> {
    const { port, routes } = this.#options
    if (typeof uWS.us_socket_local_port !== 'function') throw failed('the module is not native')
    const app = uWS.App()
    for (const route of routes) {
      const pattern = route.path.replace(/\{(\w+)\}/g, ':$1')
      const serve = (res: uWS.HttpResponse, req: uWS.HttpRequest) => this.#serve(route, res, req)
      if (route.method === 'POST') app.post(pattern, serve)
      else app.get(pattern, serve)
    }
    app.any('/*', (res) => write(res, problem('not-found', 'there is no such path')))
    const socket = await new Promise<uWS.us_listen_socket | false>((resolve) => {
      ;(app as unknown as ListenOnHost).listen('127.0.0.1', port, EXCLUSIVE_PORT, resolve)
    })
    if (!socket) throw failed(`cannot listen on port ${port}`)
    this.#app = app
    this.#socket = socket
  }

  /** Takes no new connection and answers what is under way, for a few seconds. */
  async stop(): Promise<void> {
    const socket = this.#socket
    if (!socket) return
    this.#socket = null
    uWS.us_listen_socket_close(socket)
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, STOP_GRACE_MS)
        this.#onIdle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#app?.close()
    this.#app = null
  }

  #serve(route: Route, res: uWS.HttpResponse, req: uWS.HttpRequest): void {
    let isOver = false
    this.#underWay += 1
    const end = (): boolean => {
      if (isOver) return false
      isOver = true
      this.#underWay -= 1
      if (this.#underWay === 0) this.#onIdle?.()
      return true
    }
    res.onAborted(end)
    const reply = (answer: Reply): void => {
      if (end()) res.cork(() => write(res, answer))
    }
    const { params, headers } = partsOf(route, req)
    const run = async (body: string): Promise<void> => {
      const call: Call = { params, headers, body }
      reply(await this.#options.answer(route, call))
    }
    if (route.method === 'GET') {
      void run('')
      return
    }
    readBody(res, route.bodyBytesMax, (body) => {
      if (isOver) return
      if (body === null) reply(problem('body-too-large'))
      else void run(body)
    })
  }
}

function partsOf(route: Route, req: uWS.HttpRequest): Pick<Call, 'params' | 'headers'> {
  const params: string[] = []
  const count = route.path.split('{').length - 1
  for (let at = 0; at < count; at++) params.push(req.getParameter(at) ?? '')
  const headers: Record<string, string> = {}
  for (const name of route.headers) headers[name] = req.getHeader(name)
  return { params, headers }
}

/** Calls back once: with the text, or with null as soon as it is longer than allowed. */
function readBody(
  res: uWS.HttpResponse,
  bytesMax: number,
  onBody: (body: string | null) => void,
): void {
  // The memory of a chunk is taken back when the call returns, so parts are copied.
  let parts: Buffer | null = null
  let isDone = false
  res.onData((chunk, isLast) => {
    if (isDone) return
    const size = (parts?.length ?? 0) + chunk.byteLength
    if (size > bytesMax) {
      isDone = true
      onBody(null)
      return
    }
    if (isLast && parts === null) {
      isDone = true
      onBody(Buffer.from(chunk).toString())
      return
    }
    parts = Buffer.concat([parts ?? Buffer.alloc(0), Buffer.from(chunk)])
    if (!isLast) return
    isDone = true
    onBody(parts.toString())
  })
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

function write(res: uWS.HttpResponse, { status, contentType, headers, body = '' }: Reply): void {
  res.writeStatus(`${status} ${STATUS_WORDS[status] ?? ''}`)
  if (contentType) res.writeHeader('content-type', contentType)
  for (const name in headers) res.writeHeader(name, headers[name] as string)
  res.end(body)
}

const failed = (detail: string) =>
  new OperationalError('STARTUP_FAILED', { retriable: false, detail })
