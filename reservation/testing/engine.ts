/**
 * The engine for tests, on real Redis and SQL and, where the test names brokers, real Kafka. More
 * than one may run on the same stores, as processes do. What needs a process that can be killed
 * or frozen is in engineProcess.ts.
 */
import { randomBytes } from 'node:crypto'
import { reservationIdOf, shardOfReservation, ticketIdOf } from '../../contracts/ids.ts'
import { createClient, type RedisClient, whenReady } from '../../lua/client.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import { SeatScripts } from '../../lua/seatScripts.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import {
  KafkaProducer,
  type OutgoingRecord,
  type RecordSender,
} from '../../platform/kafka/producer.ts'
import type { Component } from '../../platform/lifecycle.ts'
import { createLog } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { Database } from '../../platform/mysql/database.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import { Outbox } from '../../platform/outbox/outbox.ts'
import { createEngine, type Engine } from '../engine.ts'
import { POLICY_DEFAULTS, type Show } from '../shows/show.ts'
import { Shows } from '../shows/shows.ts'

export const TEST_SHARDS = 4
const LEASE_TTL_MS = 1_500
const LEASE_RENEW_MS = 400
export const CONSUMER = 'kafka consumer'
const NOWHERE = '127.0.0.1:1'

export interface Stores {
  redisUrl: string
  mysqlUrl: string
  /** Name of the reservation service's database. */
  database: string
  /** Without brokers nothing is consumed, and what is published goes to `sent` only. */
  kafkaBrokers?: string
  /** Consumer group; every engine of a test shares it. */
  group?: string
}

export interface TestEngine {
  readonly engine: Engine
  readonly scripts: SeatScripts
  readonly redis: RedisClient
  readonly db: Database
  readonly outbox: Outbox
  readonly shows: Shows
  readonly metrics: Metrics
  /** Records that the outbox published, when there is no Kafka. */
  readonly sent: OutgoingRecord[]
  /** Resolves when every shard is open. */
  allOpen(timeoutMs?: number): Promise<void>
  stop(): Promise<void>
}

class SentRecords implements RecordSender {
  readonly records: OutgoingRecord[] = []
  async send(records: readonly OutgoingRecord[]): Promise<void> {
    this.records.push(...records)
  }
}

/** Starts an engine; `logLevel` other than silent shows what it does. */
export async function startEngine(
  stores: Stores,
  options: { logLevel?: string; shards?: number; without?: readonly string[] } = {},
): Promise<TestEngine> {
  const { shards = TEST_SHARDS, without = [] } = options
  const log = createLog('engine-test', options.logLevel ?? 'silent')
  const metrics = new Metrics()
  const { redisUrl, mysqlUrl, database, kafkaBrokers } = stores
  const db = new Database({ url: mysqlUrl, database, poolSize: 4, log })
  await db.start()
  await migrate(db, [new URL('../migrations/', import.meta.url)])
  const connection = new KafkaConnection({
    brokers: kafkaBrokers ?? NOWHERE,
    clientId: 'engine-test',
    log,
  })
  const skipped = kafkaBrokers ? without : [...without, CONSUMER]
  const sender = new SentRecords()
  // Without its consumer the engine is a guest on a Kafka that other tests use, and says nothing.
  const kafkaProducer = skipped.includes(CONSUMER) ? null : new KafkaProducer({ connection })
  const producer = kafkaProducer ?? sender
  const outbox = new Outbox({ db, producer, source: '/reservation', log, metrics })
  const redis = createClient({ url: redisUrl })
  await whenReady(redis, 10_000)
  const scripts = new SeatScripts(redis)
  const shows = new Shows({ db, shards })
  const engine = createEngine({
    ...{ redisUrl, client: redis, scripts, shards, db, outbox, shows, connection, producer },
    ...{ log, metrics, leaseTtlMs: LEASE_TTL_MS, leaseRenewMs: LEASE_RENEW_MS },
    ...(stores.group && { group: stores.group }),
  })
  const components: Component[] = [
    ...(kafkaProducer ? [kafkaProducer] : []),
    outbox,
    ...engine.components.filter(({ name }) => !skipped.includes(name)),
  ]
  for (const component of components) await component.start()
  return {
    ...{ engine, scripts, redis, db, outbox, shows, metrics, sent: sender.records },
    async allOpen(timeoutMs = 15_000) {
      for (let shard = 0; shard < shards; shard++) {
        if (await engine.gate.whenOpen(shard, { timeoutMs })) continue
        throw new Error(`shard ${shard} did not open: ${engine.gate.reasonOf(shard)}`)
      }
    },
    async stop() {
      for (const component of components.reverse()) await component.stop()
      redis.disconnect()
      await db.stop()
    },
  }
}

/** A show with `seats` seats in one row, at 100 each. */
export async function newShow(
  { shows }: Pick<TestEngine, 'shows'>,
  seats = 100,
  policy: Partial<typeof POLICY_DEFAULTS> = {},
): Promise<Show> {
  const showId = `show-${randomBytes(6).toString('hex')}`
  const created = await shows.create({
    showId,
    name: 'Winter Lights',
    startsAt: '2027-01-15T10:30:00.000Z',
    currency: 'KRW',
    policy: { ...POLICY_DEFAULTS, ...policy },
    sections: [{ id: 'A', name: 'Hall', price: 100, rows: [{ id: '1', seats }] }],
  })
  if (created.type === 'exists') throw new Error(`${showId} exists`)
  return created.show
}

/** Holds seats for a customer of its own. Throws unless they are held. */
export async function hold(
  { scripts }: Pick<TestEngine, 'scripts'>,
  show: Show,
  seats: readonly number[],
  options: { ttlMs?: number; reservationId?: string } = {},
): Promise<ReservationRecord> {
  const { reservationId = reservationIdOf(show.shard, randomBytes(16)), ttlMs = 60_000 } = options
  const answer = await scripts.holdSeats({
    shard: show.shard,
    requests: [
      {
        reservationId,
        showId: show.showId,
        customerId: `c-${reservationId}`,
        seats,
        amount: { currency: show.currency, value: 100 * seats.length },
        requestHash: `hash-${seats.join('.')}`,
        ttlMs,
        buyerSeatsMax: 1_000,
      },
    ],
  })
  const outcome = answer.type === 'answered' ? answer.outcomes[0] : answer
  if (outcome?.type !== 'held') throw new Error(`not held: ${JSON.stringify(outcome)}`)
  return outcome.record
}

/** Begins the payment of a hold. Throws unless it is paying. */
export async function checkout(
  { scripts }: Pick<TestEngine, 'scripts'>,
  { reservationId, showId, customerId }: ReservationRecord,
  options: { windowMs?: number } = {},
): Promise<ReservationRecord> {
  const outcome = await scripts.startCheckout({
    ...{ shard: shardOfReservation(reservationId), reservationId, showId, customerId },
    ...{ checkoutKey: 'key-1', checkoutHash: 'hash-1', windowMs: options.windowMs ?? 60_000 },
    paymentToken: 'tok_ok',
    contact: { email: 'buyer@example.com', locale: 'ko' },
  })
  if (outcome.type !== 'paying') throw new Error(`not paying: ${JSON.stringify(outcome)}`)
  return outcome.record
}

/** The tickets of a reservation, as the ticket service would issue them. */
export const ticketsOf = ({ reservationId, seats }: ReservationRecord, show: Show) =>
  seats.map((index, at) => ({
    ticketId: ticketIdOf(reservationId, at + 1),
    seatId: show.layout.seatIdAt(index),
  }))

/** What ticket_confirm does. Answers the outcome. */
export const confirm = (
  { scripts }: Pick<TestEngine, 'scripts'>,
  record: ReservationRecord,
  show: Show,
) =>
  scripts.confirmSeats({
    ...{ shard: show.shard, reservationId: record.reservationId, showId: show.showId },
    ...{ cause: 'test', paymentId: 'pay-1', tickets: ticketsOf(record, show) },
  })

/** Messages in the outbox, oldest first. */
export const outboxOf = (db: Database) =>
  db.query<{ event_id: string; topic: string; event_key: string; body: string }>(
    'SELECT event_id, topic, event_key, body FROM outbox ORDER BY id',
  )
