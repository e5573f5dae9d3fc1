/** Who follows which show. The feed of a show is there as long as somebody asks for it. */

import { RESUME_CHANGES_MAX, type ServerFrame } from '../../contracts/feed.ts'
import { problemOf } from '../../contracts/problem.ts'
import type { RedisClient } from '../../lua/client.ts'
import type { Faults } from '../http/faults.ts'
import type { SeatMaps } from '../seatmap/seatMaps.ts'
import type { Show } from '../shows/show.ts'
import type { Shows } from '../shows/shows.ts'
import type { FeedSocket } from './feedSocket.ts'
import { readHistory } from './history.ts'
import { ShowFeed } from './showFeed.ts'

export const SHOWS_PER_CONNECTION_MAX = 16
/** A feed without subscribers is kept a while, for those who are about to come back. */
const IDLE_MS = 120_000

export interface SubscriptionsOptions {
  readonly shows: Pick<Shows, 'peek' | 'find'>
  readonly maps: Pick<SeatMaps, 'snapshot' | 'subscribe'>
  readonly redis: RedisClient
  readonly faults: Faults
  readonly tickMs: number
  readonly now: () => string
  /** Sends a frame to all that follow a topic. */
  readonly publish: (topic: string, frame: string) => void
  readonly onPublished: (versions: readonly string[]) => void
  /** Told how subscriptions are answered. */
  readonly onAnswered: (kind: 'snapshot' | 'resumed') => void
}

interface Kept {
  readonly feed: ShowFeed
  /** Of the last subscription; by the monotonic clock. */
  usedMs: number
}

export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #feeds = new Map<string, Kept>()

  constructor(options: SubscriptionsOptions) {
    this.#options = options
  }

  /** Feeds of shows that are kept up. */
  get size(): number {
    return this.#feeds.size
  }

  /** Subscriptions of all connections. */
  get subscribers(): number {
    let count = 0
    for (const { feed } of this.#feeds.values()) count += feed.subscribers
    return count
  }

  /** Answers a subscription and follows from there. Never throws. */
  async subscribe(socket: FeedSocket, of: { showId: string; since?: string }): Promise<void> {
    const { showId, since } = of
    try {
      const { shows } = this.#options
      const show = shows.peek(showId) ?? (await shows.find(showId))
      if (!show)
        return this.#refuse(socket, showId, problemOf('not-found', 'there is no such show'))
      const isNew = !socket.shows.has(showId)
      if (isNew && socket.shows.size >= SHOWS_PER_CONNECTION_MAX) {
        const detail = `a connection follows at most ${SHOWS_PER_CONNECTION_MAX} shows`
        return this.#refuse(socket, showId, problemOf('bad-request', detail))
      }
      const feed = this.#feedOf(show)
      await feed.prepare(since)
      this.#join(socket, feed, since)
    } catch (error) {
      this.#refuse(socket, showId, this.#options.faults.problemOf(error, 'subscribe'))
    }
  }

  unsubscribe(socket: FeedSocket, showId: string): void {
    if (socket.shows.has(showId)) {
      socket.unfollow(showId, topicOf(showId))
      this.#left(showId)
    }
    socket.sendFrame({ op: 'unsubscribed', showId })
  }

  /** The connection is over. */
  leave(socket: FeedSocket): void {
    for (const showId of socket.shows) this.#left(showId)
    socket.shows.clear()
  }

  /** Drops the feeds that nobody has wanted for a while. */
  dropIdle(): void {
    const oldestMs = performance.now() - IDLE_MS
    for (const [showId, { feed, usedMs }] of this.#feeds) {
      if (feed.subscribers > 0 || usedMs > oldestMs) continue
      feed.stop()
      this.#feeds.delete(showId)
    }
  }

  stop(): void {
    for (const { feed } of this.#feeds.values()) feed.stop()
    this.#feeds.clear()
  }

  /** Nothing may come between the answer and the topic: the next delta follows upon the answer. */
  #join(socket: FeedSocket, feed: ShowFeed, since: string | undefined): void {
    if (!socket.isOpen) return
    const { showId } = feed.show
    const { kind, frames } = feed.answerTo(since)
    this.#options.onAnswered(kind)
    socket.send(frames)
    if (!socket.isOpen || socket.shows.has(showId)) return
    socket.follow(showId, topicOf(showId))
    feed.subscribers += 1
  }

  #left(showId: string): void {
    const kept = this.#feeds.get(showId)
    if (!kept) return
    kept.feed.subscribers -= 1
    kept.usedMs = performance.now()
  }

  #feedOf(show: Show): ShowFeed {
    const known = this.#feeds.get(show.showId)
    if (known) {
      known.usedMs = performance.now()
      return known.feed
    }
    const { maps, redis, tickMs, publish, onPublished } = this.#options
    const topic = topicOf(show.showId)
    const feed = new ShowFeed({
      ...{ show, maps, tickMs, onPublished },
      publish: (frame) => publish(topic, frame),
      readHistory: (until) => readHistory(redis, show, { until, changesMax: RESUME_CHANGES_MAX }),
    })
    this.#feeds.set(show.showId, { feed, usedMs: performance.now() })
    return feed
  }

  #refuse(socket: FeedSocket, showId: string, problem: ReturnType<typeof problemOf>): void {
    const { now } = this.#options
    socket.sendFrame({ op: 'error', showId, problem, now: now() } as ServerFrame)
  }
}

const topicOf = (showId: string): string => `show/${showId}`
