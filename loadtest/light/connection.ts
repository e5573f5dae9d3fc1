/**
 * One keep-alive HTTP/1.1 connection with one request at a time, for generators that must leave
 * the CPU to the servers: a request is one prepared text, and of an answer only the status, the
 * length and what the caller looks for are read.
 */
import { connect, type Socket } from 'node:net'

/** What is known of an answer. `text` is head and body together, as Latin-1. */
export interface RawAnswer {
  /** 0: the connection was lost before there was an answer. */
  status: number
  text: string
}

const LOST: RawAnswer = { status: 0, text: '' }
const READ_BYTES = 64 * 1024
const HEAD_END = '\r\n\r\n'
/** Where the three digits stand in `HTTP/1.1 201 Created`. */
const STATUS_AT = 9
const CHUNKED_END = '\r\n0\r\n\r\n'

/** All connections of a process read into one buffer: what is in it is copied before the next. */
const shared = Buffer.allocUnsafe(READ_BYTES)

export class RawConnection {
  readonly #target: { host: string; port: number }
  #socket: Socket | null = null
  #pending = ''
  /** Length of the answer that is arriving; 0 while its head is not complete, -1 when chunked. */
  #expected = 0
  #resolve: ((answer: RawAnswer) => void) | null = null

  constructor(target: { host: string; port: number }) {
    this.#target = target
  }

  /** Sends one whole request and resolves with its answer; never rejects. */
  ask(request: string): Promise<RawAnswer> {
    return new Promise((resolve) => {
      this.#resolve = resolve
      const socket = this.#socket ?? this.#open()
      socket.write(request, 'latin1')
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #open(): Socket {
    const socket = connect({
      ...this.#target,
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (bytes, buffer) => {
          this.#take((buffer as Buffer).toString('latin1', 0, bytes))
          return true
        },
      },
    })
    // What went wrong is told by the close that follows.
    socket.on('error', () => {})
    socket.on('close', () => this.#lose(socket))
    this.#socket = socket
    return socket
  }

  #lose(socket: Socket): void {
    if (this.#socket !== socket) return
    this.#socket = null
    this.#pending = ''
    this.#expected = 0
    this.#settle(LOST)
  }

  #take(part: string): void {
    this.#pending = this.#pending === '' ? part : this.#pending + part
    if (this.#expected === 0) {
      const headEnd = this.#pending.indexOf(HEAD_END)
      if (headEnd < 0) return
      this.#expected = lengthOf(this.#pending, headEnd)
    }
    const isWhole =
      this.#expected < 0
        ? this.#pending.endsWith(CHUNKED_END)
        : this.#pending.length >= this.#expected
    if (!isWhole) return
    const text = this.#pending
    this.#pending = ''
    this.#expected = 0
    this.#settle({ status: Number(text.slice(STATUS_AT, STATUS_AT + 3)), text })
  }

  #settle(answer: RawAnswer): void {
    const resolve = this.#resolve
    this.#resolve = null
    resolve?.(answer)
  }
}

/** Bytes of head and body together, or -1 for a chunked body. */
function lengthOf(text: string, headEnd: number): number {
  const head = text.slice(0, headEnd)
  const match = /\r\ncontent-length: *([0-9]+)/i.exec(head)
  if (match) return headEnd + HEAD_END.length + Number(match[1])
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return -1
  // Answers such as 204 have no body.
  return headEnd + HEAD_END.length
}

/** The value of a header of an answer, or an empty text. `name` in lower case. */
export function headerOf(text: string, name: string): string {
  const head = text.slice(0, text.indexOf(HEAD_END))
  const found = new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)
  return found?.[1] ?? ''
}
