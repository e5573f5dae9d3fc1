/** All four services in one process, on real Redis and SQL, with the mail left to the test. */

import type { Source } from '../../contracts/message.ts'
import { noticeHandlers } from '../../notification/handlers.ts'
import { NOTIFICATION_MIGRATIONS } from '../../notification/service.ts'
import type { Facts } from '../../operator/checker/facts.ts'
import { gatherProvider } from '../../operator/checker/gatherProvider.ts'
import { gatherRedis } from '../../operator/checker/gatherRedis.ts'
import { type Databases, gatherSql } from '../../operator/checker/gatherSql.ts'
import { SandboxGateway } from '../../payment/gateways/sandbox.ts'
import { paymentHandlers } from '../../payment/handlers.ts'
import { buildSandbox } from '../../payment/sandbox/sandbox.ts'
import { buildWorkers, MIGRATIONS as PAYMENT_MIGRATIONS } from '../../payment/service.ts'
import {
  inTransaction,
  type TopicHandlers,
  transactional,
} from '../../platform/inbox/unitOfWork.ts'
import type { Apply } from '../../platform/kafka/consumer.ts'
import type { Component } from '../../platform/lifecycle.ts'
import { createLog } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { Database } from '../../platform/mysql/database.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import { Outbox } from '../../platform/outbox/outbox.ts'
import type { Repeated } from '../../platform/repeated.ts'
import { freshDatabasePrefix, freshRedisUrl, testMysqlUrl } from '../../platform/testing/infra.ts'
import { createApply } from '../../reservation/saga/apply.ts'
import { SagaHandler } from '../../reservation/saga/handler.ts'
import { startEngine, TEST_SHARDS, type TestEngine } from '../../reservation/testing/engine.ts'
import { ticketHandlers } from '../../ticket/handlers.ts'
import { TICKET_MIGRATIONS } from '../../ticket/service.ts'
import { waitingSweep } from '../../ticket/sweep.ts'
import type { PostOffice } from './postOffice.ts'

const log = createLog('house', 'silent')
const WEBHOOK_SECRET = 'a secret of the shuffled saga'
/** Short, so that a card that never answers is asked again soon. */
const CALL_MS_MAX = 300
const WAITING_RECHECK_MS = 100

export interface House {
  readonly engine: TestEngine
  /** What each consumer group does with a batch. */
  readonly applies: ReadonlyMap<string, Apply>
  /** What all stores say now; mail is not part of it. */
  facts(post: PostOffice): Promise<Facts>
  stop(): Promise<void>
}

interface Room {
  db: Database
  outbox: Outbox
}

export async function openHouse(post: PostOffice): Promise<House> {
  const mysqlUrl = await testMysqlUrl()
  const prefix = freshDatabasePrefix()
  const database = `${prefix}_reservation`
  const engine = await startEngine({ redisUrl: await freshRedisUrl(), mysqlUrl, database })
  await engine.allOpen()
  const open = (service: string, migrations: URL, source: Source) =>
    openRoom({ mysqlUrl, database: `${prefix}_${service}`, migrations, source, post })
  const payment = await open('payment', PAYMENT_MIGRATIONS, '/payment')
  const ticket = await open('ticket', TICKET_MIGRATIONS, '/ticket')
  const notification = await open('notification', NOTIFICATION_MIGRATIONS, '/notification')
  const payments = await startPayments(payment)
  const sweep = await startTicketSweep(ticket)
  const handlersOf = (consumer: string, { db, outbox }: Room, handlers: TopicHandlers) =>
    transactional({ db, consumer, outbox, handlers })
  const applies = new Map<string, Apply>([
    ['reservation', reservationApply(engine)],
    ['payment', handlersOf('payment', payment, payments.handlers)],
    [
      'ticket',
      handlersOf('ticket', ticket, ticketHandlers({ waitingRecheckMs: WAITING_RECHECK_MS })),
    ],
    ['notification', handlersOf('notification', notification, noticeHandlers({ wake: () => {} }))],
  ])
  const databases = {
    reservation: engine.db,
    payment: payment.db,
    ticket: ticket.db,
    notification: notification.db,
  }
  return {
    engine,
    applies,
    facts: (of) => factsOf({ engine, databases, sandboxUrl: payments.sandboxUrl, post: of }),
    async stop() {
      await sweep.stop()
      await payments.stop()
      for (const { db, outbox } of [payment, ticket, notification]) {
        await outbox.stop()
        await db.stop()
      }
      await engine.stop()
    },
  }
}

async function openRoom(options: {
  mysqlUrl: string
  database: string
  migrations: URL
  source: Source
  post: PostOffice
}): Promise<Room> {
  const { mysqlUrl: url, database, migrations, source, post: producer } = options
  const db = new Database({ url, database, poolSize: 8, log })
  await db.start()
  await migrate(db, [migrations])
  const outbox = new Outbox({ db, producer, source, log, metrics: new Metrics() })
  await outbox.start()
  return { db, outbox }
}

async function startPayments({ db, outbox }: Room) {
  const sandbox = buildSandbox({
    port: 0,
    latencyMs: 2,
    recordsMax: 100_000,
    dataDir: null,
    webhook: null,
    log,
  })
  for (const component of sandbox.components) await component.start()
  const sandboxUrl = sandbox.server.url
  const gateway = new SandboxGateway({
    url: sandboxUrl,
    callMsMax: CALL_MS_MAX,
    webhookSecret: WEBHOOK_SECRET,
  })
  const metrics = new Metrics()
  const limits = { concurrency: 256, callMsMax: CALL_MS_MAX, waitingMax: 10_000 }
  const workers = buildWorkers({ db, outbox, gateway, metrics, log, ...limits })
  const { outcomes, charger, refunder, sweep } = workers
  const components: Component[] = [gateway, outcomes, charger, refunder, sweep]
  for (const component of components) await component.start()
  return {
    sandboxUrl,
    handlers: paymentHandlers(workers),
    async stop() {
      for (const component of components.reverse()) await component.stop()
      for (const component of [...sandbox.components].reverse()) await component.stop()
    },
  }
}

async function startTicketSweep({ db, outbox }: Room): Promise<Repeated> {
  const sweep = waitingSweep({
    db,
    inTransaction: (work) => inTransaction({ db, outbox }, work),
    intervalMs: WAITING_RECHECK_MS,
    waitingRecheckMs: WAITING_RECHECK_MS,
    log,
  })
  await sweep.start()
  return sweep
}

function reservationApply({ engine, scripts, shows }: TestEngine): Apply {
  const { reservations, gate, projector } = engine
  const findShow = (showId: string) => shows.find(showId)
  const metrics = new Metrics()
  const handler = new SagaHandler({ scripts, reservations, findShow, shards: TEST_SHARDS, metrics })
  return createApply({ handler, scripts, gate, projector })
}

async function factsOf(of: {
  engine: TestEngine
  databases: Databases
  sandboxUrl: string
  post: PostOffice
}): Promise<Facts> {
  const { engine, databases, sandboxUrl, post } = of
  const [redis, sql] = await Promise.all([
    gatherRedis(engine.redis, TEST_SHARDS),
    gatherSql(databases),
  ])
  const services = sql.services.filter(({ service }) => service !== 'notification')
  const paying = services.filter(({ service }) => service === 'payment')
  const ids = [...new Set(paying.map(({ reservationId }) => reservationId))]
  const provider = await gatherProvider(sandboxUrl, ids)
  const quiet = { deadLetters: [], lag: [] }
  return { ...redis, ...sql, services, provider, messages: post.messages(), ...quiet }
}
