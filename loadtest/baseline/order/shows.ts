/** The shows: their seats by id and by index, kept in memory once read, for they never change. */
import { createHash, randomBytes } from 'node:crypto'
import type { Static } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { Policy, type Show as ShowBody, type ShowRequest } from '../../../contracts/http.ts'
import { base32Of, SHOW_ID_PATTERN } from '../../../contracts/ids.ts'
import type { Database } from '../../../platform/mysql/database.ts'
import { SQL_NOW_MS } from '../../../platform/mysql/database.ts'
import { isInserted, type Unit } from '../unit.ts'

type Sections = ShowRequest['sections']

export interface Show {
  readonly showId: string
  readonly shard: number
  readonly name: string
  readonly startsAt: string
  readonly currency: string
  readonly policy: Static<typeof Policy>
  readonly sections: Sections
  readonly layout: Layout
}

/** Seat index <-> seat id. Memory is proportional to the rows. */
export class Layout {
  readonly total: number
  readonly #rows: { name: string; start: number; price: number }[] = []
  readonly #rowAt = new Map<string, number>()

  constructor(sections: Sections) {
    let start = 0
    for (const section of sections) {
      for (const row of section.rows) {
        const name = `${section.id}-${row.id}`
        this.#rowAt.set(name, this.#rows.length)
        this.#rows.push({ name, start, price: section.price })
        start += row.seats
      }
    }
    this.total = start
  }

  /** The index of a seat, or -1. */
  indexOf(seatId: string): number {
    const cut = seatId.lastIndexOf('-')
    const row = this.#rowAt.get(seatId.slice(0, cut))
    const number = /^[1-9][0-9]{0,5}$/.test(seatId.slice(cut + 1)) ? +seatId.slice(cut + 1) : 0
    if (row === undefined || number === 0) return -1
    const { start } = this.#rows[row] as { start: number }
    const end = this.#rows[row + 1]?.start ?? this.total
    return start + number <= end ? start + number - 1 : -1
  }

  seatIdAt(index: number): string {
    const { name, start } = this.#rowOf(index)
    return `${name}-${index - start + 1}`
  }

  priceAt(index: number): number {
    return this.#rowOf(index).price
  }

  #rowOf(index: number): { name: string; start: number; price: number } {
    let low = 0
    let high = this.#rows.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#rows[middle]?.start ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return this.#rows[low] as { name: string; start: number; price: number }
  }
}

const SHOW_ID = new RegExp(SHOW_ID_PATTERN)

interface ShowRow {
  show_id: string
  shard: number
  name: string
  starts_at: number
  currency: string
  definition: string
}

export class Shows {
  readonly #db: Database
  readonly #unit: Unit
  readonly #shards: number
  readonly #kept = new Map<string, Show>()

  constructor({ db, unit, shards }: { db: Database; unit: Unit; shards: number }) {
    this.#db = db
    this.#unit = unit
    this.#shards = shards
  }

  async find(showId: string): Promise<Show | null> {
    const kept = this.#kept.get(showId)
    if (kept) return kept
    if (!SHOW_ID.test(showId)) return null
    const [row] = await this.#db.query<ShowRow>(
      'SELECT show_id, shard, name, starts_at, currency, definition FROM shows WHERE show_id = ?',
      [showId],
    )
    if (!row) return null
    const show = showOf(row)
    this.#kept.set(showId, show)
    return show
  }

  /** The show, new or the same as before; null when another one has its id. */
  async create(request: ShowRequest): Promise<{ show: Show; isNew: boolean } | null> {
    const row = rowOf(request, this.#shards)
    const isNew = await isInserted(
      this.#unit((sql) =>
        sql.execute(
          `INSERT INTO shows (show_id, shard, name, starts_at, currency, definition, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ${SQL_NOW_MS})`,
          [row.show_id, row.shard, row.name, row.starts_at, row.currency, row.definition],
        ),
      ),
    )
    const show = (await this.find(row.show_id)) as Show
    return isNew || JSON.stringify(show) === JSON.stringify(showOf(row)) ? { show, isNew } : null
  }
}

function rowOf(request: ShowRequest, shards: number): ShowRow {
  const showId = request.showId ?? `show_${base32Of(randomBytes(16))}`
  // Members in a fixed order and defaults filled in, so that equal shows are equal texts.
  const policy = Value.Default(Policy, { ...request.policy }) as Static<typeof Policy>
  const inOrder = Object.keys(Policy.properties).map((name) => [
    name,
    policy[name as keyof typeof policy],
  ])
  const sections = request.sections.map(({ id, name, price, rows }) => ({
    ...{ id, name, price, rows: rows.map((row) => ({ id: row.id, seats: row.seats })) },
  }))
  return {
    show_id: showId,
    shard: createHash('sha256').update(showId).digest().readUInt32BE() % shards,
    name: request.name,
    starts_at: Date.parse(request.startsAt),
    currency: request.currency,
    definition: JSON.stringify({ policy: Object.fromEntries(inOrder), sections }),
  }
}

function showOf(row: ShowRow): Show {
  const { policy, sections } = JSON.parse(row.definition) as Pick<Show, 'policy' | 'sections'>
  return {
    showId: row.show_id,
    shard: row.shard,
    name: row.name,
    startsAt: new Date(row.starts_at).toISOString(),
    currency: row.currency,
    policy,
    sections,
    layout: new Layout(sections),
  }
}

/** The show as clients see it. */
export const bodyOf = ({ shard: _, layout, ...show }: Show): ShowBody => ({
  ...show,
  total: layout.total,
})
