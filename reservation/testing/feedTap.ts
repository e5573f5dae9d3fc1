/** A bare connection to the feed that keeps every frame, for tests that look at the frames. */
import { once } from 'node:events'
import { type CloseEvent, type MessageEvent, WebSocket } from 'undici'
import { FEED_PATH, FEED_PROTOCOL, type ServerFrame } from '../../contracts/feed.ts'
import type { Show } from '../../contracts/http.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { type Edge, newShow } from './edge.ts'

export type FrameOf<O extends ServerFrame['op']> = Extract<ServerFrame, { op: O }>

export interface TapOptions {
  token?: string
  headers?: Record<string, string>
  /** Offered subprotocols, in place of the usual. */
  protocols?: string[]
}

export class Tap {
  readonly socket: WebSocket
  /** Everything that came, in order. */
  readonly frames: ServerFrame[] = []
  /** The close code, once it is closed. */
  closeCode: number | null = null
  /** How many frames `next` has gone past. */
  #seen = 0

  constructor(url: string, options: TapOptions = {}) {
    const { token, headers = {}, protocols = [FEED_PROTOCOL] } = options
    const offered = token === undefined ? protocols : [...protocols, `bearer.${token}`]
    this.socket = new WebSocket(url.replace('http', 'ws') + FEED_PATH, {
      protocols: offered,
      headers,
    })
    this.socket.addEventListener('message', ({ data }: MessageEvent) => {
      this.frames.push(JSON.parse(data as string) as ServerFrame)
    })
    this.socket.addEventListener('close', ({ code }: CloseEvent) => {
      this.closeCode = code
    })
    this.socket.addEventListener('error', () => {})
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** The next frame of this kind that was not answered before; frames of other kinds are skipped. */
  async next<O extends ServerFrame['op']>(op: O): Promise<FrameOf<O>> {
    const at = await waitFor(`a ${op} frame`, () => {
      const found = this.frames.findIndex((frame, index) => index >= this.#seen && frame.op === op)
      return found < 0 ? null : found + 1
    })
    this.#seen = at
    return this.frames[at - 1] as FrameOf<O>
  }

  /** Sends, and answers the next frame of this kind. */
  ask<O extends ServerFrame['op']>(frame: object, op: O): Promise<FrameOf<O>> {
    this.#seen = this.frames.length
    this.send(frame)
    return this.next(op)
  }

  /** The close code, when it comes. */
  async closed(): Promise<number> {
    await waitFor('the connection to be closed', () => this.closeCode !== null)
    return this.closeCode as number
  }

  async close(): Promise<void> {
    if (this.closeCode !== null) return
    this.socket.close()
    await this.closed()
  }
}

/** An open connection. Throws when it is refused. */
export async function tap(edge: { url: string }, options: TapOptions = {}): Promise<Tap> {
  const one = new Tap(edge.url, options)
  await Promise.race([once(one.socket, 'open'), once(one.socket, 'close')])
  if (one.socket.readyState !== WebSocket.OPEN && one.closeCode === 1006) {
    throw new Error('the connection was refused')
  }
  return one
}

/** A map as a plain list of states, made of frames, by the rules of the contract. */
export class FramedMap {
  version = ''
  states: number[] = []

  /** Applies a frame; throws when a delta does not follow upon what is there. */
  apply(frame: ServerFrame): void {
    if (frame.op === 'snapshot') {
      this.states = statesOf(Buffer.from(frame.states, 'base64'))
      this.version = frame.version
    } else if (frame.op === 'resumed') {
      if (frame.version !== this.version) throw new Error(`resumed at ${frame.version}`)
    } else if (frame.op === 'delta') {
      if (frame.prev !== this.version) throw new Error(`${frame.prev} is not ${this.version}`)
      for (const [index, state] of frame.changes) this.states[index] = state
      this.version = frame.version
    }
  }
}

/** Two bits a seat, to the end of the last byte. */
export const statesOf = (packed: Uint8Array): number[] =>
  Array.from(
    { length: packed.length * 4 },
    (_, at) => ((packed[at >> 2] as number) >> ((at & 3) * 2)) & 3,
  )

/** The map that a connection's frames lead to; throws at a gap. */
export function mapFrom(frames: readonly ServerFrame[]): FramedMap {
  const map = new FramedMap()
  for (const frame of frames) map.apply(frame)
  return map
}

/** A show of one row whose buyers may have all of it. */
export const rowOf = (edge: Pick<Edge, 'url' | 'adminToken'>, seats: number): Promise<Show> =>
  newShow(edge, {
    sections: [{ id: 'A', name: 'Hall', price: 100, rows: [{ id: '1', seats }] }],
    policy: { seatsPerBuyerMax: 1_000, seatsPerHoldMax: 1_000 },
  })

/** Id of a seat of such a show, from 1. */
export const seatAt = (number: number): string => `A-1-${number}`
