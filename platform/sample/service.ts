/**
 * The smallest worker that uses everything in this folder: it takes ticket_cancel, writes one row
 * per message, and publishes one payment_refund each. Tests kill, freeze and starve it.
 */
import type { MessageOf } from '../../contracts/message.ts'
import type { ConfigOf } from '../config.ts'
import { commonSpec, integer, text } from '../config.ts'
import { HealthServer } from '../health.ts'
import { transactional, type UnitOfWork } from '../inbox/unitOfWork.ts'
import { KafkaConnection } from '../kafka/connection.ts'
import { MessageConsumer } from '../kafka/consumer.ts'
import { KafkaProducer } from '../kafka/producer.ts'
import type { Component } from '../lifecycle.ts'
import type { Log } from '../log.ts'
import { Metrics } from '../metrics.ts'
import { Database } from '../mysql/database.ts'
import { migrate } from '../mysql/migrate.ts'
import { Outbox } from '../outbox/outbox.ts'

export const spec = {
  ...commonSpec,
  /** Consumer group, name of the inbox and of the database. */
  group: text('SAMPLE_GROUP', { pattern: /^[a-z0-9_]{1,50}$/ }),
  sessionTimeoutMs: integer('SAMPLE_SESSION_TIMEOUT_MS', { default: 6_000, min: 6_000 }),
  batchMax: integer('SAMPLE_BATCH_MAX', { default: 500, min: 1, max: 1_000 }),
}
export type SampleConfig = ConfigOf<typeof spec>

export const migrations = new URL('./migrations/', import.meta.url)

async function cancel(
  messages: MessageOf<'ticket_cancel'>[],
  { tx, publish }: UnitOfWork,
): Promise<void> {
  const rows = messages.map(({ id, payload }) => [id, payload.reservationId, String(process.pid)])
  await tx.execute('INSERT INTO effects (event_id, reservation_id, handled_by) VALUES ?', [rows])
  for (const { payload } of messages) {
    const { reason, paymentId = 'none', ...snapshot } = payload
    const refund = { ...snapshot, paymentId, refundId: payload.reservationId, reason }
    publish({ topic: 'payment_refund', payload: refund })
  }
}

/** The components of the worker, in the order in which they start. */
export function sampleService(config: SampleConfig, log: Log): Component[] {
  const { group, sessionTimeoutMs, batchMax } = config
  const metrics = new Metrics()
  const connection = new KafkaConnection({ brokers: config.kafkaBrokers, clientId: group, log })
  const db = new Database({ url: config.mysqlUrl, database: group, poolSize: 4, log })
  const schema: Component = {
    name: 'schema',
    start: () => migrate(db, [migrations]),
    stop: async () => undefined,
  }
  const producer = new KafkaProducer({ connection })
  const outbox = new Outbox({ db, producer, source: '/ticket', log, metrics })
  const consumer = new MessageConsumer({
    connection,
    group,
    topics: ['ticket_cancel'],
    apply: transactional({ db, consumer: group, outbox, handlers: { ticket_cancel: cancel } }),
    producer,
    log,
    metrics,
    batchMax,
    sessionTimeoutMs,
  })
  const checks = { consumer: () => consumer.check(), outbox: () => outbox.check() }
  const health = new HealthServer({ port: config.port, checks, metrics, log })
  return [db, schema, producer, outbox, health, consumer]
}
