/** The service as it is run: two processes on servers of their own, one of them killed. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { encodeMessage, type Message } from '../contracts/message.ts'
import { type Child, startChild } from '../platform/infra/child.ts'
import { KafkaConnection } from '../platform/kafka/connection.ts'
import { KafkaProducer } from '../platform/kafka/producer.ts'
import { createLog } from '../platform/log.ts'
import { type OwnInfra, startOwnInfra, waitFor } from '../platform/testing/infra.ts'
import { refunded, reserve, sold } from './testing/room.ts'

const BUYERS = 200
const log = createLog('notification-test', 'silent')

let infra: OwnInfra
let producer: KafkaProducer
let mailDir: string
const children: Child[] = []

const startNotificationProcess = async (): Promise<Child> => {
  const child = await startChild({
    name: 'notification',
    command: process.execPath,
    args: ['--import', 'tsx', fileURLToPath(new URL('./main.ts', import.meta.url))],
    env: {
      ...process.env,
      KAFKA_BROKERS: infra.kafkaBrokers,
      MYSQL_URL: infra.mysqlUrl,
      MYSQL_DATABASE_PREFIX: 'notification_test',
      REDIS_URL: infra.redisUrl,
      MAIL_DIR: mailDir,
      MAIL_LEASE_MS: '1000',
      MAIL_OVERDUE_MS: '1000',
      MAIL_SWEEP_MS: '100',
      LOG_LEVEL: 'silent',
      PORT: '0',
    },
  })
  children.push(child)
  return child
}

beforeAll(async () => {
  infra = await startOwnInfra()
  mailDir = await mkdtemp(join(tmpdir(), 'holdfast-mail-'))
  const { kafkaBrokers: brokers } = infra
  const connection = new KafkaConnection({ brokers, clientId: 'notification-test', log })
  producer = new KafkaProducer({ connection })
  await producer.start()
})

afterAll(async () => {
  for (const child of children) await child.end()
  await producer?.stop()
  await infra?.stop()
  if (mailDir) await rm(mailDir, { recursive: true, force: true })
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

const mails = async (): Promise<string[]> =>
  (await readdir(mailDir)).filter((name) => name.endsWith('.eml')).sort()

it('tells every buyer everything once when one of two processes is killed', async () => {
  const all = Array.from({ length: BUYERS }, () => reserve())
  const [victim, survivor] = [await startNotificationProcess(), await startNotificationProcess()]
  await send(all.slice(0, BUYERS / 2).map(sold))
  await waitFor('the first mail', async () => (await mails()).length > 0, { timeoutMs: 60_000 })
  const rest = send([...all.slice(BUYERS / 2).map(sold), ...all.slice(0, 20).map(refunded)])
  victim.signal('SIGKILL')
  await rest
  await waitFor('all mail', async () => (await mails()).length >= BUYERS + 20, {
    timeoutMs: 60_000,
    everyMs: 100,
  })
  const expected = [
    ...all.map((of) => `${of.reservationId}.confirmed.eml`),
    ...all.slice(0, 20).map((of) => `${of.reservationId}.refunded.eml`),
  ]
  expect(await mails()).toEqual(expected.sort())
  survivor.signal('SIGTERM')
  expect(await survivor.exited).toMatchObject({ code: 0 })
}, 180_000)
