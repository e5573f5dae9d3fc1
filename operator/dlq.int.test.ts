import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeMessage } from '../contracts/message.ts'
import type { Topic } from '../contracts/topics.ts'
import type { ReservationRecord } from '../lua/record.ts'
import { NOTIFICATION_MIGRATIONS } from '../notification/service.ts'
import { MIGRATIONS as PAYMENT_MIGRATIONS } from '../payment/service.ts'
import { freePort } from '../platform/infra/ports.ts'
import { KafkaConnection } from '../platform/kafka/connection.ts'
import { headerText } from '../platform/kafka/deadLetter.ts'
import { KafkaProducer } from '../platform/kafka/producer.ts'
import { type ScannedRecord, scan, wholeTopics } from '../platform/kafka/scan.ts'
import { createLog } from '../platform/log.ts'
import { Database } from '../platform/mysql/database.ts'
import { migrate } from '../platform/mysql/migrate.ts'
import {
  freshDatabasePrefix,
  freshRedisUrl,
  testKafkaBrokers,
  testMysqlUrl,
  waitFor,
} from '../platform/testing/infra.ts'
import type { Show } from '../reservation/shows/show.ts'
import {
  checkout,
  confirm,
  hold,
  newShow,
  startEngine,
  TEST_SHARDS,
  type TestEngine,
} from '../reservation/testing/engine.ts'
import { DeskAt } from '../test/operator/support/desk.ts'
import { TICKET_MIGRATIONS } from '../ticket/service.ts'
import { Desk } from './desk/desk.ts'
import type { Plan, PlanRecord } from './plan/planFile.ts'

const log = createLog('dlq-test', 'silent')

/** The seat service works; of the others there are only the databases, as while they are down. */
describe('the desk, on real stores', () => {
  let engine: TestEngine
  let payment: Database
  let ticket: Database
  let connection: KafkaConnection
  let producer: KafkaProducer
  let desk: DeskAt
  let show: Show
  let folder: string
  let plans = 0
  let openDatabase: (service: string, ...migrations: URL[]) => Promise<Database>
  const open: Database[] = []

  beforeAll(async () => {
    const [redisUrl, mysqlUrl, kafkaBrokers] = await Promise.all([
      freshRedisUrl(),
      testMysqlUrl(),
      testKafkaBrokers(),
    ])
    const prefix = freshDatabasePrefix()
    openDatabase = async (service, ...migrations) => {
      const database = `${prefix}_${service}`
      const db = new Database({ url: mysqlUrl, database, poolSize: 2, log })
      await db.start()
      await migrate(db, migrations)
      open.push(db)
      return db
    }
    engine = await startEngine({ redisUrl, mysqlUrl, database: `${prefix}_reservation` })
    payment = await openDatabase('payment', PAYMENT_MIGRATIONS)
    ticket = await openDatabase('ticket', TICKET_MIGRATIONS)
    await openDatabase('notification', NOTIFICATION_MIGRATIONS)
    await engine.allOpen()
    connection = new KafkaConnection({ brokers: kafkaBrokers, clientId: 'dlq-test', log })
    producer = new KafkaProducer({ connection })
    await producer.start()
    show = await newShow(engine)
    folder = mkdtempSync(join(tmpdir(), 'dlq-'))
    desk = new DeskAt({
      ...{ KAFKA_BROKERS: kafkaBrokers, MYSQL_URL: mysqlUrl, MYSQL_DATABASE_PREFIX: prefix },
      ...{ REDIS_URL: redisUrl, REDIS_SHARDS: String(TEST_SHARDS), HOLDFAST_OPERATOR: 'kim' },
    })
  })
  afterAll(async () => {
    await producer?.stop()
    await engine?.stop()
    for (const db of open) await db.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const idOf = ({ reservationId }: ReservationRecord): string => `created-${reservationId}`

  function bodyOf(record: ReservationRecord): string {
    const { reservationId, showId, customerId, amount, seats } = record
    const time = '2026-01-31T10:00:00.000Z'
    const seatIds = seats.map((seat) => show.layout.seatIdAt(seat))
    return encodeMessage({
      ...{ id: idOf(record), topic: 'payment_create', source: '/payment', time },
      payload: {
        ...{ reservationId, showId, customerId, amount, seatIds },
        ...{ paymentId: 'p', capturedAt: time, providerRef: 'ch' },
      },
    })
  }

  /** Captured, and kept from its tickets. */
  async function buryPaid(seat: number, windowMs?: number): Promise<ReservationRecord> {
    const held = await hold(engine, show, [seat])
    const record = await checkout(engine, held, windowMs === undefined ? {} : { windowMs })
    const { reservationId, showId, amount } = record
    const { currency, value } = amount
    await payment.execute(
      `INSERT INTO payments (reservation_id, payment_id, show_id, state, currency, amount, snapshot,
         created_at, updated_at) VALUES (?, 'p', ?, 'captured', ?, ?, '{}', 0, 0)`,
      [reservationId, showId, currency, value],
    )
    const body = bodyOf(record)
    const headers = { dlq_group: 'ticket', dlq_error_class: 'TypeError', dlq_replays: '0' }
    await producer.send([{ topic: 'payment_create.DLQ', key: reservationId, value: body, headers }])
    return record
  }

  /** A plan in a file of its own, so that earlier ones can be carried out after it. */
  async function planOf({
    reservationId,
  }: ReservationRecord): Promise<{ path: string; plan: Plan }> {
    const path = join(folder, `${plans++}.json`)
    const args = ['dlq', 'plan', '--reservation', reservationId, '-o', path]
    expect(await desk.type(args)).toMatchObject({ status: 0, stderr: '' })
    return { path, plan: JSON.parse(readFileSync(path, 'utf8')) as Plan }
  }

  const replaysOf = (record: ReservationRecord) => recordsOf(record, 'payment_create')

  async function recordsOf(
    { reservationId }: ReservationRecord,
    topic: Topic,
  ): Promise<ScannedRecord[]> {
    const found: ScannedRecord[] = []
    await scan({
      connection,
      stretches: (admin) => wholeTopics(admin, [topic]),
      each: (records) => {
        found.push(...records.filter(({ key }) => String(key) === reservationId))
      },
    })
    return found
  }

  it('charges nobody for a lost request unless that is confirmed', async () => {
    // What the seat service publishes here reaches no broker.
    const record = await checkout(engine, await hold(engine, show, [10]))
    const { reservationId } = record
    await waitFor('what is believed to be published', async () => {
      const sql = 'SELECT 1 FROM outbox WHERE event_key = ? AND published_at IS NOT NULL'
      return (await engine.db.query(sql, [reservationId])).length > 0
    })
    const fix = ['ops', 'reconcile', '--grace', '0', '--fix']
    const unasked = await desk.type(fix)
    expect(unasked.stdout).toContain(`-> publish payment_request`)
    const count = /(\d+) messages? may move money/.exec(unasked.stderr)?.[1] ?? ''
    await desk.type(fix, { typed: 'no' })
    expect(await recordsOf(record, 'payment_request')).toEqual([])
    const asked = await desk.type(fix, { typed: count })
    expect(asked.stderr).toContain(`Type ${count} to go on; anything else leaves them out`)
    expect(await recordsOf(record, 'payment_request')).toHaveLength(1)
  })

  it('replays to the one group that gave up, with the message as it was, once', async () => {
    const record = await buryPaid(0)
    const { path, plan } = await planOf(record)
    expect(plan.records).toMatchObject([
      { label: 'apply', group: 'ticket', messageId: idOf(record), against: { seats: 'own' } },
    ])
    const replay = ['dlq', 'replay', path]
    expect((await desk.type([...replay, '--dry-run'])).stdout).toContain('1 would be sent')
    expect(await replaysOf(record)).toEqual([])
    expect((await desk.type(replay)).stdout).toContain('1 sent')
    expect((await desk.type(replay)).stdout).toContain('0 sent, 1 dealt with before')
    const sent = await replaysOf(record)
    expect(sent).toHaveLength(1)
    expect(headerText(sent[0] as ScannedRecord, 'replay_for')).toBe('ticket')
    expect(JSON.parse(String(sent[0]?.value))).toMatchObject({ id: idOf(record) })
    expect((await planOf(record)).plan.records[0]).toMatchObject({
      label: 'already applied',
      why: expect.stringContaining('replayed by kim'),
    })
  })

  it('knows what the inbox of the group has', async () => {
    const record = await buryPaid(1)
    const { path, plan } = await planOf(record)
    expect(plan.counts.apply).toBe(1)
    await ticket.execute('INSERT INTO inbox VALUES (?, ?, 0)', ['ticket', idOf(record)])
    const { stdout } = await desk.type(['dlq', 'replay', path])
    expect(stdout).toContain('apply -> already applied')
    expect((await planOf(record)).plan.records[0]).toMatchObject({
      label: 'already applied',
      why: 'ticket has handled it in the meantime',
    })
  })

  const expired = ({ reservationId }: ReservationRecord) =>
    waitFor('the deadline', async () => {
      const record = await engine.engine.reservations.find(reservationId)
      return record?.status === 'expired'
    })

  it('knows whose the seats are, and sends nothing that ends in a refund unasked', async () => {
    const record = await buryPaid(2, 500)
    await expired(record)
    expect((await planOf(record)).plan.records[0]).toMatchObject({ label: 'apply' })
    const rival = await checkout(engine, await hold(engine, show, [2]))
    expect((await planOf(record)).plan.records[0]).toMatchObject({
      label: 'superseded',
      why: 'the deadline passed and A-1-3 is held: it ends in a refund',
    })
    await confirm(engine, rival, show)
    const { path, plan } = await planOf(record)
    expect(plan.records[0]?.why).toContain('A-1-3 is sold')
    const unasked = await desk.type(['dlq', 'replay', path])
    expect(unasked).toMatchObject({ status: 0, stdout: expect.stringContaining('0 sent') })
    expect(unasked.stderr).toContain('1 record may end in refunds: 100 KRW')
    const wrong = await desk.type(['dlq', 'replay', path], { typed: '2' })
    expect(wrong.stdout).toContain('0 sent')
    const asked = await desk.type(['dlq', 'replay', path], { typed: '1' })
    expect(asked.stdout).toContain('1 sent')
  })

  it('leaves alone what was discarded, and remembers by whom', async () => {
    const record = await buryPaid(3)
    const { path } = await planOf(record)
    expect((await desk.type(['dlq', 'discard', path])).status).toBe(2)
    expect((await desk.type(['dlq', 'discard', path, '--yes'])).stdout).toContain('1 discarded')
    expect((await planOf(record)).plan.records).toEqual([])
    expect((await desk.type(['dlq', 'replay', path])).stdout).toContain('1 dealt with before')
    const { audit } = await desk.json<{ audit: object[] }>('dlq', 'audit', '--limit', '2')
    expect(audit).toMatchObject([
      { operator: 'kim', command: 'replay', outcome: 'done', counts: { sent: 0, done: 1 } },
      { operator: 'kim', command: 'discard', outcome: 'done', counts: { discarded: 1 } },
    ])
  })

  it('looks again at an edited message once the operator has answered', async () => {
    const record = await buryPaid(5, 500)
    await expired(record)
    const { plan } = await planOf(record)
    const editing = desk.with({ EDITOR: `sed -i 's/"seatIds"/ "seatIds"/'` })
    const edit = ['dlq', 'edit', plan.records[0]?.id ?? '']
    const sold = () => hold(engine, show, [5])
    const late = await editing.type(edit, { typed: 'send', meanwhile: sold })
    expect(late.stdout).toContain('apply: late, but the seats are still free')
    expect(late).toMatchObject({ status: 1, stderr: expect.stringContaining('superseded by now') })
    expect(await replaysOf(record)).toEqual([])
    const asked = await editing.type(edit, { typed: 'send' })
    expect(asked).toMatchObject({ status: 0, stdout: expect.stringContaining('superseded') })
    const [sent] = await replaysOf(record)
    expect(headerText(sent as ScannedRecord, 'edited_from')).toBe(plan.records[0]?.id)
  })

  it('makes no database where the name of one is typed wrongly', async () => {
    const typo = freshDatabasePrefix()
    const lost = desk.with({ MYSQL_DATABASE_PREFIX: typo })
    for (const args of [['list'], ['audit'], ['plan']]) {
      const { status, stderr } = await lost.type(['dlq', ...args])
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringContaining(`there is no database ${typo}_`),
      })
    }
    expect(await ticket.query('SHOW DATABASES LIKE ?', [`${typo}%`])).toEqual([])
  })

  it('judges without the provider, and says so, while it is away', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const alone = desk.with({ PAYMENT_PROVIDER_URL: url })
    const { status, stdout, stderr } = await alone.type(['ops', 'reconcile'])
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining(
        `the provider does not answer at ${url} (connect ECONNREFUSED`,
      ),
    })
    expect(stdout).toContain('reservation')
  })

  it('tells what the operators did in the story of a record', async () => {
    const record = await buryPaid(9)
    const { path, plan } = await planOf(record)
    const id = plan.records[0]?.id ?? ''
    await desk.type(['dlq', 'discard', path, '--yes'])
    const { timeline } = await desk.json<{ timeline: { who: string; what: string }[] }>(
      ...['dlq', 'show', id],
    )
    expect(timeline.at(-1)).toMatchObject({ who: 'kim', what: `discarded ${id}` })
  })

  /** What a command leaves behind that was killed before it could say that it had sent. */
  async function beginAndDie({ records }: Plan, action: 'replay' | 'edit', body?: string) {
    const operator = await Desk.open(await openDatabase('operator'), 'lee', log)
    const [record] = records as [PlanRecord]
    expect(await operator.begin([record], { action, ...(body && { body }) })).toBe(true)
  }

  it('discards what a killed replay had begun', async () => {
    const record = await buryPaid(6)
    const { path, plan } = await planOf(record)
    await beginAndDie(plan, 'replay')
    const { stdout } = await desk.type(['dlq', 'discard', path, '--yes'])
    expect(stdout).toContain('1 discarded, 0 dealt with before')
    expect((await planOf(record)).plan.records).toEqual([])
  })

  it('edits what a killed replay had begun', async () => {
    const record = await buryPaid(7)
    const { plan } = await planOf(record)
    await beginAndDie(plan, 'replay')
    const editing = desk.with({ EDITOR: `sed -i 's/"seatIds"/ "seatIds"/'` })
    const { status } = await editing.type(['dlq', 'edit', plan.records[0]?.id ?? '', '--yes'])
    expect(status).toBe(0)
    expect((await planOf(record)).plan.records).toEqual([])
  })

  it('says so when an edit that was killed had sent its message after all', async () => {
    const record = await buryPaid(8)
    const { plan } = await planOf(record)
    const [sample] = await replaysOf(record)
    expect(sample).toBe(undefined)
    await beginAndDie(plan, 'edit', bodyOf(record))
    await ticket.execute('INSERT INTO inbox VALUES (?, ?, 0)', ['ticket', idOf(record)])
    const ended = await desk.type(['dlq', 'edit', plan.records[0]?.id ?? '', '--yes'])
    expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining('was sent') })
    expect((await planOf(record)).plan.records).toEqual([])
  })

  it('says nothing of seats while their shard is being rebuilt', async () => {
    const record = await buryPaid(4)
    const before = await planOf(record)
    const { shard } = show
    const epoch = (await engine.redis.get(`{s0${shard}}:epoch`)) as string
    await engine.redis.del(`{s0${shard}}:epoch`)
    try {
      const path = join(folder, 'closed.json')
      const args = ['dlq', 'plan', '--reservation', record.reservationId, '-o', path]
      expect(await desk.type(args)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`shard s0${shard} is closed`),
      })
      const { plan } = before
      const shown = await desk.type(['dlq', 'show', plan.records[0]?.id ?? ''])
      expect(shown.stdout).toMatch(/replayed now +shard s0\d is closed/)
    } finally {
      await engine.redis.set(`{s0${shard}}:epoch`, epoch)
    }
  })
})
