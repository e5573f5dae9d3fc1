/** The service as it is run: two processes on a Kafka of their own, one of them killed. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { encodeMessage, type Message } from '../contracts/message.ts'
import { type Child, startChild } from '../platform/infra/child.ts'
import { KafkaConnection } from '../platform/kafka/connection.ts'
import { MessageConsumer } from '../platform/kafka/consumer.ts'
import { KafkaProducer } from '../platform/kafka/producer.ts'
import { createLog } from '../platform/log.ts'
import { Metrics } from '../platform/metrics.ts'
import { Database } from '../platform/mysql/database.ts'
import { type OwnInfra, startOwnInfra, uniqueName, waitFor } from '../platform/testing/infra.ts'
import { newShow, paid, reserve } from './testing/room.ts'

const PAYMENTS = 300
const PREFIX = 'ticket_test'
const log = createLog('ticket-test', 'silent')

let infra: OwnInfra
let db: Database
let producer: KafkaProducer
const children: Child[] = []
const heard: Message[] = []
let listener: MessageConsumer

const startTicketProcess = async (): Promise<Child> => {
  const child = await startChild({
    name: 'ticket',
    command: process.execPath,
    args: ['--import', 'tsx', fileURLToPath(new URL('./main.ts', import.meta.url))],
    env: {
      ...process.env,
      KAFKA_BROKERS: infra.kafkaBrokers,
      MYSQL_URL: infra.mysqlUrl,
      MYSQL_DATABASE_PREFIX: PREFIX,
      LOG_LEVEL: 'silent',
      PORT: '0',
    },
  })
  children.push(child)
  return child
}

beforeAll(async () => {
  infra = await startOwnInfra()
  db = new Database({ url: infra.mysqlUrl, database: `${PREFIX}_ticket`, poolSize: 2, log })
  await db.start()
  const { kafkaBrokers: brokers } = infra
  const connection = new KafkaConnection({ brokers, clientId: 'ticket-test', log })
  producer = new KafkaProducer({ connection })
  await producer.start()
  listener = new MessageConsumer({
    connection,
    group: uniqueName('listener'),
    topics: ['ticket_confirm'],
    apply: async (messages) => void heard.push(...messages),
    producer,
    log,
    metrics: new Metrics(),
  })
  await listener.start()
})

afterAll(async () => {
  for (const child of children) await child.end()
  await listener?.stop()
  await producer?.stop()
  await db?.stop()
  await infra?.stop()
})

/** A busy broker may refuse for a moment; what is then sent twice has one effect. */
const send = (messages: readonly Message[]): Promise<true> =>
  waitFor('Kafka to take the messages', async () => {
    await producer.send(
      messages.map((message) => ({
        topic: message.topic,
        key: message.payload.reservationId,
        value: encodeMessage(message),
      })),
    )
    return true as const
  })

const issuedCount = async (): Promise<number> => {
  const [row] = await db.query<{ count: number }>(
    "SELECT COUNT(*) AS count FROM ticketings WHERE state = 'issued'",
  )
  return row?.count ?? 0
}

it('loses no payment and says nothing twice when one of two processes is killed', async () => {
  const show = newShow()
  const all = Array.from({ length: PAYMENTS }, (_, n) => reserve(show, `A-1-${n + 1}`))
  const payments = all.map(paid)
  const [victim, survivor] = [await startTicketProcess(), await startTicketProcess()]
  await send(payments.slice(0, PAYMENTS / 2))
  await waitFor('the first tickets', async () => (await issuedCount()) > 0, { timeoutMs: 60_000 })
  const rest = send(payments.slice(PAYMENTS / 2))
  victim.signal('SIGKILL')
  await rest
  await waitFor('all tickets', async () => (await issuedCount()) === PAYMENTS, {
    timeoutMs: 60_000,
    everyMs: 100,
  })
  const reservations = () => new Set(heard.map(({ payload }) => payload.reservationId))
  await waitFor('all confirmations', () => reservations().size === PAYMENTS, { timeoutMs: 30_000 })
  // A record may be published twice by a crash, but it is the same message then.
  expect(new Set(heard.map((message) => message.id)).size).toBe(PAYMENTS)
  survivor.signal('SIGTERM')
  expect(await survivor.exited).toMatchObject({ code: 0 })
}, 180_000)
