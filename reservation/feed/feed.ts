/**
 * The feed at /v1/feed: it joins the native WebSocket handlers with the doorman, the subscriptions,
 * the commands and the pushes.
 */
import type { TemplatedApp, WebSocket } from 'uWebSockets.js'
import { FEED_PATH, FRAME_BYTES_MAX } from '../../contracts/feed.ts'
import type { RedisClient } from '../../lua/client.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Booking } from '../booking/booking.ts'
import type { Tail } from '../booking/ground.ts'
import type { Admissions } from '../http/auth/admissions.ts'
import type { TokenVerifier } from '../http/auth/tokens.ts'
import { Faults } from '../http/faults.ts'
import type { RedisClock } from '../log/redisClock.ts'
import type { SeatMaps } from '../seatmap/seatMaps.ts'
import type { Shows } from '../shows/shows.ts'
import { type ClientFrame, readFrame } from './clientFrame.ts'
import { Commands } from './commands.ts'
import { Connections } from './connections.ts'
import { Doorman } from './doorman.ts'
import { FeedMetrics } from './feedMetrics.ts'
import { FeedSocket, type Visitor } from './feedSocket.ts'
import { ReservationPushes } from './reservationPushes.ts'
import { Subscriptions } from './subscriptions.ts'

/** Subscriptions and commands of one connection that may be under way; more is a flood. */
export const UNDER_WAY_MAX = 64
/** How long a stop waits for commands that are under way. */
export const DRAIN_MS_MAX = 5_000
/** A connection that piles up more is cut off at once. */
const BACKLOG_BYTES_LIMIT = 1024 * 1024
/** Longer messages end the connection without a word; those that are a little too long get one. */
const PAYLOAD_BYTES_LIMIT = 4 * FRAME_BYTES_MAX
const IDLE_TIMEOUT_S = 60
const SWEEP_MS = 250

export interface FeedLimits {
  /** Changes of a show within this time become one delta. */
  readonly tickMs: number
  /** Origins whose pages may connect; empty: the server's own. */
  readonly allowedOrigins: readonly string[]
  readonly connectionsMax: number
  readonly connectionsPerCustomerMax: number
  readonly messagesPerSMax: number
  /** A connection that neither sends nor answers a ping for so long is over. Default 60. */
  readonly idleTimeoutS?: number
}

export interface FeedOptions {
  readonly limits: FeedLimits
  readonly booking: Booking
  readonly shows: Shows
  readonly maps: SeatMaps
  readonly tail: Tail
  readonly clock: RedisClock
  readonly redis: RedisClient
  readonly tokens: TokenVerifier
  readonly admissions: Admissions
  readonly log: Log
  readonly metrics: Metrics
}

export class Feed {
  readonly #limits: FeedLimits
  readonly #connections = new Connections()
  readonly #subscriptions: Subscriptions
  readonly #commands: Commands
  readonly #doorman: Doorman
  readonly #metrics: FeedMetrics
  readonly #now: () => string
  #app: TemplatedApp | null = null
  #sweeping: NodeJS.Timeout | null = null
  #isDraining = false
  #onEmpty: () => void = () => {}

  constructor(options: FeedOptions) {
    const { limits, clock, log, metrics, tokens, redis } = options
    const connections = this.#connections
    const faults = new Faults(log)
    const now = () => new Date(clock.nowMs() ?? Date.now()).toISOString()
    this.#now = now
    this.#limits = limits
    this.#metrics = new FeedMetrics(metrics, {
      connections: () => connections.size,
      subscriptions: () => this.#subscriptions.subscribers,
    })
    this.#subscriptions = new Subscriptions({
      ...{ shows: options.shows, maps: options.maps, redis, faults, now, tickMs: limits.tickMs },
      publish: (topic, frame) => this.#publish(topic, frame),
      onPublished: (versions) => {
        for (const version of versions) this.#metrics.publishedChange(clock.ageMs(timeOf(version)))
      },
      onAnswered: (kind) => this.#metrics.subscribed(kind),
    })
    this.#commands = new Commands({
      ...{ booking: options.booking, admissions: options.admissions, faults, now },
      onAnswered: (op, outcome) => this.#metrics.answered(op, outcome),
    })
    const onRefused = (code: string) => this.#metrics.refused(code)
    this.#doorman = new Doorman({ ...limits, tokens, connections, faults, onRefused })
    new ReservationPushes({ tail: options.tail, shows: options.shows, connections, now, log })
  }

  /** Adds the handlers; before the app listens. */
  attach(app: TemplatedApp): void {
    this.#app = app
    app.ws<Visitor>(FEED_PATH, {
      maxPayloadLength: PAYLOAD_BYTES_LIMIT,
      maxBackpressure: BACKLOG_BYTES_LIMIT,
      closeOnBackpressureLimit: 1,
      idleTimeout: this.#limits.idleTimeoutS ?? IDLE_TIMEOUT_S,
      sendPingsAutomatically: true,
      upgrade: (res, req, context) => this.#doorman.answer(res, req, context),
      open: (ws) => this.#open(ws),
      message: (ws, message, isBinary) => {
        const { socket } = ws.getUserData()
        if (socket) this.#hear(socket, readFrame(message, isBinary))
      },
      close: (ws, code) => this.#closed(ws.getUserData().socket, code),
    })
  }

  /** Lets nobody in, answers the commands that are under way, and closes with 1001. */
  async drain(): Promise<void> {
    if (this.#isDraining) return
    this.#isDraining = true
    this.#doorman.shut()
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    for (const socket of [...this.#connections.all()]) this.#endWhenDone(socket)
    if (this.#connections.size > 0) {
      const limit = setTimeout(() => this.#sendAllAway(), DRAIN_MS_MAX)
      await empty
      clearTimeout(limit)
    }
    if (this.#sweeping) clearInterval(this.#sweeping)
    this.#subscriptions.stop()
  }

  #open(ws: WebSocket<Visitor>): void {
    const visitor = ws.getUserData()
    const socket = new FeedSocket(ws, this.#limits.messagesPerSMax)
    visitor.socket = socket
    this.#connections.add(socket)
    this.#sweeping ??= setInterval(() => this.#sweep(), SWEEP_MS)
    // Inside of the upgrade the close frame would go out and the line would stay open behind it.
    if (visitor.isTokenBad) setImmediate(() => socket.end('badToken'))
  }

  #closed(socket: FeedSocket | undefined, code: number): void {
    if (!socket) return
    socket.closed()
    this.#metrics.closed(code)
    this.#connections.remove(socket)
    this.#subscriptions.leave(socket)
    if (this.#connections.size === 0) this.#onEmpty()
  }

  /** @param frame null: a bad one */
  #hear(socket: FeedSocket, frame: ClientFrame | null): void {
    // What comes now is asked again of another process.
    if (this.#isDraining) return
    if (!socket.takeMessage() || socket.underWay >= UNDER_WAY_MAX) socket.end('tooManyMessages')
    else if (frame) this.#obey(socket, frame)
    else socket.end('badFrame')
  }

  #obey(socket: FeedSocket, frame: ClientFrame): void {
    switch (frame.op) {
      case 'ping':
        socket.sendFrame({ op: 'pong', now: this.#now() })
        return
      case 'subscribe':
        this.#inTurn(socket, () => this.#subscriptions.subscribe(socket, frame))
        return
      case 'unsubscribe':
        this.#inTurn(socket, async () => this.#subscriptions.unsubscribe(socket, frame.showId))
        return
      default:
        this.#underWay(socket, async () =>
          socket.sendFrame(await this.#commands.answer(frame, socket.identity)),
        )
    }
  }

  /** Subscriptions of a connection one after the other, so that the last word is the last. */
  #inTurn(socket: FeedSocket, work: () => Promise<void>): void {
    this.#underWay(socket, () => {
      socket.turn = socket.turn.then(work)
      return socket.turn
    })
  }

  #underWay(socket: FeedSocket, work: () => Promise<void>): void {
    socket.underWay += 1
    void work().finally(() => {
      socket.underWay -= 1
      if (this.#isDraining) this.#endWhenDone(socket)
    })
  }

  #endWhenDone(socket: FeedSocket): void {
    if (socket.underWay === 0) socket.end('goingAway')
  }

  #sendAllAway(): void {
    for (const socket of [...this.#connections.all()]) socket.end('goingAway')
  }

  #publish(topic: string, frame: string): void {
    const app = this.#app
    if (!app) return
    this.#metrics.published(app.numSubscribers(topic))
    app.publish(topic, frame)
  }

  /** Ends who is too slow, and whose token has expired; stops when there is nobody left. */
  #sweep(): void {
    const nowMs = Date.now()
    for (const socket of this.#connections.all()) {
      const { identity } = socket
      if (identity && identity.expiresMs <= nowMs) socket.end('badToken')
      else socket.endIfSlow()
    }
    this.#subscriptions.dropIdle()
    if (this.#connections.size > 0 || this.#subscriptions.size > 0) return
    if (this.#sweeping) clearInterval(this.#sweeping)
    this.#sweeping = null
  }
}

/** When a change was made, by Redis's clock: a version is the log id of the change. */
const timeOf = (version: string): number => Number(version.split('-', 1)[0])
