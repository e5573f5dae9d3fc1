import type { ConfigOf } from '../platform/config.ts'
import { HealthServer } from '../platform/health.ts'
import { transactional } from '../platform/inbox/unitOfWork.ts'
import { KafkaConnection } from '../platform/kafka/connection.ts'
import { MessageConsumer } from '../platform/kafka/consumer.ts'
import { KafkaProducer } from '../platform/kafka/producer.ts'
import type { Component } from '../platform/lifecycle.ts'
import type { Log } from '../platform/log.ts'
import { Metrics } from '../platform/metrics.ts'
import { Database } from '../platform/mysql/database.ts'
import { migrate } from '../platform/mysql/migrate.ts'
import { Outbox } from '../platform/outbox/outbox.ts'
import type { spec } from './config.ts'
import { Courier } from './delivery/courier.ts'
import { DeliveryQueue } from './delivery/queue.ts'
import { deliverySweep } from './delivery/sweep.ts'
import { DeliveryWorker } from './delivery/worker.ts'
import { NOTICE_TOPICS, noticeHandlers } from './handlers.ts'
import { FileTransport, type MailTransport, SmtpTransport } from './mail/transport.ts'

export type NotificationConfig = ConfigOf<typeof spec>

/** Migrations of the service's database; tests apply them too. */
export const NOTIFICATION_MIGRATIONS = new URL('./migrations/', import.meta.url)

/** Batches, deliveries at once, and the sweep. */
const POOL_SIZE = 8

/** What turns rows into mail: the queue, the worker and the sweep, in the order of their start. */
export function createDelivery(
  config: NotificationConfig,
  { db, log, metrics }: { db: Database; log: Log; metrics: Metrics },
): { components: Component[]; queue: DeliveryQueue; courier: Courier } {
  const { redisUrl, overdueMs, sweepIntervalMs: intervalMs } = config
  const transport = transportOf(config)
  const queue = new DeliveryQueue({ redisUrl, log })
  const wake = (keys: readonly string[], delayMs: number): void => queue.wake(keys, delayMs)
  const courier = new Courier({ ...config, db, transport, wake, log, metrics })
  const worker = new DeliveryWorker({ redisUrl, deliver: (keys) => courier.deliver(keys), log })
  const sweep = deliverySweep({ db, queue, overdueMs, intervalMs, log })
  const mail: Component = {
    name: 'mail',
    start: () => transport.open(),
    stop: async () => transport.close(),
  }
  return { components: [mail, queue, worker, sweep], queue, courier }
}

const transportOf = ({ smtpUrl, mailDir, mailFrom }: NotificationConfig): MailTransport =>
  smtpUrl ? new SmtpTransport({ url: smtpUrl, from: mailFrom }) : new FileTransport(mailDir)

/** The notification service's components in the order in which they start. */
export function createNotificationService(config: NotificationConfig, log: Log): Component[] {
  const metrics = new Metrics()
  const db = new Database({
    url: config.mysqlUrl,
    database: `${config.mysqlDatabasePrefix}_notification`,
    poolSize: POOL_SIZE,
    log,
  })
  const connection = new KafkaConnection({
    brokers: config.kafkaBrokers,
    clientId: 'notification',
    log,
  })
  const producer = new KafkaProducer({ connection })
  const delivery = createDelivery(config, { db, log, metrics })
  // Part of the chain, but nothing is ever published here, so it need not be started.
  const outbox = new Outbox({ db, producer, source: '/notification', log, metrics })
  const handlers = noticeHandlers({ wake: (keys) => delivery.queue.wake(keys) })
  const consumer = new MessageConsumer({
    connection,
    group: 'notification',
    topics: NOTICE_TOPICS,
    apply: transactional({ db, consumer: 'notification', outbox, handlers }),
    producer,
    log,
    metrics,
  })
  const health = new HealthServer({
    port: config.port,
    checks: {
      sql: () => db.check(),
      consumer: () => consumer.check(),
      delivery: () => delivery.courier.check(),
    },
    metrics,
    log,
  })
  const migrations: Component = {
    name: 'migrations',
    start: () => migrate(db, [NOTIFICATION_MIGRATIONS]),
    stop: async () => {},
  }
  return [db, migrations, producer, ...delivery.components, consumer, health]
}
