/**
 * A WebSocket for crowds: what the SDK needs of one and no more, at a fraction of the price, so
 * that thousands fit on the machine of the server that they watch.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { SocketEvent, WebSocketLike } from '../../client/types.ts'
import { frameAt } from '../../loadtest/light/feedClient.ts'

const OPEN = 1
const CLOSED = 3
const TEXT = 1
const CLOSE = 8
const PING = 9
const PONG = 10
const NO_CODE = 1006
const HEAD_END = '\r\n\r\n'

type EventType = 'open' | 'message' | 'close' | 'error'

export class LightSocket implements WebSocketLike {
  readyState = 0
  readonly #socket: Socket
  readonly #listeners: Partial<Record<EventType, (event: SocketEvent) => void>> = {}
  #bytes: Buffer = Buffer.alloc(0)
  #code = NO_CODE

  constructor(url: string, protocols: string[]) {
    const { hostname, port, host, pathname } = new URL(url)
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true })
    this.#socket.on('data', (data: Buffer) => this.#take(data))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#end())
    this.#socket.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${protocols.join(', ')}\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    )
  }

  /** One listener of a type. */
  addEventListener(type: EventType, listener: (event: SocketEvent) => void): void {
    this.#listeners[type] = listener
  }

  send(text: string): void {
    this.#write(TEXT, Buffer.from(text))
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  #take(data: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? data : Buffer.concat([this.#bytes, data])
    if (this.readyState === 0 && !this.#readHead()) return
    let from = 0
    for (let frame = frameAt(this.#bytes, 0); frame; frame = frameAt(this.#bytes, from)) {
      from = frame.end
      this.#see(frame.opcode, frame.payload)
    }
    this.#bytes = this.#bytes.subarray(from)
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf(HEAD_END)
    if (end < 0) return false
    const isUpgraded = this.#bytes.toString('latin1', 0, end).startsWith('HTTP/1.1 101')
    this.#bytes = this.#bytes.subarray(end + HEAD_END.length)
    if (!isUpgraded) {
      this.#socket.destroy()
      return false
    }
    this.readyState = OPEN
    this.#listeners.open?.({ type: 'open' })
    return true
  }

  #see(opcode: number, payload: Buffer): void {
    if (opcode === TEXT) {
      this.#listeners.message?.({ type: 'message', data: payload.toString('utf8') })
    } else if (opcode === PING) this.#write(PONG, payload)
    else if (opcode === CLOSE) {
      this.#code = payload.length >= 2 ? payload.readUInt16BE(0) : NO_CODE
      this.#socket.end()
    }
  }

  /** A masked frame; a mask of zeros leaves the payload as it is. */
  #write(opcode: number, payload: Buffer): void {
    const isShort = payload.length < 126
    const head = isShort
      ? Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0])
      : Buffer.from([0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0])
    this.#socket.write(Buffer.concat([head, payload]))
  }

  #end(): void {
    if (this.readyState === CLOSED) return
    this.readyState = CLOSED
    this.#listeners.close?.({ type: 'close', code: this.#code })
  }
}
