/** The layouts of shows, read once each: a show never changes. */
import type { Database } from '../../platform/mysql/database.ts'

export interface Show {
  showId: string
  shard: number
  /** Index of a seat in layout order, by its id. */
  indexOf: ReadonlyMap<string, number>
  seatIds: readonly string[]
}

/** Layouts kept at a time; a large one takes some megabytes. */
const SHOWS_MAX = 50

interface Section {
  id: string
  rows: { id: string; seats: number }[]
}

export class Shows {
  readonly #db: Database
  readonly #known = new Map<string, Show | null>()

  constructor(db: Database) {
    this.#db = db
  }

  /** Reads the shows that are not known yet. */
  async load(showIds: readonly string[]): Promise<void> {
    const wanted = new Set(showIds)
    for (const showId of this.#known.keys()) {
      if (this.#known.size < SHOWS_MAX) break
      if (!wanted.has(showId)) this.#known.delete(showId)
    }
    const missing = [...wanted].filter((showId) => !this.#known.has(showId))
    if (missing.length === 0) return
    const rows = await this.#db.query<{ show_id: string; shard: number; definition: string }>(
      'SELECT show_id, shard, definition FROM shows WHERE show_id IN (?)',
      [missing],
    )
    // One that does not exist may be created later, so it is asked for again.
    for (const { show_id: showId, shard, definition } of rows) {
      const { sections } = JSON.parse(definition) as { sections: Section[] }
      const seatIds = sections.flatMap(seatIdsOf)
      const indexOf = new Map(seatIds.map((seatId, index) => [seatId, index]))
      this.#known.set(showId, { showId, shard, indexOf, seatIds })
    }
  }

  get(showId: string): Show | null {
    return this.#known.get(showId) ?? null
  }
}

/** Seat ids of a section in layout order: by the public contract `<section>-<row>-<1..count>`. */
export const seatIdsOf = (section: Section): string[] =>
  section.rows.flatMap((row) =>
    Array.from({ length: row.seats }, (_, at) => `${section.id}-${row.id}-${at + 1}`),
  )
