/**
 * Reads a show's seats from Redis: at once when few are taken, in parts when many are, so that no
 * single command keeps Redis from selling for long.
 */
import type { RedisClient } from '../../lua/client.ts'
import { faultOf } from '../../lua/errors.ts'
import { keysOf } from '../../lua/keys.ts'
import type { SeatVerbs } from '../../lua/seatVerbs.ts'
import { PackedSeats } from './packedSeats.ts'
import type { MappedShow, SeatState } from './types.ts'

/** With more seats taken than this, the show is read in parts. */
export const TAKEN_AT_ONCE_MAX = 20_000
/** Seats of one part. */
export const PART_SEATS = 5_000

/** What was read: each part is right at its own version, the whole at none in particular. */
export interface LoadedSeats {
  epoch: string
  seats: PackedSeats
  /** In order; part n holds the seats from n * PART_SEATS on, or all seats when it is alone. */
  versions: readonly string[]
}

export interface SeatSource {
  client: RedisClient
  scripts: Pick<SeatVerbs, 'readSeats'>
}

/**
 * Reads all seats of the show; null when the shard has no epoch, or got another one meanwhile.
 * Throws RedisUnavailable.
 */
export async function loadSeats(
  source: SeatSource,
  show: MappedShow,
  takenAtOnceMax: number = TAKEN_AT_ONCE_MAX,
): Promise<LoadedSeats | null> {
  try {
    const taken = await source.client.hlen(keysOf(show.shard).seats(show.showId))
    return await (taken > takenAtOnceMax ? loadInParts(source, show) : loadAtOnce(source, show))
  } catch (error) {
    throw faultOf(error)
  }
}

async function loadAtOnce({ scripts }: SeatSource, show: MappedShow): Promise<LoadedSeats | null> {
  const found = await scripts.readSeats({ shard: show.shard, showId: show.showId })
  if (found.type === 'no_epoch') return null
  const seats = new PackedSeats(show.layout.total)
  for (const [index, owner] of found.owners) seats.set(index, stateOf(owner))
  return { epoch: found.epoch, seats, versions: [found.version] }
}

async function loadInParts(source: SeatSource, show: MappedShow): Promise<LoadedSeats | null> {
  const { total } = show.layout
  const seats = new PackedSeats(total)
  const versions: string[] = []
  let epoch: string | null = null
  for (let from = 0; from < total; from += PART_SEATS) {
    const part = await readPart(source.client, show, from, Math.min(from + PART_SEATS, total))
    if (part === null || (epoch !== null && part.epoch !== epoch)) return null
    epoch = part.epoch
    versions.push(part.version)
    for (const [at, owner] of part.owners.entries()) {
      if (owner !== null) seats.set(from + at, stateOf(owner))
    }
  }
  return epoch === null ? null : { epoch, seats, versions }
}

async function readPart(client: RedisClient, show: MappedShow, from: number, to: number) {
  const keys = keysOf(show.shard)
  const indexes = Array.from({ length: to - from }, (_, at) => String(from + at))
  const replies = await client
    .multi()
    .get(keys.epoch)
    .get(keys.version(show.showId))
    .hmget(keys.seats(show.showId), ...indexes)
    .exec()
  const [epoch, version, owners] = (replies ?? []).map(([error, reply]) => {
    if (error) throw error
    return reply
  }) as [string | null, string | null, (string | null)[]]
  return epoch === null ? null : { epoch, version: version ?? epoch, owners }
}

/** `h<reservation>` is held, `s<reservation>` sold, `b<block>` blocked. */
function stateOf(owner: string): SeatState {
  switch (owner[0]) {
    case 'h':
      return 1
    case 's':
      return 2
    case 'b':
      return 3
    default:
      throw new TypeError(`a seat has the unknown owner ${owner}`)
  }
}
