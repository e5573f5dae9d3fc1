import type { ConfigOf } from '../platform/config.ts'
import { HealthServer } from '../platform/health.ts'
import { inTransaction, transactional } from '../platform/inbox/unitOfWork.ts'
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
import { TICKET_TOPICS, ticketHandlers } from './handlers.ts'
import { waitingSweep } from './sweep.ts'

export type TicketConfig = ConfigOf<typeof spec>

/** Migrations of the service's database; tests apply them too. */
export const TICKET_MIGRATIONS = new URL('./migrations/', import.meta.url)

/** Batches, the sweep, the relay and its marks. */
const POOL_SIZE = 6

/** The ticket service's components in the order in which they start. */
export function createTicketService(config: TicketConfig, log: Log): Component[] {
  const { waitingRecheckMs } = config
  const metrics = new Metrics()
  const db = new Database({
    url: config.mysqlUrl,
    database: `${config.mysqlDatabasePrefix}_ticket`,
    poolSize: POOL_SIZE,
    log,
  })
  const connection = new KafkaConnection({ brokers: config.kafkaBrokers, clientId: 'ticket', log })
  const producer = new KafkaProducer({ connection })
  const outbox = new Outbox({ db, producer, source: '/ticket', log, metrics })
  const handlers = ticketHandlers({ waitingRecheckMs })
  const consumer = new MessageConsumer({
    connection,
    group: 'ticket',
    topics: TICKET_TOPICS,
    apply: transactional({ db, consumer: 'ticket', outbox, handlers }),
    producer,
    log,
    metrics,
  })
  const sweep = waitingSweep({
    db,
    inTransaction: (work) => inTransaction({ db, outbox }, work),
    intervalMs: config.sweepIntervalMs,
    waitingRecheckMs,
    log,
  })
  const health = new HealthServer({
    port: config.port,
    checks: {
      sql: () => db.check(),
      consumer: () => consumer.check(),
      outbox: () => outbox.check(),
    },
    metrics,
    log,
  })
  const migrations: Component = {
    name: 'migrations',
    start: () => migrate(db, [TICKET_MIGRATIONS]),
    stop: async () => {},
  }
  return [db, migrations, producer, outbox, sweep, consumer, health]
}
