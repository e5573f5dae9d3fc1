/**
 * A subscriber of the live map that costs its machine little: a raw WebSocket (RFC 6455) that
 * counts what it is sent and hands out the text of a frame only when somebody listens.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { FEED_PATH, FEED_PROTOCOL } from '../../contracts/feed.ts'

const HEAD_END = '\r\n\r\n'
const OPCODE_TEXT = 1
const OPCODE_CLOSE = 8
const FINAL_BIT = 0x80
const MASKED_BIT = 0x80
/** Lengths from here on have two bytes of their own, or eight. */
const LENGTH_16 = 126
const LENGTH_64 = 127

export interface FeedListener {
  /** Called with the text of each frame, and the moment it came by Date.now(). */
  onText?: (text: string, atMs: number) => void
  /** The server closed the connection, with this code when it said one. */
  onClose: (code: number | null) => void
}

interface Frame {
  opcode: number
  payload: Buffer
  /** Where the next frame begins. */
  end: number
}

/** The frame at `from`, or null while it is not all there. Servers do not mask. */
export function frameAt(bytes: Buffer, from: number): Frame | null {
  if (bytes.length < from + 2) return null
  const opcode = (bytes[from] as number) & 0x0f
  const short = (bytes[from + 1] as number) & 0x7f
  let start = from + 2
  let length = short
  if (short === LENGTH_16) {
    if (bytes.length < start + 2) return null
    length = bytes.readUInt16BE(start)
    start += 2
  } else if (short === LENGTH_64) {
    if (bytes.length < start + 8) return null
    length = Number(bytes.readBigUInt64BE(start))
    start += 8
  }
  const end = start + length
  return bytes.length < end ? null : { opcode, payload: bytes.subarray(start, end), end }
}

/** A masked text frame; a mask of zeros leaves the text as it is. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const mask = Buffer.alloc(4)
  if (payload.length < LENGTH_16) {
    const head = Buffer.from([FINAL_BIT | OPCODE_TEXT, MASKED_BIT | payload.length])
    return Buffer.concat([head, mask, payload])
  }
  const head = Buffer.from([FINAL_BIT | OPCODE_TEXT, MASKED_BIT | LENGTH_16, 0, 0])
  head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, mask, payload])
}

export class FeedClient {
  /** Text frames so far. */
  frames = 0
  /** Bytes so far, heads of frames included. */
  bytes = 0
  readonly #listener: FeedListener
  readonly #socket: Socket
  #pending: Buffer = Buffer.alloc(0)
  #isOpen = false
  #closeCode: number | null = null

  private constructor(socket: Socket, listener: FeedListener) {
    this.#socket = socket
    this.#listener = listener
  }

  /** Connects and subscribes to a show. Rejects when the server does not upgrade. */
  static subscribe(http: string, showId: string, listener: FeedListener): Promise<FeedClient> {
    const { hostname, port, host } = new URL(http)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const client = new FeedClient(socket, listener)
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('close', () => {
        reject(new Error('the server closed the connection'))
        listener.onClose(client.#closeCode)
      })
      socket.on('data', (data: Buffer) => {
        try {
          const wasOpen = client.#isOpen
          client.#take(data)
          if (wasOpen || !client.#isOpen) return
          socket.write(textFrame(JSON.stringify({ op: 'subscribe', showId })))
          resolve(client)
        } catch (error) {
          socket.destroy()
          reject(error)
        }
      })
      const key = randomBytes(16).toString('base64')
      socket.write(
        `GET ${FEED_PATH} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\n` +
          `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
          `Sec-WebSocket-Protocol: ${FEED_PROTOCOL}\r\n\r\n`,
      )
    })
  }

  /** Ends the connection without a word; `onClose` is called. */
  close(): void {
    this.#socket.destroy()
  }

  #take(data: Buffer): void {
    const atMs = Date.now()
    this.#pending = this.#pending.length === 0 ? data : Buffer.concat([this.#pending, data])
    if (!this.#isOpen && !this.#readHead()) return
    let from = 0
    for (;;) {
      const frame = frameAt(this.#pending, from)
      if (!frame) break
      this.bytes += frame.end - from
      from = frame.end
      this.#see(frame, atMs)
    }
    this.#pending = this.#pending.subarray(from)
  }

  #readHead(): boolean {
    const end = this.#pending.indexOf(HEAD_END)
    if (end < 0) return false
    const head = this.#pending.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${head.split('\r\n')[0]}`)
    this.#pending = this.#pending.subarray(end + HEAD_END.length)
    this.#isOpen = true
    return true
  }

  #see({ opcode, payload }: Frame, atMs: number): void {
    if (opcode === OPCODE_TEXT) {
      this.frames += 1
      this.#listener.onText?.(payload.toString('utf8'), atMs)
    } else if (opcode === OPCODE_CLOSE && payload.length >= 2) {
      this.#closeCode = payload.readUInt16BE(0)
    }
  }
}
