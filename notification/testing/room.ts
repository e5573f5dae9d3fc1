/** A notification service without Kafka, for tests: real handlers, real SQL, real Redis. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { logEventIdOf, reservationIdOf, ticketIdOf } from '../../contracts/ids.ts'
import type { Message, MessageOf } from '../../contracts/message.ts'
import type { CancelReason, Snapshot } from '../../contracts/payloads.ts'
import { loadConfig } from '../../platform/config.ts'
import { transactional } from '../../platform/inbox/unitOfWork.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { KafkaProducer } from '../../platform/kafka/producer.ts'
import { createLog } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { Database } from '../../platform/mysql/database.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import { Outbox } from '../../platform/outbox/outbox.ts'
import { freshDatabasePrefix, freshRedisUrl, testMysqlUrl } from '../../platform/testing/infra.ts'
import { spec } from '../config.ts'
import type { Courier } from '../delivery/courier.ts'
import { noticeHandlers } from '../handlers.ts'
import { createDelivery, NOTIFICATION_MIGRATIONS } from '../service.ts'
import { type ParsedMail, parseMail } from './parseMail.ts'

const log = createLog('notification-test', 'silent')

/** A row of `notifications`, as far as tests look at it. */
export interface NotificationRow {
  notification_key: string
  kind: string
  state: string
  attempts: number
  due_at: number | null
  last_error: string | null
}

export interface NotificationRoom {
  db: Database
  /** The environment of this room, for processes that are to work in it too. */
  env: Record<string, string>
  mailDir: string
  /** Handles a batch as a consumer would; two of them are two instances of the service. */
  apply(messages: readonly Message[]): Promise<void>
  applyElsewhere(messages: readonly Message[]): Promise<void>
  /** Keys that the handlers had looked at after a commit. */
  woken: string[]
  courier: Courier
  /** Starts queue, worker and sweep. */
  deliver(): Promise<void>
  stopDelivery(): Promise<void>
  rowsOf(reservation: Snapshot): Promise<NotificationRow[]>
  /** The .eml files by name. */
  mails(): Promise<Record<string, ParsedMail>>
  close(): Promise<void>
}

/** @param settings variables of config.ts, on top of quick defaults */
export async function openNotificationRoom(
  settings: Record<string, string> = {},
): Promise<NotificationRoom> {
  const mailDir = await mkdtemp(join(tmpdir(), 'holdfast-mail-'))
  const env = {
    MYSQL_URL: await testMysqlUrl(),
    MYSQL_DATABASE_PREFIX: freshDatabasePrefix(),
    REDIS_URL: await freshRedisUrl(),
    KAFKA_BROKERS: '127.0.0.1:1',
    MAIL_DIR: mailDir,
    MAIL_RETRY_BASE_MS: '50',
    MAIL_LEASE_MS: '500',
    MAIL_OVERDUE_MS: '300',
    MAIL_SWEEP_MS: '50',
    MAILS_PER_SECOND_MAX: '10000',
    ...settings,
  }
  const config = loadConfig(spec, env)
  const database = `${config.mysqlDatabasePrefix}_notification`
  const db = new Database({ url: config.mysqlUrl, database, poolSize: 8, log })
  await db.start()
  await migrate(db, [NOTIFICATION_MIGRATIONS])
  const delivery = createDelivery(config, { db, log, metrics: new Metrics() })
  const woken: string[] = []
  const wake = (keys: readonly string[]): void => {
    woken.push(...keys)
    delivery.queue.wake(keys)
  }
  const outbox = idleOutbox(db)
  const consume = () =>
    transactional({ db, consumer: 'notification', outbox, handlers: noticeHandlers({ wake }) })
  const [apply, applyElsewhere] = [consume(), consume()]
  const stopDelivery = async (): Promise<void> => {
    for (const component of delivery.components.toReversed()) await component.stop()
  }
  return {
    db,
    env,
    mailDir,
    apply: (messages) => apply([...messages]),
    applyElsewhere: (messages) => applyElsewhere([...messages]),
    woken,
    courier: delivery.courier,
    async deliver() {
      for (const component of delivery.components) await component.start()
    },
    stopDelivery,
    rowsOf: ({ reservationId }) =>
      db.query<NotificationRow>(
        `SELECT notification_key, kind, state, attempts, due_at, last_error FROM notifications
         WHERE reservation_id = ? ORDER BY created_at, notification_key`,
        [reservationId],
      ),
    mails: () => mailsIn(mailDir),
    async close() {
      await stopDelivery()
      await db.execute(`DROP DATABASE ${db.database}`)
      await db.stop()
      await rm(mailDir, { recursive: true, force: true })
    },
  }
}

async function mailsIn(folder: string): Promise<Record<string, ParsedMail>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.eml'))
  const mails = names.map(
    async (name) => [name, parseMail(await readFile(join(folder, name)))] as const,
  )
  return Object.fromEntries(await Promise.all(mails))
}

function idleOutbox(db: Database): Outbox {
  const metrics = new Metrics()
  const connection = new KafkaConnection({ brokers: '127.0.0.1:1', clientId: 'none', log })
  const producer = new KafkaProducer({ connection })
  return new Outbox({ db, producer, source: '/notification', log, metrics })
}

/** A reservation of its own. */
export function reserve(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    reservationId: reservationIdOf(7, Buffer.from(randomUUID().replaceAll('-', ''), 'hex')),
    showId: 'winter',
    customerId: 'c_4vq2m8',
    seatIds: ['A-1-7', 'A-1-8'],
    amount: { currency: 'KRW', value: 240_000 },
    contact: { email: 'buyer@example.com', locale: 'en' },
    show: { name: 'Winter Lights', startsAt: '2027-01-15T10:30:00.000Z' },
    ...changes,
  }
}

const TIME = '2026-11-21T10:00:00.000Z'

let lastMs = 1_763_719_200_000
/** Log ids grow with every call, across all reservations, as in a real log. */
const nextLogId = (): string => {
  lastMs += 1
  return `${lastMs}-0`
}

const fromLog = () => ({ id: logEventIdOf(7, nextLogId()), source: '/reservation', time: TIME })

export const sold = (of: Snapshot): MessageOf<'seat_confirm'> => ({
  ...fromLog(),
  topic: 'seat_confirm',
  payload: {
    ...of,
    paymentId: 'p1',
    tickets: of.seatIds.map((seatId, index) => ({
      ticketId: ticketIdOf(of.reservationId, index + 1),
      seatId,
    })),
  },
})

export const lost = (
  of: Snapshot,
  reason: CancelReason = 'seat_conflict',
): MessageOf<'seat_cancel'> => ({
  ...fromLog(),
  topic: 'seat_cancel',
  payload: { ...of, reason },
})

export const expired = (
  of: Snapshot,
  phase: 'held' | 'paying' = 'paying',
): MessageOf<'seat_expired'> => ({
  ...fromLog(),
  topic: 'seat_expired',
  payload: { ...of, expiredAt: TIME, phase },
})

export const refunded = (of: Snapshot): MessageOf<'payment_refund'> => ({
  id: randomUUID(),
  source: '/payment',
  time: TIME,
  topic: 'payment_refund',
  payload: { ...of, paymentId: 'p1', refundId: 're_1', reason: 'seat_conflict' },
})
