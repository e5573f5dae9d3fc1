/**
 * The part of the seat service that runs by itself: it follows the logs, keeps the seat maps,
 * expires what is due, takes the logs into SQL, hears the saga's messages, and rebuilds a Redis
 * that was lost.
 */
import type { RedisClient } from '../lua/client.ts'
import type { SeatVerbs, ShardVerbs } from '../lua/seatVerbs.ts'
import type { Checks } from '../platform/health.ts'
import type { KafkaConnection } from '../platform/kafka/connection.ts'
import { MessageConsumer } from '../platform/kafka/consumer.ts'
import type { RecordSender } from '../platform/kafka/producer.ts'
import type { Component } from '../platform/lifecycle.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Database } from '../platform/mysql/database.ts'
import type { Outbox } from '../platform/outbox/outbox.ts'
import { followEpochs } from './log/epochFollower.ts'
import { Leases } from './log/leases.ts'
import { Projector } from './log/projector.ts'
import { RedisClock } from './log/redisClock.ts'
import { Sweeper } from './log/sweeper.ts'
import { LogTail } from './log/tail.ts'
import { Trimmer } from './log/trimmer.ts'
import type { ToldShow } from './projection/messages.ts'
import { ProjectedReservations } from './projection/reservations.ts'
import { Gate } from './rebuild/gate.ts'
import { Guard } from './rebuild/guard.ts'
import { Rebuilder } from './rebuild/rebuilder.ts'
import { createApply } from './saga/apply.ts'
import { SAGA_TOPICS, SagaHandler } from './saga/handler.ts'
import { SeatMaps } from './seatmap/seatMaps.ts'

/** A show as the engine needs it: what messages tell of it, and its seats by id. */
export interface EngineShow extends ToldShow {
  readonly layout: { seatIdAt(index: number): string; indexOf(seatId: string): number }
}

export interface EngineOptions {
  /** As REDIS_URL has it; the tail makes connections of its own. */
  redisUrl: string
  /** The command connection, the one that `scripts` use. */
  client: RedisClient
  scripts: SeatVerbs & ShardVerbs
  shards: number
  /** Started and migrated before the engine. */
  db: Database
  outbox: Outbox
  shows: { find(showId: string): Promise<EngineShow | null> }
  connection: KafkaConnection
  producer: RecordSender
  log: Log
  metrics: Metrics
  /** Consumer group of the saga's messages. Default `reservation`; tests have their own. */
  group?: string
  /** Of the leases, in milliseconds. Defaults 6,000 and 2,000. */
  leaseTtlMs?: number
  leaseRenewMs?: number
}

export interface Engine {
  readonly clock: RedisClock
  readonly gate: Gate
  readonly tail: LogTail
  readonly maps: SeatMaps
  readonly reservations: ProjectedReservations
  readonly projector: Projector
  readonly leases: Leases
  /** To be started in this order, after database, producer and outbox, and stopped in reverse. */
  readonly components: readonly Component[]
  /** For readiness: the shards are open, the projector keeps up, the consumer makes progress. */
  readonly checks: Checks
}

export const SAGA_GROUP = 'reservation'
/** A projector that lags more than this makes the process not ready. */
export const PROJECTOR_LAG_MS_MAX = 15_000

/** Builds the engine; nothing runs before its components are started. */
export function createEngine(options: EngineOptions): Engine {
  const { redisUrl, client, scripts, shards, db, log, metrics, connection } = options
  const group = options.group ?? SAGA_GROUP
  const clock = new RedisClock()
  const gate = new Gate(shards)
  const reservations = new ProjectedReservations(db)
  const findShow = (showId: string) => options.shows.find(showId)
  const tail = new LogTail({
    redisUrl,
    shards,
    readTip: (query) => scripts.readTip(query),
    clock,
    log,
    metrics,
  })
  const leases = new Leases({
    ...{ client, scripts, shards, clock, log, metrics },
    // A rebuild that changes hands begins anew.
    isNeeded: (shard) => gate.reasonOf(shard) === 'no_epoch',
    ...(options.leaseTtlMs !== undefined && { ttlMs: options.leaseTtlMs }),
    ...(options.leaseRenewMs !== undefined && { renewMs: options.leaseRenewMs }),
  })
  const shared = { scripts, client, tail, leases, gate, clock, db, log, metrics }
  const maps = new SeatMaps(shared)
  const projector = new Projector({ ...shared, outbox: options.outbox, reservations, findShow })
  const handler = new SagaHandler({ scripts, reservations, findShow, shards, metrics })
  const guard = new Guard({ ...shared, clients: [client, ...tail.clients] })
  const rebuilder = new Rebuilder({
    ...shared,
    ...{ connection, group, handler, reservations, projector },
    pokeGuard: () => guard.poke(),
  })
  const consumer = new MessageConsumer({
    ...{ connection, group, log, metrics, producer: options.producer },
    topics: SAGA_TOPICS,
    apply: createApply({ handler, scripts, gate, projector }),
  })
  tail.onBackwards = (shard) => projector.restart(shard)
  followEpochs(gate, tail)
  return {
    ...{ clock, gate, tail, maps, reservations, projector, leases },
    components: [
      ...[tail, maps, leases, projector, new Sweeper(shared)],
      new Trimmer({ ...shared, positionOf: (shard) => projector.positionOf(shard) }),
      ...[rebuilder, guard, consumer],
    ],
    checks: {
      shards: () => checkShards(gate),
      projector: () => checkLag(projector.lagMs()),
      consumer: () => consumer.check(),
    },
  }
}

function checkShards(gate: Gate) {
  const shut = Array.from({ length: gate.shards }, (_, shard) => shard).filter(
    (shard) => !gate.isOpen(shard),
  )
  return { ok: shut.length === 0, detail: `shut: ${shut.join(' ')}` }
}

const checkLag = (lagMs: number) => ({
  ok: lagMs <= PROJECTOR_LAG_MS_MAX,
  detail: `${Math.round(lagMs)} ms behind`,
})
