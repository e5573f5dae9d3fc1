/**
 * One WebSocket after another: it connects, notices when the line is dead, and connects again
 * after a jittered delay, until it is closed or the server says that trying again will not help.
 */
import type { ClientFrame, ServerFrame } from './frames.ts'
import type { ConnectionState, ConnectOptions, WebSocketConstructor } from './types.ts'

const PROTOCOL = 'holdfast.v1'
const OPEN = 1
const RETRY_MS_FIRST = 500
const RETRY_MS_MAX = 10_000
/** After 4429 not sooner than this: whoever sent too much had better wait a little. */
const FLOOD_WAIT_MS = 1_000
/** A line that is silent for so long is asked for a sign of life, and given up after that. */
const SILENCE_MS_MAX = 15_000
const DEATH_MS = 30_000
const LOOK_EVERY_MS = 5_000
/** So many tokens in a row may be refused when there is a function that makes them. */
const REFUSALS_MAX = 2

export interface LinkEvents {
  frame(frame: ServerFrame): void
  /** Called before the first frame of a connection. */
  open(): void
  state(state: ConnectionState): void
}

export class Link {
  readonly #options: ConnectOptions
  readonly #url: string
  readonly #WebSocket: WebSocketConstructor
  readonly #events: LinkEvents
  readonly #watchdog: ReturnType<typeof setInterval>
  #state: ConnectionState = { type: 'connecting' }
  #socket: InstanceType<WebSocketConstructor> | null = null
  /** Marks the attempt that is under way; what an earlier one still brings is not listened to. */
  #turn = 0
  #attempt = 0
  #refusals = 0
  #heardMs = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: ConnectOptions, events: LinkEvents) {
    const url = new URL('/v1/feed', options.url)
    url.protocol = url.protocol.replace('http', 'ws')
    const known = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket
    const found = options.WebSocket ?? known
    if (!found) throw new TypeError('no WebSocket here: hand one in as { WebSocket }')
    this.#options = options
    this.#url = url.href
    this.#WebSocket = found
    this.#events = events
    this.#watchdog = setInterval(() => this.#look(), LOOK_EVERY_MS)
    void this.#connect()
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Sends when there is an open connection; answers whether there was. */
  send(frame: ClientFrame): boolean {
    if (this.#state.type !== 'open' || this.#socket?.readyState !== OPEN) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  /** Ends the wait for the next attempt: the device is online again, or somebody pressed a button. */
  retryNow(): void {
    if (this.#state.type === 'waiting') void this.#connect()
  }

  close(): void {
    this.#end('by-request')
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer)
    const turn = ++this.#turn
    this.#heardMs = Date.now()
    this.#enter({ type: 'connecting' })
    const { token } = this.#options
    let bearer: string | undefined
    try {
      bearer = typeof token === 'function' ? await token() : token
    } catch {
      // There will be another attempt, which asks for a token again.
      if (turn === this.#turn) this.#lost(0)
      return
    }
    if (turn !== this.#turn) return
    this.#open(turn, bearer ? [PROTOCOL, `bearer.${bearer}`] : [PROTOCOL])
  }

  #open(turn: number, protocols: string[]): void {
    let socket: InstanceType<WebSocketConstructor>
    try {
      socket = new this.#WebSocket(this.#url, protocols)
    } catch {
      // The address was checked, so it is the token that no header can carry.
      this.#end('unauthenticated')
      return
    }
    this.#socket = socket
    const isCurrent = () => turn === this.#turn
    socket.addEventListener('open', () => {
      if (!isCurrent()) return
      this.#heardMs = Date.now()
      this.#enter({ type: 'open' })
      // Its answer proves that the token was taken, and sets the clock.
      this.send({ op: 'ping' })
      this.#events.open()
    })
    socket.addEventListener('message', ({ data }) => {
      if (isCurrent()) this.#hear(data as string)
    })
    socket.addEventListener('close', ({ code = 0 }) => {
      if (isCurrent()) this.#lost(code)
    })
    // Without a listener some platforms throw; a close follows.
    socket.addEventListener('error', () => {})
  }

  #hear(data: string): void {
    this.#heardMs = Date.now()
    this.#attempt = 0
    this.#refusals = 0
    this.#events.frame(JSON.parse(data) as ServerFrame)
  }

  /** The connection is gone, with a close code or (0) without having been. */
  #lost(code: number): void {
    this.#turn++
    this.#socket = null
    if (code === 4400) this.#end('bad-frame')
    else if (code === 4401 && !this.#hasAnotherToken()) this.#end('unauthenticated')
    else this.#retry(code)
  }

  #hasAnotherToken(): boolean {
    return typeof this.#options.token === 'function' && ++this.#refusals <= REFUSALS_MAX
  }

  #retry(code: number): void {
    const { retryMsMax = RETRY_MS_MAX } = this.#options
    const ceilingMs = Math.min(retryMsMax, RETRY_MS_FIRST * 2 ** this.#attempt)
    // All of it is random: a server that comes back is not stormed by everyone at once.
    const retryInMs = Math.random() * ceilingMs + (code === 4429 ? FLOOD_WAIT_MS : 0)
    this.#attempt++
    this.#timer = setTimeout(() => void this.#connect(), retryInMs)
    this.#enter({ type: 'waiting', retryInMs, attempt: this.#attempt, code })
  }

  /** A line can be dead without anybody having said so: a tunnel, a sleeping device. */
  #look(): void {
    const { type } = this.#state
    if (type !== 'open' && type !== 'connecting') return
    const silentMs = Date.now() - this.#heardMs
    if (silentMs > DEATH_MS) {
      this.#drop()
      this.#lost(0)
    } else if (silentMs > SILENCE_MS_MAX) this.send({ op: 'ping' })
  }

  #drop(): void {
    this.#turn++
    this.#socket?.close()
    this.#socket = null
  }

  #end(reason: 'by-request' | 'unauthenticated' | 'bad-frame'): void {
    if (this.#state.type === 'closed') return
    clearTimeout(this.#timer)
    clearInterval(this.#watchdog)
    this.#drop()
    this.#enter({ type: 'closed', reason })
  }

  #enter(state: ConnectionState): void {
    this.#state = state
    this.#events.state(state)
  }
}
