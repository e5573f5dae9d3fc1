import { Cluster } from 'ioredis'
import type { RedisClient } from '../../lua/client.ts'
import { keysOf } from '../../lua/keys.ts'
import { parseRecord } from '../../lua/record.ts'
import type { Facts, RecordFact, SeatFact, ShardFact } from './facts.ts'

const SCAN_COUNT = 1_000
const LOG_ID_ZERO = '0-0'
/** A command must be answered in time, so a large key space is not asked for all at once. */
const ASKED_AT_ONCE_MAX = 500

type RedisFacts = Pick<Facts, 'nowMs' | 'shards' | 'records' | 'seats' | 'buyers'>

/** Everything that Redis says, key by key. For quiet systems: it scans the whole key space. */
export async function gatherRedis(redis: RedisClient, shards: number): Promise<RedisFacts> {
  const keys = await allKeys(redis)
  const [records, seats, buyers, shardFacts] = await Promise.all([
    gatherRecords(redis, keys),
    gatherSeats(redis, keys),
    gatherBuyers(redis, keys),
    Promise.all(Array.from({ length: shards }, (_, shard) => gatherShard(redis, shard))),
  ])
  const [seconds, micros] = await redis.time()
  const nowMs = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
  return { nowMs, shards: shardFacts, records, seats, buyers }
}

async function allKeys(redis: RedisClient): Promise<string[]> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis]
  const keys: string[] = []
  for (const node of nodes) {
    for await (const found of node.scanStream({ match: '{s??}:*', count: SCAN_COUNT })) {
      keys.push(...(found as string[]))
    }
  }
  return [...new Set(keys)]
}

/** `{s07}:seats:<show>` as its last part, for keys of one kind. */
function named(keys: readonly string[], kind: string): { key: string; name: string }[] {
  return keys.flatMap((key) => {
    const prefix = `${key.slice(0, key.indexOf('}') + 1)}:${kind}:`
    return key.startsWith(prefix) ? [{ key, name: key.slice(prefix.length) }] : []
  })
}

async function gatherRecords(redis: RedisClient, keys: readonly string[]): Promise<RecordFact[]> {
  const records: RecordFact[] = []
  const left = named(keys, 'r')
  while (left.length > 0) {
    const found = left.splice(-ASKED_AT_ONCE_MAX).map(({ key, name }) => recordAt(redis, key, name))
    records.push(...(await Promise.all(found)).filter((record) => record !== null))
  }
  return records
}

async function recordAt(redis: RedisClient, key: string, name: string): Promise<RecordFact | null> {
  const record = parseRecord(name, Object.entries(await redis.hgetall(key)).flat())
  if (!record) return null
  const { reservationId, showId, customerId, status, seats, amount, deadlineMs, version } = record
  return {
    reservationId,
    showId,
    customerId,
    status,
    seats,
    amount: amount.value,
    deadlineMs,
    // A version is a log id, which begins with the time of the change.
    changedAtMs: Number(version.split('-')[0]),
  }
}

async function gatherSeats(redis: RedisClient, keys: readonly string[]): Promise<SeatFact[]> {
  const found = named(keys, 'seats').map(async ({ key, name: showId }) =>
    Object.entries(await redis.hgetall(key)).map(([index, owner]) => ({
      showId,
      index: Number(index),
      owner,
    })),
  )
  return (await Promise.all(found)).flat()
}

async function gatherBuyers(
  redis: RedisClient,
  keys: readonly string[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const found = named(keys, 'buyers').map(async ({ key, name: showId }) => {
    for (const [customerId, count] of Object.entries(await redis.hgetall(key))) {
      counts.set(`${showId}/${customerId}`, Number(count))
    }
  })
  await Promise.all(found)
  return counts
}

async function gatherShard(redis: RedisClient, shard: number): Promise<ShardFact> {
  const keys = keysOf(shard)
  const [epoch, projected, tip] = await Promise.all([
    redis.get(keys.epoch),
    redis.get(keys.position),
    logTip(redis, keys.log),
  ])
  return { shard, isOpen: epoch !== null, logTip: tip, projected: projected ?? LOG_ID_ZERO }
}

/** The last id that the log gave away, also when the entry itself was trimmed. */
async function logTip(redis: RedisClient, log: string): Promise<string> {
  if ((await redis.exists(log)) === 0) return LOG_ID_ZERO
  const info = (await redis.xinfo('STREAM', log)) as unknown[]
  return String(info[info.indexOf('last-generated-id') + 1] ?? LOG_ID_ZERO)
}
