/**
 * HTTP calls to a provider over kept connections, each carrying one call at a time, with the one
 * distinction that money needs: whether a request may have reached the other side. One that never
 * left is `not_sent`; one that left and was not answered in full is `no_answer`.
 *
 * undici's own Pool looks for a free connection among all of them on every call and hides which
 * calls were never sent; a stack of its clients with a plain handler tells, and costs a little less.
 */
import { Client, type Dispatcher } from 'undici'

export type HttpResult =
  | { type: 'answer'; status: number; body: string }
  | { type: 'not_sent'; detail: string }
  | { type: 'no_answer'; detail: string }

export interface HttpCall {
  path: string
  headers: Record<string, string>
  body: string
}

const ANSWER_BYTES_MAX = 64 * 1024
const CONNECT_MS_MAX = 2_000
const KEEP_ALIVE_MS = 30_000

export class Lines {
  readonly #origin: string
  readonly #callMsMax: number
  /** The line used last is used next, so that a quiet time lets the others go. */
  readonly #free: Client[] = []
  readonly #all = new Set<Client>()

  /**
   * There are as many lines as calls were ever under way at once; the callers' limits bound them.
   * @param options.callMsMax how long a call may take from the first byte sent to the last received
   */
  constructor(options: { origin: string; callMsMax: number }) {
    this.#origin = options.origin
    this.#callMsMax = options.callMsMax
  }

  /** Posts a body. Never throws: a fault is a result. */
  post(call: HttpCall): Promise<HttpResult> {
    return new Promise((resolve) => {
      const line = this.#free.pop() ?? this.#open()
      const handler = new CallHandler(this.#callMsMax, resolve, () => this.#free.push(line))
      try {
        line.dispatch({ method: 'POST', ...call }, handler)
      } catch (error) {
        handler.onResponseError(null, error as Error)
      }
    })
  }

  /** Cuts all lines; calls under way end as `no_answer`. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((line) => line.destroy()))
    this.#all.clear()
  }

  #open(): Client {
    const line = new Client(this.#origin, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: CONNECT_MS_MAX },
      // The handler's own clock spans the whole call; these would only watch its parts.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    this.#all.add(line)
    return line
  }
}

/** One call, from dispatch to result. */
class CallHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (result: HttpResult) => void
  readonly #release: () => void
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | null = null
  #isSettled = false
  #status = 0
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(callMsMax: number, resolve: (result: HttpResult) => void, release: () => void) {
    this.#resolve = resolve
    this.#release = release
    this.#timer = setTimeout(() => this.#giveUp(`no answer in ${callMsMax} ms`), callMsMax)
  }

  /** Called right before the request is written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Settled as not sent while it waited for a connection, so it must not be sent any more.
    if (this.#isSettled) controller.abort(new Error('the call was given up before it was sent'))
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= ANSWER_BYTES_MAX) this.#chunks.push(chunk)
    else this.#giveUp('the answer is too long')
  }

  onResponseEnd(): void {
    const { '0': first, length } = this.#chunks
    const body = length === 1 && first ? first.toString() : Buffer.concat(this.#chunks).toString()
    this.#settle({ type: 'answer', status: this.#status, body })
    this.#release()
  }

  onResponseError(_controller: unknown, error: Error): void {
    const detail = `${(error as NodeJS.ErrnoException).code ?? error.name}: ${error.message}`
    this.#settle({ type: this.#controller ? 'no_answer' : 'not_sent', detail })
    this.#release()
  }

  #giveUp(detail: string): void {
    if (this.#controller) this.#controller.abort(new Error(detail))
    else this.#settle({ type: 'not_sent', detail: 'no connection in time' })
  }

  #settle(result: HttpResult): void {
    if (this.#isSettled) return
    this.#isSettled = true
    clearTimeout(this.#timer)
    this.#resolve(result)
  }
}
