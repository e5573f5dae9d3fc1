/** What Redis says about reservations and seats. */

import { shardOfReservation } from '../../contracts/ids.ts'
import type { RedisClient } from '../../lua/client.ts'
import { keysOf } from '../../lua/keys.ts'
import { parseRecord, type ReservationRecord } from '../../lua/record.ts'

export interface SeatPlace {
  shard: number
  showId: string
  index: number
}

/** The epoch of each shard; null where its state is not complete. */
export async function readEpochs(
  redis: RedisClient,
  shards: Iterable<number>,
): Promise<Map<number, string | null>> {
  const read = [...shards].map(
    async (shard): Promise<[number, string | null]> => [
      shard,
      await redis.get(keysOf(shard).epoch),
    ],
  )
  return new Map(await Promise.all(read))
}

/** The records that Redis has of the reservations. */
export async function readRecords(
  redis: RedisClient,
  reservationIds: readonly string[],
): Promise<Map<string, ReservationRecord>> {
  const records = await Promise.all(
    reservationIds.map(async (id) => {
      const key = keysOf(shardOfReservation(id)).reservation(id)
      return parseRecord(id, Object.entries(await redis.hgetall(key)).flat())
    }),
  )
  return new Map(records.flatMap((record) => (record ? [[record.reservationId, record]] : [])))
}

export const seatKeyOf = ({ showId, index }: Omit<SeatPlace, 'shard'>): string =>
  `${showId}/${index}`

/** The owners of the seats, `h<reservation>`, `s<reservation>` or `b<block>`; free ones are absent. */
export async function readSeatOwners(
  redis: RedisClient,
  seats: readonly SeatPlace[],
): Promise<Map<string, string>> {
  const byShow = new Map<string, { shard: number; indexes: Set<number> }>()
  for (const { shard, showId, index } of seats) {
    const known = byShow.get(showId)
    if (known) known.indexes.add(index)
    else byShow.set(showId, { shard, indexes: new Set([index]) })
  }
  const owners = new Map<string, string>()
  await Promise.all(
    [...byShow].map(async ([showId, { shard, indexes }]) => {
      const asked = [...indexes]
      const found = await redis.hmget(keysOf(shard).seats(showId), ...asked.map(String))
      for (const [at, owner] of found.entries()) {
        if (owner) owners.set(seatKeyOf({ showId, index: asked[at] as number }), owner)
      }
    }),
  )
  return owners
}
