/** The shows of this process: read from SQL once, then kept, for a show never changes. */
import { createHash } from 'node:crypto'
import { SHOW_ID_PATTERN } from '../../contracts/ids.ts'
import { OperationalError } from '../../platform/errors.ts'
import type { Queryable } from '../../platform/mysql/database.ts'
import { BoundedMap } from '../bounded.ts'
import { sqlInTime } from '../sqlInTime.ts'
import { encodeDefinition, showOf } from './definition.ts'
import type { Show, ShowDefinition, ShowSummary } from './show.ts'
import { countByShard, insertShow, selectShow, selectSummaries } from './store.ts'

/** Shows kept in memory; beyond that the longest known are read again when they are asked for. */
export const SHOWS_KEPT_MAX = 10_000
/** Shows that are read from SQL at a time: a flood of unknown ids must not starve the projector. */
export const LOADS_MAX = 200
const SHOW_ID = new RegExp(SHOW_ID_PATTERN)

export type Created =
  | { type: 'created'; show: Show }
  /** The same show was there already. */
  | { type: 'same'; show: Show }
  | { type: 'exists' }

export class Shows {
  readonly #db: Queryable
  readonly #shards: number
  readonly #kept = new BoundedMap<string, Show>(SHOWS_KEPT_MAX)
  readonly #loading = new Map<string, Promise<Show | null>>()
  #listing: Promise<ShowSummary[]> | null = null
  #lastList: ShowSummary[] | null = null

  /** @param options.shards how many shards new shows are spread over */
  constructor(options: { db: Queryable; shards: number }) {
    this.#db = options.db
    this.#shards = options.shards
  }

  /** A show that is in memory. */
  peek(showId: string): Show | null {
    return this.#kept.get(showId) ?? null
  }

  /**
   * A show from memory or SQL; null when there is none. That there is none is never remembered:
   * another process may create it at any moment. Throws SQL_UNAVAILABLE.
   */
  async find(showId: string): Promise<Show | null> {
    const kept = this.#kept.get(showId)
    if (kept) return kept
    if (!SHOW_ID.test(showId)) return null
    let loading = this.#loading.get(showId)
    if (!loading) {
      if (this.#loading.size >= LOADS_MAX) throw tooManyLoads()
      loading = this.#load(showId).finally(() => this.#loading.delete(showId))
      this.#loading.set(showId, loading)
    }
    return sqlInTime(loading)
  }

  /** Shows that are in memory now. */
  loaded(): Iterable<Show> {
    return this.#kept.values()
  }

  /** Creates a show on the shard with the fewest; safe to repeat. Throws SQL_UNAVAILABLE. */
  create(definition: ShowDefinition): Promise<Created> {
    return sqlInTime(this.#create(definition))
  }

  /** All shows, the earliest first. While SQL is away: as they were when it was last seen. */
  async list(): Promise<readonly ShowSummary[]> {
    const listing = this.#listing ?? this.#beginList()
    try {
      this.#lastList = await sqlInTime(listing)
      return this.#lastList
    } catch (error) {
      if (this.#lastList) return this.#lastList
      throw error
    }
  }

  /** Callers at the same time share one query. */
  #beginList(): Promise<ShowSummary[]> {
    const listing = selectSummaries(this.#db).finally(() => {
      if (this.#listing === listing) this.#listing = null
    })
    this.#listing = listing
    return listing
  }

  async #create(definition: ShowDefinition): Promise<Created> {
    const known = await selectShow(this.#db, definition.showId)
    if (known) return this.#compare(known, definition)
    const show = showOf(definition, await this.#chooseShard(definition.showId))
    if (await insertShow(this.#db, show)) {
      this.#keep(show)
      // A list that is being read may have begun before this show was there.
      this.#listing = null
      return { type: 'created', show }
    }
    // Somebody else was faster.
    const other = await selectShow(this.#db, definition.showId)
    if (!other) throw new TypeError(`show ${definition.showId} is in the way but not there`)
    return this.#compare(other, definition)
  }

  #compare(known: Show, definition: ShowDefinition): Created {
    this.#keep(known)
    return isSame(known, definition) ? { type: 'same', show: known } : { type: 'exists' }
  }

  /** The shard with the fewest shows. Among several, the id decides, so that two creators differ. */
  async #chooseShard(showId: string): Promise<number> {
    const counts = await countByShard(this.#db)
    const shards = Array.from({ length: this.#shards }, (_, shard) => shard)
    const fewest = Math.min(...shards.map((shard) => counts.get(shard) ?? 0))
    const candidates = shards.filter((shard) => (counts.get(shard) ?? 0) === fewest)
    const draw = createHash('sha256').update(showId).digest().readUInt32BE()
    return candidates[draw % candidates.length] as number
  }

  async #load(showId: string): Promise<Show | null> {
    const show = await selectShow(this.#db, showId)
    if (show) this.#keep(show)
    return show
  }

  #keep(show: Show): void {
    this.#kept.set(show.showId, show)
  }
}

const tooManyLoads = () =>
  new OperationalError('SQL_UNAVAILABLE', { retriable: true, detail: 'too many shows at once' })

function isSame(show: Show, definition: ShowDefinition): boolean {
  return (
    show.name === definition.name &&
    show.startsAt === definition.startsAt &&
    show.currency === definition.currency &&
    encodeDefinition(show) === encodeDefinition(definition)
  )
}
