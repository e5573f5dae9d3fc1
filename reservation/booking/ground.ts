/** What all use cases stand on: the scripts, the shows, and what this process remembers. */
import type { Reservation } from '../../contracts/http.ts'
import { compareLogIds, isReservationId, shardOfReservation } from '../../contracts/ids.ts'
import type { LogEntry } from '../../lua/logEntry.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import type { SeatVerbs } from '../../lua/seatVerbs.ts'
import { OperationalError } from '../../platform/errors.ts'
import { BoundedMap } from '../bounded.ts'
import type { Gate } from '../rebuild/gate.ts'
import type { Show } from '../shows/show.ts'
import { SHOWS_KEPT_MAX, type Shows } from '../shows/shows.ts'
import { sqlInTime } from '../sqlInTime.ts'
import { viewOf } from './view.ts'

/** Holds whose show this process remembers; the show of another is read from its record. */
export const OWN_HOLDS_MAX = 50_000

/** The part of the projection that use cases read. */
export interface Projection {
  find(reservationId: string): Promise<ReservationRecord | null>
}

/** The part of the log's tail that use cases listen to. */
export interface Tail {
  subscribe(listener: (shard: number, entries: readonly LogEntry[]) => void): () => void
}

export interface GroundOptions {
  readonly scripts: SeatVerbs
  readonly shows: Shows
  readonly gate: Pick<Gate, 'demand' | 'refuse' | 'shards' | 'subscribe'>
  readonly projection: Projection
}

/** A reservation that the caller owns, as the scripts want to have it named. */
export interface Located {
  readonly shard: number
  readonly reservationId: string
  readonly showId: string
  readonly customerId: string
}

export class Ground {
  readonly scripts: SeatVerbs
  readonly shows: Shows
  readonly #gate: GroundOptions['gate']
  readonly #projection: Projection
  readonly #showOf = new BoundedMap<string, string>(OWN_HOLDS_MAX)
  readonly #versions = new BoundedMap<string, string>(SHOWS_KEPT_MAX)

  constructor(options: GroundOptions) {
    this.scripts = options.scripts
    this.shows = options.shows
    this.#gate = options.gate
    this.#projection = options.projection
    // A rebuilt shard may lack the last versions that were answered; nobody may wait for those.
    this.#gate.subscribe({ opened: () => this.#versions.clear() })
  }

  /** @throws OperationalError STATE_UNKNOWN unless the shard's state is complete, as far as known */
  demandOpen(shard: number): void {
    this.#gate.demand(shard)
  }

  /** A script said that the shard has no epoch. Always throws OperationalError STATE_UNKNOWN. */
  refuseShard(shard: number): never {
    this.#gate.refuse(shard, 'no_epoch')
    throw new OperationalError('STATE_UNKNOWN', { retriable: true, detail: 'no epoch' })
  }

  /** The shard that an id names, or null when the text is no id of ours. */
  shardOf(reservationId: string): number | null {
    if (!isReservationId(reservationId)) return null
    const shard = shardOfReservation(reservationId)
    return shard < this.#gate.shards ? shard : null
  }

  /** The newest version of a show that a script has answered to this process. */
  versionSeen(showId: string): string | undefined {
    return this.#versions.get(showId)
  }

  /** Remembers what a script answered, so that maps read here show at least that. */
  saw(showId: string, version: string): void {
    const seen = this.#versions.get(showId)
    if (seen === undefined || compareLogIds(seen, version) < 0) this.#versions.set(showId, version)
  }

  /** Remembers a new hold's show, which its later commands must name. */
  remember(record: ReservationRecord): void {
    this.#showOf.set(record.reservationId, record.showId)
    this.saw(record.showId, record.version)
  }

  /** A reservation from Redis, or from SQL when Redis has forgotten it; null: no such thing. */
  async read(reservationId: string): Promise<ReservationRecord | null> {
    const shard = this.shardOf(reservationId)
    if (shard === null) return null
    this.demandOpen(shard)
    const found = await this.scripts.readReservation({ shard, reservationId })
    switch (found.type) {
      case 'found':
        return found.record
      case 'missing':
        return sqlInTime(this.#projection.find(reservationId))
      case 'no_epoch':
        return this.refuseShard(shard)
    }
  }

  /** Names a reservation for the scripts; null when the caller has no such reservation. */
  async locate(reservationId: string, customerId: string): Promise<Located | null> {
    const shard = this.shardOf(reservationId)
    if (shard === null) return null
    this.demandOpen(shard)
    const known = this.#showOf.get(reservationId)
    if (known !== undefined) return { shard, reservationId, showId: known, customerId }
    const record = await this.read(reservationId)
    if (record?.customerId !== customerId) return null
    return { shard, reservationId, showId: record.showId, customerId }
  }

  /** A show that a reservation names, so it must be there. */
  async showOf(showId: string): Promise<Show> {
    const show = this.shows.peek(showId) ?? (await this.shows.find(showId))
    if (!show) throw new TypeError(`a reservation names the unknown show ${showId}`)
    return show
  }

  async view(record: ReservationRecord): Promise<Reservation> {
    const show = this.shows.peek(record.showId) ?? (await this.showOf(record.showId))
    return viewOf(record, show)
  }

  /** Expires holds whose deadline has passed before the sweeper got to them. */
  async expire(of: { shard: number; showId: string }, reservationIds: readonly string[]) {
    const { shard, showId } = of
    const answer = await this.scripts.expireHolds({ shard, showId, reservationIds })
    if (answer.type === 'no_epoch') this.refuseShard(shard)
    for (const outcome of answer.outcomes) {
      if (outcome.type === 'expired') this.saw(showId, outcome.version)
    }
  }
}
