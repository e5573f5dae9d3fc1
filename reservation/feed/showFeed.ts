/**
 * The feed of one show. What the seat map tells is gathered for a tick, then published to all
 * subscribers as one delta, serialised once. A connection that comes in is told the map as it was
 * published last, so its next delta follows upon what it was told.
 */
import { RESUME_CHANGES_MAX, type ServerFrame } from '../../contracts/feed.ts'
import { compareLogIds } from '../../contracts/ids.ts'
import { RedisUnavailable } from '../../lua/errors.ts'
import { OperationalError } from '../../platform/errors.ts'
import { PackedSeats } from '../seatmap/packedSeats.ts'
import type { SeatMaps } from '../seatmap/seatMaps.ts'
import type { MappedShow, SeatMapChange, SeatMapSnapshot, SeatState } from '../seatmap/types.ts'
import { type Changes, Ring } from './ring.ts'

const VERSIONS_MAX = 5_000
/** Answers that many clients ask for between two ticks, as after a restart, are made once. */
const ANSWERS_KEPT_MAX = 100
const VERSION = /^[0-9]{1,15}-[0-9]{1,10}$/

export interface ShowFeedOptions {
  readonly show: MappedShow
  readonly maps: Pick<SeatMaps, 'snapshot' | 'subscribe'>
  readonly tickMs: number
  /** Sends a frame to all subscribers. */
  readonly publish: (frame: string) => void
  /** Called with the versions that have just been published. */
  readonly onPublished: (versions: readonly string[]) => void
  /** Older changes, from the log. Throws RedisUnavailable. */
  readonly readHistory: (until: string) => Promise<readonly SeatMapChange[]>
}

/** What a connection gets for its subscription, to be sent at once. */
export interface Answer {
  readonly kind: 'snapshot' | 'resumed'
  readonly frames: readonly string[]
}

/** What was published, and how one gets there from earlier. */
interface Published {
  readonly seats: PackedSeats
  readonly ring: Ring
}

export class ShowFeed {
  readonly show: MappedShow
  /** Connections that follow it; while there is none, nothing is sent. */
  subscribers = 0
  readonly #options: ShowFeedOptions
  readonly #unsubscribe: () => void
  /** By `since`; the snapshot is by the empty text. */
  readonly #answers = new Map<string, Answer>()
  #published: Published | null = null
  /** Changes that were told and not yet published, in order. */
  #pending: SeatMapChange[] = []
  #timer: NodeJS.Timeout | null = null
  /** Who waits for the tick that the timer will bring. */
  #onTick: (() => void)[] = []
  #publishedMs = Number.NEGATIVE_INFINITY
  /** Until which version the log was read for older changes; it has no more than that. */
  #readTo: string | null = null
  #reading: Promise<void> | null = null

  constructor(options: ShowFeedOptions) {
    this.show = options.show
    this.#options = options
    this.#unsubscribe = options.maps.subscribe(options.show, (change) => this.#hear(change))
  }

  /** Hears and publishes no more. */
  stop(): void {
    this.#unsubscribe()
    if (this.#timer) clearTimeout(this.#timer)
    for (const wake of this.#onTick.splice(0)) wake()
  }

  /**
   * Resolves when `answerTo` can be asked: the map is there, and shows `since` or will not soon.
   *
   * @throws OperationalError STATE_UNKNOWN while the shard is shut or Redis is away
   */
  async prepare(since: string | undefined): Promise<void> {
    const { maps } = this.#options
    const snapshot = await maps.snapshot(this.show)
    const { ring } = this.#published ?? this.#adopt(snapshot)
    if (since === undefined || !VERSION.test(since)) return
    if (compareLogIds(since, ring.version) > 0) await this.#catchUpWith(since)
    else if (ring.changesSince(since) === null) await this.#readBack(ring)
  }

  /**
   * The map for a connection: from `since` on where that is known, else all of it. What it
   * answers must be sent, and the connection subscribed, before anything else happens.
   */
  answerTo(since: string | undefined): Answer {
    const known = this.#answers.get(since ?? '')
    if (known) return known
    const { seats, ring } = this.#published as Published
    const changes = since === undefined ? null : ring.changesSince(since)
    if (since !== undefined && changes === null) return this.answerTo(undefined)
    const answer = changes ? this.#resume(since as string, ring, changes) : this.#whole(seats, ring)
    if (this.#answers.size < ANSWERS_KEPT_MAX) this.#answers.set(since ?? '', answer)
    return answer
  }

  /** Takes the map as it is; what was heard meanwhile is part of it or follows upon it. */
  #adopt({ version, total, states }: SeatMapSnapshot): Published {
    const options = { version, changesMax: RESUME_CHANGES_MAX, versionsMax: VERSIONS_MAX }
    const heard = this.#pending
    const next = heard.findIndex(({ prev }) => prev === version)
    this.#pending = next < 0 ? [] : heard.slice(next)
    this.#published = { seats: PackedSeats.from(total, states), ring: new Ring(options) }
    if (this.#pending.length > 0) this.#schedule()
    return this.#published
  }

  #hear(change: SeatMapChange): void {
    this.#pending.push(change)
    if (this.#published) this.#schedule()
  }

  /** The first change after a quiet while goes out at once, the others with the next tick. */
  #schedule(): void {
    if (this.#timer) return
    const waitMs = this.#publishedMs + this.#options.tickMs - performance.now()
    if (waitMs <= 0) this.#publish()
    else this.#timer = setTimeout(() => this.#publish(), Math.ceil(waitMs))
  }

  #publish(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#publishedMs = performance.now()
    const { seats, ring } = this.#published as Published
    const tick = joined(this.#pending)
    this.#pending = []
    // A seat that is again what it was before the tick is no news, but the version is.
    const changes = tick.changes.filter(([index, state]) => seats.set(index, state))
    ring.append(tick)
    this.#answers.clear()
    for (const wake of this.#onTick.splice(0)) wake()
    if (this.subscribers === 0) return
    this.#options.publish(this.#delta({ ...tick, changes }))
    this.#options.onPublished(tick.passed)
  }

  #whole(seats: PackedSeats, { version }: Ring): Answer {
    const { buffer, byteOffset, byteLength } = seats.toBytes()
    const states = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
    const { showId } = this.show
    return { kind: 'snapshot', frames: [frameOf({ op: 'snapshot', showId, version, states })] }
  }

  #resume(since: string, { version }: Ring, changes: Changes): Answer {
    const { showId } = this.show
    const frames = [frameOf({ op: 'resumed', showId, version: since })]
    if (since !== version) frames.push(this.#delta({ prev: since, version, changes }))
    return { kind: 'resumed', frames }
  }

  /** Another process has published what this one has not heard of: waits for the log. */
  async #catchUpWith(since: string): Promise<void> {
    const { maps } = this.#options
    try {
      await maps.snapshot(this.show, { atLeast: since })
    } catch (error) {
      if (!(error instanceof OperationalError) || error.code !== 'STATE_UNKNOWN') throw error
      // Either there is no such version, and a snapshot will do; or the shard is shut.
      await maps.snapshot(this.show)
    }
    if (this.#timer) await new Promise<void>((resolve) => this.#onTick.push(resolve))
  }

  /** Reads the log for what happened before this process knew the show, once for all who ask. */
  async #readBack(ring: Ring): Promise<void> {
    if (ring.isFull || ring.start === this.#readTo) return
    this.#reading ??= this.#readFrom(ring).finally(() => {
      this.#reading = null
    })
    await this.#reading
  }

  async #readFrom(ring: Ring): Promise<void> {
    try {
      ring.prepend(await this.#options.readHistory(ring.start))
      this.#readTo = ring.start
      this.#answers.clear()
    } catch (error) {
      // Whoever asked gets a snapshot, which needs no Redis.
      if (!(error instanceof RedisUnavailable)) throw error
    }
  }

  #delta({ prev, version, changes }: Omit<SeatMapChange, 'passed'>): string {
    const { showId } = this.show
    return JSON.stringify({ op: 'delta', showId, prev, version, changes })
  }
}

const frameOf = (frame: ServerFrame): string => JSON.stringify(frame)

/** Changes that follow upon each other as one: every seat with its last state. */
function joined(changes: readonly SeatMapChange[]): SeatMapChange {
  const [first] = changes
  if (first && changes.length === 1) return first
  const last = changes.at(-1) as SeatMapChange
  const states = new Map<number, SeatState>()
  for (const change of changes) {
    for (const [index, state] of change.changes) states.set(index, state)
  }
  return {
    prev: (first as SeatMapChange).prev,
    version: last.version,
    changes: [...states],
    passed: changes.flatMap(({ passed }) => passed),
  }
}
