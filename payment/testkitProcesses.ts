/** For tests of this room: the payment service as processes, on servers of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { encodeMessage, type Message } from '../contracts/message.ts'
import type { Topic } from '../contracts/topics.ts'
import { KafkaConnection } from '../platform/kafka/connection.ts'
import { MessageConsumer } from '../platform/kafka/consumer.ts'
import { KafkaProducer } from '../platform/kafka/producer.ts'
import { createLog } from '../platform/log.ts'
import { Metrics } from '../platform/metrics.ts'
import { Database, SQL_NOW_MS } from '../platform/mysql/database.ts'
import { startOwnInfra, uniqueName, waitFor } from '../platform/testing/infra.ts'
import type { Charge } from './sandbox/records.ts'
import { buildSandbox } from './sandbox/sandbox.ts'
import { WEBHOOK_SECRET } from './testkit.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
/** A member that was killed holds its group up for the ten seconds of its session. */
export const PATIENCE = { timeoutMs: 60_000 }

export interface PaymentProcess {
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(signal: NodeJS.Signals): void
  /** URL of health and metrics, once served. */
  url(): Promise<string>
  output(): string
}

export interface Stage {
  /** `holdfast_payment`, which the first process migrates. */
  db: Database
  start(env?: NodeJS.ProcessEnv): PaymentProcess
  produce(messages: readonly Message[]): Promise<void>
  /** Topics of what the service published about the reservation; a repeated message counts once. */
  heardAbout(reservationId: string): Topic[]
  charges(): Promise<Charge[]>
  /** As if the time of all leases had passed. */
  endLeases(): Promise<void>
  stop(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const log = createLog('payment-test', 'silent')
  const infra = await startOwnInfra()
  const sandbox = buildSandbox({
    port: 0,
    latencyMs: 5,
    recordsMax: 10_000,
    dataDir: null,
    webhook: null,
    log,
  })
  const db = new Database({ url: infra.mysqlUrl, database: 'holdfast_payment', poolSize: 2, log })
  const connection = new KafkaConnection({ brokers: infra.kafkaBrokers, clientId: 'test', log })
  const producer = new KafkaProducer({ connection })
  const heard: Message[] = []
  const consumer = new MessageConsumer({
    connection,
    group: uniqueName('listener'),
    topics: ['payment_create', 'payment_fail', 'payment_refund'],
    apply: async (messages) => void heard.push(...messages),
    producer,
    log,
    metrics: new Metrics(),
  })
  const components = [...sandbox.components, db, producer, consumer]
  for (const component of components) await component.start()
  const running = new Set<ChildProcess>()
  const common: NodeJS.ProcessEnv = {
    ...process.env,
    KAFKA_BROKERS: infra.kafkaBrokers,
    MYSQL_URL: infra.mysqlUrl,
    PAYMENT_PROVIDER_URL: sandbox.server.url,
    PAYMENT_WEBHOOK_SECRET: WEBHOOK_SECRET,
    LOG_LEVEL: 'info',
  }
  return {
    db,
    start: (env = {}) => startPayment({ ...common, ...env }, running),
    produce: (messages) => producer.send(messages.map(recordOf)),
    heardAbout: (reservationId) => [
      ...new Map(
        heard
          .filter((message) => message.payload.reservationId === reservationId)
          .map((message) => [message.id, message.topic]),
      ).values(),
    ],
    async charges() {
      const response = await fetch(`${sandbox.server.url}/v1/charges`)
      return ((await response.json()) as { charges: Charge[] }).charges
    },
    async endLeases() {
      await db.execute(`UPDATE payments SET due_at = ${SQL_NOW_MS} WHERE due_at IS NOT NULL`)
    },
    async stop() {
      for (const child of running) child.kill('SIGKILL')
      for (const component of components.reverse()) await component.stop()
      await infra.stop()
    },
  }
}

const recordOf = (message: Message) => ({
  topic: message.topic,
  key: message.payload.reservationId,
  value: encodeMessage(message),
})

function startPayment(env: NodeJS.ProcessEnv, running: Set<ChildProcess>): PaymentProcess {
  const stdio = ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe']
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN], { env, stdio })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data
    })
  }
  const portOf = () => /"port":(\d+),"msg":"health/.exec(output)?.[1]
  return {
    exited: new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        running.delete(child)
        resolve({ code, signal })
      })
    }),
    kill: (signal) => void child.kill(signal),
    url: async () => `http://127.0.0.1:${await waitFor('the port', portOf, PATIENCE)}`,
    output: () => output,
  }
}
