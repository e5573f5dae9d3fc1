import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { base32Of } from '../../contracts/ids.ts'
import { encodeMessage } from '../../contracts/message.ts'
import { createClient, whenReady } from '../../lua/client.ts'
import { keysOf } from '../../lua/keys.ts'
import { NOTIFICATION_MIGRATIONS } from '../../notification/service.ts'
import { readPlan } from '../../operator/plan/planFile.ts'
import { MIGRATIONS as PAYMENT_MIGRATIONS } from '../../payment/service.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { KafkaProducer, type OutgoingRecord } from '../../platform/kafka/producer.ts'
import { createLog } from '../../platform/log.ts'
import { Database } from '../../platform/mysql/database.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import { freshDatabasePrefix, type OwnInfra, startOwnInfra } from '../../platform/testing/infra.ts'
import { RESERVATION_MIGRATIONS } from '../../reservation/service.ts'
import { TICKET_MIGRATIONS } from '../../ticket/service.ts'
import { type Ended, type } from './support/cli.ts'

const LETTERS = 100_000
const SHOWS = 20
const SEATS_PER_SHOW = LETTERS / SHOWS
const PRICE = { currency: 'KRW', value: 10_000 }
const WRITTEN_AT_ONCE = 2_000
const LIST_MS_MAX = 10_000
const PLAN_MIB_MAX = 300

const log = createLog('bulk', 'silent')
const payloadOf = (at: number) => ({
  reservationId: `r00_${base32Of(Buffer.from(String(at).padStart(16, '0')))}`,
  showId: `show-${at % SHOWS}`,
  customerId: `c-${at}`,
  seatIds: [`A-1-${1 + Math.floor(at / SHOWS)}`],
  amount: PRICE,
})

/** The services are down: their databases are all that there is of them. */
describe('a hundred thousand dead letters', () => {
  let infra: OwnInfra
  let environment: Record<string, string>
  let folder: string

  beforeAll(async () => {
    infra = await startOwnInfra()
    folder = mkdtempSync(join(tmpdir(), 'bulk-'))
    const prefix = freshDatabasePrefix()
    environment = {
      KAFKA_BROKERS: infra.kafkaBrokers,
      MYSQL_URL: infra.mysqlUrl,
      MYSQL_DATABASE_PREFIX: prefix,
      REDIS_URL: infra.redisUrl,
    }
    await fillDatabases(infra.mysqlUrl, prefix)
    await openShard(infra.redisUrl)
    await fillTopic(infra.kafkaBrokers)
  }, 300_000)
  afterAll(async () => {
    await infra?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  it('are counted within ten seconds', async () => {
    const ended = await type(environment, ['dlq', 'list', '--json']).ended
    const { status, stdout, stderr, tookMs } = ended
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout).totals).toMatchObject({ count: LETTERS, open: LETTERS })
    console.log(`list: ${Math.round(tookMs)} ms`)
    expect(tookMs).toBeLessThan(LIST_MS_MAX)
  })

  it('are planned in little memory, with progress', async () => {
    const path = join(folder, 'plan.json')
    const { ended, peakMib } = await watched(['dlq', 'plan', '-o', path])
    if (ended.status !== 0) throw new Error(ended.stderr)
    console.log(`plan: ${Math.round(ended.tookMs)} ms, ${Math.round(peakMib)} MiB`)
    expect(peakMib).toBeLessThan(PLAN_MIB_MAX)
    expect(ended.stderr).toMatch(/planning \[#+-*\] [\d,]+\/100,000 [\d,]+\/s, ETA/)
    const plan = readPlan(path, Date.now())
    expect(plan.records).toHaveLength(LETTERS)
    expect(plan.counts).toMatchObject({ apply: LETTERS })
  })

  /** Runs a command and looks at the most memory that it has had. */
  async function watched(args: string[]): Promise<{ ended: Ended; peakMib: number }> {
    const { child, ended } = type(environment, args)
    let peakMib = 0
    const look = setInterval(() => {
      try {
        const text = readFileSync(`/proc/${child.pid}/status`, 'utf8')
        peakMib = Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0) / 1_024 || peakMib
      } catch {
        // It has ended; what was seen last is the most.
      }
    }, 20)
    try {
      return { ended: await ended, peakMib }
    } finally {
      clearInterval(look)
    }
  }
})

async function fillDatabases(url: string, prefix: string): Promise<void> {
  const open = async (service: string, migrations: URL): Promise<Database> => {
    const db = new Database({ url, database: `${prefix}_${service}`, poolSize: 2, log })
    await db.start()
    await migrate(db, [migrations])
    return db
  }
  const reservation = await open('reservation', RESERVATION_MIGRATIONS)
  const payment = await open('payment', PAYMENT_MIGRATIONS)
  const others = [
    await open('ticket', TICKET_MIGRATIONS),
    await open('notification', NOTIFICATION_MIGRATIONS),
  ]
  const rows = [{ id: '1', seats: SEATS_PER_SHOW }]
  const definition = JSON.stringify({ sections: [{ id: 'A', name: 'A', price: 1, rows }] })
  const shows = Array.from({ length: SHOWS }, (_, at) => [
    ...[`show-${at}`, 0, 'Show', 0, 'KRW', SEATS_PER_SHOW, definition, 0],
  ])
  await reservation.execute(
    `INSERT INTO shows (show_id, shard, name, starts_at, currency, total, definition, created_at)
     VALUES ?`,
    [shows],
  )
  for (let from = 0; from < LETTERS; from += WRITTEN_AT_ONCE) {
    const payments = Array.from({ length: WRITTEN_AT_ONCE }, (_, at) => {
      const { reservationId, showId, amount } = payloadOf(from + at)
      const { currency, value } = amount
      return [reservationId, `p${from + at}`, showId, 'captured', currency, value, '{}', 0, 0]
    })
    await payment.execute(
      `INSERT INTO payments (reservation_id, payment_id, show_id, state, currency, amount, snapshot,
         created_at, updated_at) VALUES ?`,
      [payments],
    )
  }
  for (const db of [reservation, payment, ...others]) await db.stop()
}

/** An empty shard that is open: all seats are free. */
async function openShard(url: string): Promise<void> {
  const redis = createClient({ url })
  await whenReady(redis, 5_000)
  await redis.set(keysOf(0).epoch, '1-0')
  redis.disconnect()
}

async function fillTopic(brokers: string): Promise<void> {
  const producer = new KafkaProducer({
    connection: new KafkaConnection({ brokers, clientId: 'bulk', log }),
  })
  await producer.start()
  for (let from = 0; from < LETTERS; from += WRITTEN_AT_ONCE) {
    await producer.send(Array.from({ length: WRITTEN_AT_ONCE }, (_, at) => letterOf(from + at)))
  }
  await producer.stop()
}

function letterOf(at: number): OutgoingRecord {
  const payload = payloadOf(at)
  const time = '2026-01-31T10:00:00.000Z'
  const value = encodeMessage({
    ...{ id: `m-${at}`, topic: 'payment_create', source: '/payment', time },
    payload: { ...payload, paymentId: `p${at}`, capturedAt: time, providerRef: `ch_${at}` },
  })
  const headers = {
    ...{ dlq_group: 'ticket', dlq_topic: 'payment_create', dlq_partition: '0' },
    ...{ dlq_offset: String(at), dlq_attempts: '1', dlq_replays: '0' },
    ...{ dlq_error_class: 'TypeError', dlq_error_message: `${payload.reservationId} has no gate` },
    dlq_first_failed_at: time,
  }
  return { topic: 'payment_create.DLQ', key: payload.reservationId, value, headers }
}
