/** The changes of one show that the shard's log still has, the newest first. */
import type { RedisClient } from '../../lua/client.ts'
import { faultOf } from '../../lua/errors.ts'
import { keysOf } from '../../lua/keys.ts'
import { parseLogEntry, type ReservationEntry, type StreamEntry } from '../../lua/logEntry.ts'
import type { MappedShow, SeatMapChange } from '../seatmap/types.ts'

const PAGE_ENTRIES = 500
/** Entries of the shard that are looked at for one show; the others are of its siblings. */
const ENTRIES_MAX = 20_000

/**
 * Reads backwards from the entry that made the version `until`, while each entry follows upon the
 * one before it, at most to `changesMax` changes. Throws RedisUnavailable.
 */
export async function readHistory(
  redis: RedisClient,
  show: MappedShow,
  { until, changesMax }: { until: string; changesMax: number },
): Promise<SeatMapChange[]> {
  const found: SeatMapChange[] = []
  let next = until
  let from = until
  let changeCount = 0
  for (let seen = 0; seen < ENTRIES_MAX; seen += PAGE_ENTRIES) {
    const page = await readPage(redis, show.shard, from)
    for (const [id, fields] of page) {
      const entry = parseLogEntry(id, fields)
      // Before an epoch things may have been lost that no entry tells of.
      if (entry.type === 'opened') return found
      if (entry.showId !== show.showId) continue
      if (entry.id !== next) return found
      found.push(changeOf(entry))
      changeCount += entry.moved.length
      next = entry.prev
      if (changeCount > changesMax) return found
    }
    const last = page.at(-1)
    if (!last || page.length < PAGE_ENTRIES) return found
    from = `(${last[0]}`
  }
  return found
}

async function readPage(redis: RedisClient, shard: number, from: string) {
  try {
    const { log } = keysOf(shard)
    return (await redis.xrevrange(log, from, '-', 'COUNT', PAGE_ENTRIES)) as StreamEntry[]
  } catch (error) {
    throw faultOf(error)
  }
}

function changeOf({ id, prev, moved, state }: ReservationEntry): SeatMapChange {
  const changes = state === undefined ? [] : moved.map((index) => [index, state] as const)
  return { prev, version: id, changes, passed: [id] }
}
