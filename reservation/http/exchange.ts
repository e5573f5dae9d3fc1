/**
 * One request and its answer on uWebSockets.js, whose rules are harsh: a request object is gone
 * when its handler returns, an answer that is neither given nor watched for abort ends the
 * process, and touching it after abort throws. Everything goes through here, so that the rules
 * are kept in one place.
 */
import type { HttpResponse } from 'uWebSockets.js'
import { type Reply, statusLineOf } from './reply.ts'

/** Called once, when the exchange is over; status 0 when the client went away. */
export type ExchangeEnd = (status: number) => void

export class Exchange {
  readonly startedMs = performance.now()
  readonly #res: HttpResponse
  readonly #isHead: boolean
  readonly #onEnd: ExchangeEnd
  #isOver = false
  #isAborted = false
  #abortListener: (() => void) | null = null

  /** Must be made inside of the native handler: it registers for abort before anything else. */
  constructor(res: HttpResponse, options: { isHead: boolean; onEnd: ExchangeEnd }) {
    this.#res = res
    this.#isHead = options.isHead
    this.#onEnd = options.onEnd
    res.onAborted(() => this.#abort())
  }

  /** The answer was sent, or nobody waits for it any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Calls back when the client goes away, at once if it has. One listener. */
  onAborted(listener: () => void): void {
    if (this.#isAborted) listener()
    else this.#abortListener = listener
  }

  /** Sends the answer, unless the exchange is over. `isLast` closes the connection behind it. */
  send(reply: Reply, options: { isLast?: boolean } = {}): void {
    if (this.#isOver) return
    this.#end(reply.status)
    this.#res.cork(() => this.#write(reply, options.isLast ?? false))
  }

  /**
   * Reads the body; must be called inside of the native handler. `onBody` is called once: with
   * the bytes, or with null as soon as there are more than `bytesMax`. It is not called when the
   * client goes away first. The bytes are only valid during the call.
   */
  readBody(bytesMax: number, onBody: (bytes: Uint8Array | null) => void): void {
    let chunks: Uint8Array[] | null = null
    let size = 0
    let isDone = false
    this.#res.onData((chunk, isLast) => {
      if (isDone || this.#isOver) return
      size += chunk.byteLength
      if (size > bytesMax) {
        isDone = true
        onBody(null)
        return
      }
      if (isLast) {
        isDone = true
        const last = new Uint8Array(chunk)
        onBody(chunks === null ? last : Buffer.concat([...chunks, last]))
        return
      }
      // The chunk's memory is taken back when this call returns.
      chunks ??= []
      chunks.push(new Uint8Array(chunk.slice(0)))
    })
  }

  #write(reply: Reply, isLast: boolean): void {
    const res = this.#res
    const { status, headers = [], contentType, body } = reply
    res.writeStatus(statusLineOf(status))
    for (const [name, value] of headers) res.writeHeader(name, value)
    if (contentType) res.writeHeader('Content-Type', contentType)
    // 204 and 304 have no body by definition, and then no length either.
    if (status === 204 || status === 304) res.endWithoutBody()
    else if (body === undefined) res.endWithoutBody(0, isLast)
    else if (this.#isHead) {
      // Told the length as an argument, uWS waits for a body and drops the next request.
      res.writeHeader('Content-Length', String(Buffer.byteLength(body)))
      res.endWithoutBody()
    } else res.end(body, isLast)
  }

  #abort(): void {
    this.#isAborted = true
    if (!this.#isOver) this.#end(0)
    this.#abortListener?.()
  }

  #end(status: number): void {
    this.#isOver = true
    this.#onEnd(status)
  }
}
