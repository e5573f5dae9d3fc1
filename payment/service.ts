/** Puts the payment service together. */
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
import { Charger } from './charger.ts'
import type { spec } from './config.ts'
import { leaseMsOf } from './domain/timing.ts'
import { countOpenPayments } from './dueStore.ts'
import { type Figures, paymentFigures } from './figures.ts'
import type { PaymentGateway } from './gateway.ts'
import { SandboxGateway } from './gateways/sandbox.ts'
import { PAYMENT_TOPICS, paymentHandlers } from './handlers.ts'
import { OutcomeWriter } from './outcomes.ts'
import { Refunder } from './refunder.ts'
import { Sweep } from './sweep.ts'
import { webhookRoutes } from './webhook.ts'

/** Its consumer group, and its name to others. */
export const SERVICE = 'payment'
/** Consumer, outcomes, claims, sweep, the outbox's two, and two to spare. */
const POOL_SIZE = 8

export const MIGRATIONS = new URL('./migrations/', import.meta.url)

/** What works on payments, apart from where messages come from and go to. */
export interface PaymentWorkers {
  outcomes: OutcomeWriter
  charger: Charger
  refunder: Refunder
  sweep: Sweep
  figures: Figures
}

export function buildWorkers(options: {
  db: Database
  outbox: Outbox
  gateway: PaymentGateway
  concurrency: number
  callMsMax: number
  waitingMax: number
  metrics: Metrics
  log: Log
}): PaymentWorkers {
  const { db, gateway, metrics } = options
  const figures = paymentFigures(metrics, {
    inFlight: () => ({ ...charger.inFlight, refund: refunder.inFlight }),
    open: () => countOpenPayments(db),
    waitingMax: options.waitingMax,
  })
  const leaseMs = leaseMsOf(options.callMsMax)
  const common = { ...options, figures, leaseMs }
  const outcomes = new OutcomeWriter(common)
  const charger = new Charger({ ...common, outcomes })
  const refunder = new Refunder({ gateway, outcomes, log: options.log, figures })
  const sweep = new Sweep({ ...common, charger, refunder, outcomes })
  return { outcomes, charger, refunder, sweep, figures }
}

/** The components of the service, to be started in this order and stopped in reverse. */
export function buildPaymentService(config: ConfigOf<typeof spec>, log: Log): Component[] {
  const metrics = new Metrics()
  const database = `${config.mysqlDatabasePrefix}_${SERVICE}`
  const db = new Database({ url: config.mysqlUrl, database, poolSize: POOL_SIZE, log })
  const connection = new KafkaConnection({ brokers: config.kafkaBrokers, clientId: SERVICE, log })
  const producer = new KafkaProducer({ connection })
  const outbox = new Outbox({ db, producer, source: '/payment', log, metrics })
  const { providerUrl, callMsMax, webhookSecret } = config
  const gateway = new SandboxGateway({ url: providerUrl, callMsMax, webhookSecret })
  const workers = buildWorkers({ ...config, db, outbox, gateway, metrics, log })
  const { outcomes, charger, refunder, sweep, figures } = workers
  const handlers = paymentHandlers({ charger, refunder, figures })
  const consumer = new MessageConsumer({
    connection,
    group: SERVICE,
    topics: PAYMENT_TOPICS,
    apply: transactional({ db, consumer: SERVICE, outbox, handlers }),
    producer,
    log,
    metrics,
  })
  const health = new HealthServer({
    port: config.port,
    checks: {
      sql: () => db.check(),
      outbox: () => outbox.check(),
      outcomes: () => outcomes.check(),
      sweep: () => sweep.check(),
      consumer: () => consumer.check(),
    },
    metrics,
    log,
    routes: webhookRoutes({ gateway, outcomes, figures, log }),
  })
  const schema: Component = {
    name: 'payment schema',
    start: () => migrate(db, [MIGRATIONS]),
    async stop() {},
  }
  return [
    db,
    schema,
    producer,
    outbox,
    gateway,
    outcomes,
    charger,
    refunder,
    sweep,
    health,
    consumer,
  ]
}
