/** The one transaction that takes log entries into SQL: positions, projection and outbox. */
import { compareLogIds } from '../../contracts/ids.ts'
import type { LogEntry, ReservationEntry } from '../../lua/logEntry.ts'
import { inTransaction } from '../../platform/inbox/unitOfWork.ts'
import type { Database } from '../../platform/mysql/database.ts'
import type { Outbox } from '../../platform/outbox/outbox.ts'
import { messageOf, type ToldShow } from '../projection/messages.ts'
import { lockPositions, type Position, writePositions } from '../projection/positions.ts'
import type { ProjectedReservations } from '../projection/reservations.ts'
import { isProjected } from '../projection/rows.ts'

/** Entries of one shard in order of the log, and the fence under which they were read. */
export interface ShardBatch {
  shard: number
  fence: number
  entries: readonly LogEntry[]
}

export interface ProjectOptions {
  db: Database
  outbox: Outbox
  reservations: ProjectedReservations
  /** A show as messages tell of it; null when there is no such show. */
  findShow: (showId: string) => Promise<ToldShow | null>
}

export type Projected =
  | { type: 'committed'; position: string }
  /** The fence was raised since the entries were read: they may be lost, read them again. */
  | { type: 'fenced' }

/**
 * Projects batches of different shards in one transaction and answers the outcome of each, in
 * order. Entries that SQL has passed already are skipped, so the same batch may come again, also
 * from two leaders at once.
 *
 * @throws OperationalError when SQL is away or in conflict; TypeError for an entry that no
 *   message can be made of, and then nothing of the call is committed
 */
export async function project(
  options: ProjectOptions,
  batches: readonly ShardBatch[],
): Promise<Projected[]> {
  const shows = await showsOf(options, batches)
  return inTransaction(options, async (unit) => {
    const locked = await lockPositions(
      unit.tx,
      batches.map(({ shard }) => shard),
    )
    const positions = new Map(locked.map((position) => [position.shard, position]))
    const fresh: ReservationEntry[] = []
    const moved: Position[] = []
    const outcomes = batches.map(({ shard, fence, entries }): Projected => {
      const position = positions.get(shard)
      if (!position) throw new TypeError(`SQL has no position of shard ${shard}`)
      if (position.fence !== fence) return { type: 'fenced' }
      const news = entries.filter((entry) => compareLogIds(entry.id, position.logId) > 0)
      const last = news.at(-1)
      if (!last) return { type: 'committed', position: position.logId }
      for (const entry of news) {
        if (entry.type !== 'opened' && isProjected(entry)) fresh.push(entry)
      }
      moved.push({ ...position, logId: last.id })
      return { type: 'committed', position: last.id }
    })
    await options.reservations.write(unit.tx, fresh)
    for (const entry of fresh) {
      const message = messageOf(entry, shows.get(entry.showId) as ToldShow)
      if (message) unit.publish(message)
    }
    if (moved.length > 0) await writePositions(unit.tx, moved)
    return outcomes
  })
}

async function showsOf(
  { findShow }: ProjectOptions,
  batches: readonly ShardBatch[],
): Promise<Map<string, ToldShow>> {
  const shows = new Map<string, ToldShow>()
  for (const { entries } of batches) {
    for (const entry of entries) {
      if (entry.type === 'opened' || !isProjected(entry) || shows.has(entry.showId)) continue
      const show = await findShow(entry.showId)
      if (!show) throw new TypeError(`log entry ${entry.id} is of an unknown show ${entry.showId}`)
      shows.set(entry.showId, show)
    }
  }
  return shows
}
