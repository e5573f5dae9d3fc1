/** The seat maps of this process: read when a show is first asked for, then kept by the log. */
import { compareLogIds } from '../../contracts/ids.ts'
import { RedisUnavailable } from '../../lua/errors.ts'
import type { LogEntry, ReservationEntry } from '../../lua/logEntry.ts'
import { OperationalError } from '../../platform/errors.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { LogTail } from '../log/tail.ts'
import type { Gate } from '../rebuild/gate.ts'
import { loadSeats, type SeatSource } from './loadSeats.ts'
import { ShowMap } from './showMap.ts'
import type { MappedShow, SeatMapChange, SeatMapSnapshot } from './types.ts'

export interface SeatMapsOptions extends SeatSource {
  tail: LogTail
  gate: Gate
  log: Log
  metrics: Metrics
}

/**
 * How long a request waits for the tail before it is answered that the state is unknown: buyers are
 * told so within a second.
 */
const TAIL_WAIT_MS = 900
/** How long the reading of a map waits for the tail. */
const PARTS_WAIT_MS = 2_000
const LOAD_ATTEMPTS_MAX = 3

export class SeatMaps implements Component {
  readonly name = 'seat maps'
  readonly #options: SeatMapsOptions
  readonly #maps = new Map<string, ShowMap>()
  readonly #byShard = new Map<number, ShowMap[]>()
  readonly #loading = new Map<ShowMap, Promise<void>>()
  readonly #loads
  #unsubscribe: (() => void)[] = []

  constructor(options: SeatMapsOptions) {
    this.#options = options
    this.#loads = options.metrics.counter(
      'holdfast_seat_map_loads_total',
      'Seat maps read from Redis: first uses, new epochs, and gaps in the log',
    )
    options.metrics.gauge('holdfast_seat_maps', 'Seat maps that this process keeps', {
      collect: (gauge) => gauge.set(this.#maps.size),
    })
  }

  async start(): Promise<void> {
    const { tail, gate } = this.#options
    this.#unsubscribe = [
      tail.subscribe((shard, entries) => this.#hear(shard, entries)),
      gate.subscribe({
        shut: (shard, reason) => reason === 'unverified' && this.#spoil(shard),
        opened: (shard, epoch) => this.#opened(shard, epoch),
      }),
    ]
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  /**
   * The map as this process knows it; does not touch Redis once the show is loaded. With
   * `atLeast`, a version of the show that somebody was told of, the map shows that change.
   *
   * @throws OperationalError STATE_UNKNOWN (retriable) while the shard is shut or Redis is away,
   *   or when the log does not bring `atLeast` in time
   */
  async snapshot(show: MappedShow, options: { atLeast?: string } = {}): Promise<SeatMapSnapshot> {
    const { gate, tail } = this.#options
    gate.demand(show.shard)
    const map = this.#mapOf(show)
    if (map.stage !== 'live') await this.#load(map)
    const { atLeast } = options
    if (atLeast !== undefined && compareLogIds(map.version, atLeast) < 0) {
      const isThere = await tail.reached(show.shard, atLeast, { timeoutMs: TAIL_WAIT_MS })
      if (!isThere) throw unknown(`the log has not brought ${atLeast} of ${show.showId}`)
      gate.demand(show.shard)
      if (map.stage !== 'live') await this.#load(map)
    }
    return map.snapshot()
  }

  /**
   * Hears of every change of the show's map, once it was loaded by `snapshot`: the `prev` of a
   * change is the `version` of the one before, also across a reload. Answers how to stop hearing.
   */
  subscribe(show: MappedShow, listener: (change: SeatMapChange) => void): () => void {
    return this.#mapOf(show).subscribe(listener)
  }

  #mapOf(show: MappedShow): ShowMap {
    const known = this.#maps.get(show.showId)
    if (known) return known
    const map = new ShowMap(show)
    this.#maps.set(show.showId, map)
    const siblings = this.#byShard.get(show.shard)
    if (siblings) siblings.push(map)
    else this.#byShard.set(show.shard, [map])
    return map
  }

  #hear(shard: number, entries: readonly LogEntry[]): void {
    const opened = entries.findLast((entry) => entry.type === 'opened')
    if (opened) {
      for (const map of this.#byShard.get(shard) ?? []) {
        if (compareLogIds(map.epoch || '0-0', opened.id) < 0) map.spoil()
      }
    }
    for (const [showId, ours] of byShow(entries)) {
      const map = this.#maps.get(showId)
      if (map && !map.follow(ours)) this.#reloadIfWatched(map)
    }
    if (opened) for (const map of this.#byShard.get(shard) ?? []) this.#reloadIfWatched(map)
  }

  #spoil(shard: number): void {
    for (const map of this.#byShard.get(shard) ?? []) map.spoil()
  }

  #opened(shard: number, epoch: string): void {
    for (const map of this.#byShard.get(shard) ?? []) {
      if (map.epoch !== epoch) map.spoil()
      this.#reloadIfWatched(map)
    }
  }

  /** Somebody follows the map and will not ask for it again by himself. */
  #reloadIfWatched(map: ShowMap): void {
    const { gate, log } = this.#options
    if (!map.isWatched || map.stage === 'live' || !gate.isOpen(map.show.shard)) return
    this.#load(map).catch((error) => {
      // The gate shuts with whatever is the matter, and its opening brings us here again.
      log.warn({ err: error, showId: map.show.showId }, 'a seat map could not be read')
    })
  }

  /** Reads the map, once for all who wait for it. */
  #load(map: ShowMap): Promise<void> {
    let loading = this.#loading.get(map)
    if (!loading) {
      loading = this.#read(map).finally(() => this.#loading.delete(map))
      this.#loading.set(map, loading)
    }
    return loading
  }

  async #read(map: ShowMap): Promise<void> {
    const { gate } = this.#options
    for (let attempt = 1; attempt <= LOAD_ATTEMPTS_MAX; attempt += 1) {
      gate.demand(map.show.shard)
      if (await this.#readOnce(map)) return
    }
    throw unknown(`the map of ${map.show.showId} could not be read`)
  }

  async #readOnce(map: ShowMap): Promise<boolean> {
    const { gate } = this.#options
    const { shard } = map.show
    this.#loads.inc()
    map.beginLoading()
    try {
      const loaded = await loadSeats(this.#options, map.show)
      if (!loaded) {
        // Either there is no epoch, or it changed: a look at the epoch tells.
        gate.refuse(shard, 'no_epoch')
        map.spoil()
        return false
      }
      if (loaded.versions.length > 1 && !(await this.#hasParts(map, loaded.versions))) return false
      return map.finishLoading(loaded)
    } catch (error) {
      map.spoil()
      if (error instanceof RedisUnavailable) throw unknown('Redis is away', error)
      throw error
    }
  }

  /** Waits until the tail has brought everything that some part shows already. */
  async #hasParts(map: ShowMap, versions: readonly string[]): Promise<boolean> {
    const newest = versions.reduce((a, b) => (compareLogIds(a, b) >= 0 ? a : b))
    const isThere = await this.#options.tail.reached(map.show.shard, newest, {
      timeoutMs: PARTS_WAIT_MS,
    })
    if (!isThere) map.spoil()
    return isThere
  }
}

function byShow(entries: readonly LogEntry[]): Map<string, ReservationEntry[]> {
  const shows = new Map<string, ReservationEntry[]>()
  for (const entry of entries) {
    if (entry.type === 'opened') continue
    const ours = shows.get(entry.showId)
    if (ours) ours.push(entry)
    else shows.set(entry.showId, [entry])
  }
  return shows
}

const unknown = (detail: string, cause?: unknown) =>
  new OperationalError('STATE_UNKNOWN', { retriable: true, detail, cause })
