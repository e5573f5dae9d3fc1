import type { ConfigOf, commonSpec } from '../../platform/config.ts'
import { HealthServer } from '../../platform/health.ts'
import { transactional } from '../../platform/inbox/unitOfWork.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { MessageConsumer } from '../../platform/kafka/consumer.ts'
import { KafkaProducer } from '../../platform/kafka/producer.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { Database } from '../../platform/mysql/database.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import { Outbox } from '../../platform/outbox/outbox.ts'
import { DELIVERY_TOPICS, deliveryHandlers } from './handlers.ts'

/** The consumer group: each group gets every message, whoever else reads them. */
export const GROUP = 'delivery'
const POOL_SIZE = 2

/** The components of the subscriber in the order in which they start. */
export function createDeliveryService(config: ConfigOf<typeof commonSpec>, log: Log): Component[] {
  const metrics = new Metrics()
  const { mysqlUrl: url, kafkaBrokers: brokers } = config
  const database = `${config.mysqlDatabasePrefix}_delivery`
  const db = new Database({ url, database, poolSize: POOL_SIZE, log })
  const connection = new KafkaConnection({ brokers, clientId: GROUP, log })
  // Messages that cannot be handled leave through it, for seat_confirm.DLQ.
  const producer = new KafkaProducer({ connection })
  // This subscriber publishes nothing, so its outbox need not be started.
  const outbox = new Outbox({ db, producer, source: '/delivery', log, metrics })
  const consumer = new MessageConsumer({
    connection,
    group: GROUP,
    topics: DELIVERY_TOPICS,
    apply: transactional({ db, consumer: GROUP, outbox, handlers: deliveryHandlers }),
    producer,
    log,
    metrics,
  })
  const checks = { sql: () => db.check(), consumer: () => consumer.check() }
  const health = new HealthServer({ port: config.port, checks, metrics, log })
  const migrations: Component = {
    name: 'migrations',
    start: () => migrate(db, [new URL('./migrations/', import.meta.url)]),
    stop: async () => {},
  }
  return [db, migrations, producer, consumer, health]
}
