/**
 * One connection of the feed on uWebSockets.js, whose sockets throw when they are touched after
 * their end, and drop messages in silence when too much piles up. Everything goes through here:
 * after the end nothing happens, and what piles up ends the connection.
 */
import type { WebSocket } from 'uWebSockets.js'
import { CLOSE_CODES, type CloseReason, type ServerFrame } from '../../contracts/feed.ts'
import { TokenBucket } from '../http/auth/rateLimiter.ts'
import type { Identity } from '../http/auth/tokens.ts'

/** A connection to which more than this is yet to be sent is too slow. */
export const BACKLOG_BYTES_MAX = 256 * 1024

/** What a connection is from the upgrade on; uWebSockets.js keeps it with the socket. */
export interface Visitor {
  readonly identity: Identity | null
  /** The token was not good: the connection is closed as soon as it is open. */
  readonly isTokenBad: boolean
  socket?: FeedSocket
}

export class FeedSocket {
  readonly identity: Identity | null
  /** Shows that it follows. */
  readonly shows = new Set<string>()
  /** Subscriptions are answered one after the other; the last of them. */
  turn: Promise<void> = Promise.resolve()
  /** Subscriptions and commands without an answer. */
  underWay = 0
  readonly #ws: WebSocket<Visitor>
  readonly #messages: TokenBucket
  readonly #messagesPerSMax: number
  #isOpen = true

  constructor(ws: WebSocket<Visitor>, messagesPerSMax: number) {
    this.#ws = ws
    this.identity = ws.getUserData().identity
    this.#messagesPerSMax = messagesPerSMax
    this.#messages = new TokenBucket(messagesPerSMax, performance.now())
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether another message may come in now. */
  takeMessage(): boolean {
    return this.#messages.take(this.#messagesPerSMax, performance.now())
  }

  /** Sends texts of frames in one go, unless the connection is over or too slow. */
  send(frames: readonly string[]): void {
    if (!this.#isOpen || this.endIfSlow()) return
    this.#ws.cork(() => {
      for (const frame of frames) this.#ws.send(frame)
    })
  }

  sendFrame(frame: ServerFrame): void {
    this.send([JSON.stringify(frame)])
  }

  /** From now on it gets what is published to the topic. */
  follow(showId: string, topic: string): void {
    if (!this.#isOpen) return
    this.#ws.subscribe(topic)
    this.shows.add(showId)
  }

  unfollow(showId: string, topic: string): void {
    if (!this.#isOpen) return
    this.#ws.unsubscribe(topic)
    this.shows.delete(showId)
  }

  /**
   * Ends a connection that does not read what it is sent. The close frame goes behind what it was
   * sent before, so a client that wakes up in time reads why. One that does not is cut off by the
   * idle timeout; and should the backlog grow faster than this is called, by the hard limit.
   */
  endIfSlow(): boolean {
    if (!this.#isOpen || this.#ws.getBufferedAmount() <= BACKLOG_BYTES_MAX) return false
    this.end('tooSlow')
    return true
  }

  end(reason: CloseReason): void {
    if (this.#isOpen) this.#ws.end(CLOSE_CODES[reason], reason)
  }

  /** The connection is over; uWebSockets.js says so also inside of `end`. */
  closed(): void {
    this.#isOpen = false
  }
}
