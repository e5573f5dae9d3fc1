/**
 * HTTP to one instance over kept connections, each carrying one request at a time. It tells what
 * a caller who moves money must know: whether a request that was not answered may have arrived.
 *
 * undici's own Pool hides that, and looks through all connections at every call; a stack of its
 * single-connection clients tells, and costs less.
 */
import { Client, type Dispatcher } from 'undici'

export interface WireRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type WireHeaders = Readonly<Record<string, string | string[] | undefined>>

export type WireResult =
  | { type: 'answer'; status: number; headers: WireHeaders; body: string }
  | { type: 'not_sent'; detail: string }
  | { type: 'no_answer'; detail: string }

export interface WireOptions {
  readonly origin: string
  /** From the call until the request is written, waiting for a free connection included. */
  readonly connectTimeoutMs: number
  /** From the request's first byte until the answer's last. */
  readonly readTimeoutMs: number
  readonly connectionsMax: number
}

const ANSWER_BYTES_MAX = 1024 * 1024
const KEEP_ALIVE_MS = 30_000
/** Requests that wait for a connection; a further one is not sent at all. */
const WAITING_MAX = 10_000

export class Wire {
  readonly #options: WireOptions
  /** The connection used last is used next, so that a quiet time lets the others go. */
  readonly #free: Client[] = []
  readonly #all = new Set<Client>()
  readonly #waiting: Attempt[] = []

  constructor(options: WireOptions) {
    this.#options = options
  }

  /** Sends a request. Never throws: a fault is a result. */
  send(request: WireRequest): Promise<WireResult> {
    return new Promise((resolve) => {
      const attempt = new Attempt(request, this.#options, {
        settled: resolve,
        over: (client, isUsable) => this.#takeBack(client, isUsable),
      })
      const client = this.#free.pop() ?? this.#open()
      if (client) attempt.begin(client)
      else if (this.#waiting.length < WAITING_MAX) this.#waiting.push(attempt)
      else attempt.giveUp('too many requests wait for a connection')
    })
  }

  /** Cuts all connections; requests under way end as `no_answer`. */
  async close(): Promise<void> {
    for (const attempt of this.#waiting.splice(0)) attempt.giveUp('the client is closed')
    await Promise.all([...this.#all].map((client) => client.destroy()))
    this.#all.clear()
  }

  #open(): Client | null {
    if (this.#all.size >= this.#options.connectionsMax) return null
    const client = new Client(this.#options.origin, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The attempt's own clocks are exact to the millisecond; undici's tick twice a second.
      connect: { timeout: 0 },
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    this.#all.add(client)
    return client
  }

  #takeBack(client: Client, isUsable: boolean): void {
    let next: Client | null = client
    if (!isUsable) {
      this.#all.delete(client)
      void client.destroy()
      next = null
    }
    for (;;) {
      const attempt = this.#waiting.shift()
      if (!attempt) {
        if (next) this.#free.push(next)
        return
      }
      if (attempt.isSettled) continue
      const chosen = next ?? this.#open()
      if (chosen) attempt.begin(chosen)
      else this.#waiting.unshift(attempt)
      return
    }
  }
}

interface AttemptEnd {
  settled(result: WireResult): void
  /** The connection is free again, or of no use any more. Called once for each that was given. */
  over(client: Client, isUsable: boolean): void
}

/** One request, from the wish to the result. */
class Attempt implements Dispatcher.DispatchHandler {
  readonly #request: WireRequest
  readonly #readTimeoutMs: number
  readonly #end: AttemptEnd
  #client: Client | null = null
  #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | null = null
  #isSettled = false
  #status = 0
  #headers: WireHeaders = {}
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(request: WireRequest, options: WireOptions, end: AttemptEnd) {
    const { connectTimeoutMs, readTimeoutMs } = options
    this.#request = request
    this.#readTimeoutMs = readTimeoutMs
    this.#end = end
    this.#timer = setTimeout(
      () => this.giveUp(`no connection within ${connectTimeoutMs} ms`),
      connectTimeoutMs,
    )
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  begin(client: Client): void {
    this.#client = client
    try {
      client.dispatch({ ...this.#request, body: this.#request.body ?? null }, this)
    } catch (error) {
      this.onResponseError(null, error as Error)
    }
  }

  /** Before the request was written: it never will be. After: nobody waits for its answer. */
  giveUp(detail: string): void {
    if (this.#controller) {
      this.#controller.abort(new Error(detail))
      return
    }
    this.#settle({ type: 'not_sent', detail })
    this.#release(false)
  }

  /** Called right before the request is written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) {
      controller.abort(new Error('given up before it was sent'))
      return
    }
    this.#controller = controller
    clearTimeout(this.#timer)
    const ms = this.#readTimeoutMs
    this.#timer = setTimeout(() => this.giveUp(`no answer within ${ms} ms`), ms)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: WireHeaders,
  ): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= ANSWER_BYTES_MAX) this.#chunks.push(chunk)
    else this.giveUp(`an answer of more than ${ANSWER_BYTES_MAX} bytes`)
  }

  onResponseEnd(): void {
    const [first] = this.#chunks
    const isOne = first !== undefined && this.#chunks.length === 1
    const body = isOne ? first.toString() : Buffer.concat(this.#chunks).toString()
    this.#settle({ type: 'answer', status: this.#status, headers: this.#headers, body })
    this.#release(true)
  }

  onResponseError(_controller: unknown, error: Error): void {
    const detail = `${(error as NodeJS.ErrnoException).code ?? error.name}: ${error.message}`
    this.#settle({ type: this.#controller ? 'no_answer' : 'not_sent', detail })
    this.#release(true)
  }

  #settle(result: WireResult): void {
    if (this.#isSettled) return
    this.#isSettled = true
    clearTimeout(this.#timer)
    this.#end.settled(result)
  }

  #release(isUsable: boolean): void {
    const client = this.#client
    this.#client = null
    if (client) this.#end.over(client, isUsable)
  }
}
