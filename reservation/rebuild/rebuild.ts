/**
 * Rebuilds shards whose epoch is missing, from SQL and from what Kafka still has to say: saga rule
 * F7, in steps each of which may be repeated, so that a crash at any point costs only time.
 */
import { shardTagOf } from '../../contracts/ids.ts'
import type { RedisClient } from '../../lua/client.ts'
import { keysOf } from '../../lua/keys.ts'
import type { SeatVerbs, ShardVerbs } from '../../lua/seatVerbs.ts'
import { OperationalError } from '../../platform/errors.ts'
import { failpoint } from '../../platform/failpoints.ts'
import type { Database } from '../../platform/mysql/database.ts'
import type { Projector } from '../log/projector.ts'
import { raiseFences, readPositions } from '../projection/positions.ts'
import type { ProjectedReservations } from '../projection/reservations.ts'
import { portionsOf, restorePortion } from '../saga/recreate.ts'
import { type RehandleOptions, rehandle } from './rehandle.ts'

export interface RebuildOptions extends RehandleOptions {
  client: RedisClient
  scripts: Pick<SeatVerbs, 'restore'> &
    Pick<ShardVerbs, 'readEpoch' | 'clearShard' | 'moveLog' | 'openShard'>
  db: Database
  reservations: ProjectedReservations
  projector: Pick<Projector, 'passed' | 'restart'>
  /** The lease token of this process. */
  token: string
  /** A shard could not be rebuilt; the others go on, and it is tried again. */
  onFailed: (shard: number, error: unknown) => void
}

export interface Rebuilt {
  opened: readonly number[]
  /** Reservations written back into Redis. */
  restored: number
  /** Messages of Kafka that were applied again. */
  rehandled: number
}

/** Shards that are written back at a time: Redis shall answer each call well within its limit. */
const RESTORED_AT_ONCE = 4
/** How long the projector may take for what stands in the log. */
const DRAIN_MS = 20_000

/**
 * Rebuilds and opens the shards, whose leases this process must hold. Shards that fail are told to
 * `onFailed` and stay shut.
 *
 * @throws OperationalError when SQL or Kafka is away, so that no shard can be rebuilt
 */
export async function rebuild(
  options: RebuildOptions,
  shards: readonly number[],
): Promise<Rebuilt> {
  const { db, reservations, projector } = options
  // From here on nobody projects what was read of these logs before, but only what is there now.
  await db.transaction((tx) => raiseFences(tx, shards))
  for (const shard of shards) projector.restart(shard)

  const shut = await each(options, shards, async (shard) => {
    if ((await options.scripts.readEpoch({ shard })) !== null) throw lostTo(shard, 'has an epoch')
    await drain(options, shard)
  })
  const known = await Promise.all(shut.map((shard) => reservations.hasAny(shard)))
  const virgin = shut.filter((_, at) => !known[at])
  const opened = await each(options, virgin, (shard) => open(options, shard))

  const inUse = shut.filter((_, at) => known[at])
  if (inUse.length === 0) return { opened, restored: 0, rehandled: 0 }
  return rebuildInUse(options, inUse, opened)
}

/** Shards of which the world knows something. */
async function rebuildInUse(
  options: RebuildOptions,
  shards: readonly number[],
  opened: readonly number[],
): Promise<Rebuilt> {
  let restored = 0
  const cleared = await each(options, shards, (shard) => clear(options, shard))
  const filled: number[] = []
  for (let at = 0; at < cleared.length; at += RESTORED_AT_ONCE) {
    const some = await each(options, cleared.slice(at, at + RESTORED_AT_ONCE), async (shard) => {
      restored += await restoreShard(options, shard)
    })
    filled.push(...some)
  }
  failpoint('rebuild.after-restore')
  const permits = new Map(filled.map((shard) => [shard, options.token]))
  const rehandled = await rehandle(options, permits)
  failpoint('rebuild.after-rehandle')
  const ready = await each(options, filled, async (shard) => {
    await drain(options, shard)
    await open(options, shard)
  })
  return { opened: [...opened, ...ready], restored, rehandled }
}

/** Runs a step for each shard; answers those for which it succeeded. */
async function each(
  { onFailed }: RebuildOptions,
  shards: readonly number[],
  step: (shard: number) => Promise<void>,
): Promise<number[]> {
  const results = await Promise.allSettled(shards.map(step))
  return shards.filter((shard, at) => {
    const result = results[at]
    if (result?.status === 'rejected') onFailed(shard, result.reason)
    return result?.status === 'fulfilled'
  })
}

/** Waits until SQL has everything that stands in the shard's log. */
async function drain({ client, projector }: RebuildOptions, shard: number): Promise<void> {
  const [last] = await client.xrevrange(keysOf(shard).log, '+', '-', 'COUNT', 1)
  if (last) await projector.passed(shard, last[0], { timeoutMs: DRAIN_MS })
}

/**
 * Empties the shard, for what is left of it may be older than what the world was told, and sees to
 * it that what is logged from now on comes after everything that SQL has projected.
 */
async function clear({ scripts, db, token }: RebuildOptions, shard: number): Promise<void> {
  const cleared = await scripts.clearShard({ shard, token })
  if (cleared.type !== 'cleared') throw lostTo(shard, cleared.type)
  const moved = await scripts.moveLog({ shard, token, pastId: await positionOf(db, shard) })
  if (moved.type !== 'moved') throw lostTo(shard, moved.type)
}

async function restoreShard(options: RebuildOptions, shard: number): Promise<number> {
  const { scripts, reservations, token } = options
  const permits = new Map([[shard, token]])
  let count = 0
  for await (const page of reservations.readForRebuild(shard)) {
    for (const portion of portionsOf(page)) await restorePortion(scripts, portion, permits)
    count += page.length
  }
  return count
}

async function open({ scripts, db, token }: RebuildOptions, shard: number): Promise<void> {
  const opened = await scripts.openShard({ shard, token, pastId: await positionOf(db, shard) })
  if (opened.type === 'not_leader') throw lostTo(shard, opened.type)
}

async function positionOf(db: Database, shard: number): Promise<string> {
  const [position] = await readPositions(db, [shard])
  if (!position) throw new TypeError(`SQL has no position of shard ${shard}`)
  return position.logId
}

/** Somebody else is at it, or was: nothing is wrong, and we look again. */
function lostTo(shard: number, why: string): OperationalError {
  const detail = `${shardTagOf(shard)}: ${why}`
  return new OperationalError('STATE_UNKNOWN', { retriable: true, detail })
}
