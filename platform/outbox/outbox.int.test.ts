import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { OperationalError } from '../errors.ts'
import { createLog } from '../log.ts'
import { Metrics } from '../metrics.ts'
import { Database, type Transaction } from '../mysql/database.ts'
import { migrate } from '../mysql/migrate.ts'
import { cancelMessage } from '../sample/messages.ts'
import { RecordingSender } from '../sample/recordingSender.ts'
import { freshDatabasePrefix, testMysqlUrl, waitFor } from '../testing/infra.ts'
import { BODY_BYTES_MAX, type NewMessage, Outbox } from './outbox.ts'
import { HANDOVER_ROWS_MAX, type HandedRow, Relay } from './relay.ts'
import { KEEP_MS, prune } from './sweeper.ts'

const log = createLog('test', 'silent')
let db: Database
const running: Outbox[] = []

beforeAll(async () => {
  const database = `${freshDatabasePrefix()}_outbox`
  db = new Database({ url: await testMysqlUrl(), database, poolSize: 6, log })
  await db.start()
  await migrate(db, [])
})

afterEach(async () => {
  for (const outbox of running.splice(0)) await outbox.stop()
  await db.execute('DELETE FROM outbox')
  await db.execute('DELETE FROM inbox')
})

afterAll(async () => {
  await db.execute(`DROP DATABASE ${db.database}`)
  await db.stop()
})

async function started(producer = new RecordingSender()) {
  const metrics = new Metrics()
  const outbox = new Outbox({ db, producer, source: '/ticket', log, metrics })
  await outbox.start()
  running.push(outbox)
  return { outbox, producer, metrics }
}

const messageOf = (id?: string): NewMessage => {
  const { topic, payload } = cancelMessage()
  return { topic, payload, ...(id && { id }) }
}
const keyOf = (message: NewMessage) => message.payload.reservationId

async function publish(outbox: Outbox, messages: readonly NewMessage[]): Promise<void> {
  outbox.committed(await db.transaction((tx) => outbox.add(tx, messages)))
}

/** As a process does that is killed between commit and hand-over. */
const commitAndDie = (outbox: Outbox, messages: readonly NewMessage[]) =>
  db.transaction((tx) => outbox.add(tx, messages))

const unpublished = async () =>
  (
    await db.query<{ event_key: string }>(
      'SELECT event_key FROM outbox WHERE published_at IS NULL ORDER BY id',
    )
  ).map((row) => row.event_key)

const allMarked = () =>
  waitFor('all rows to be marked', async () => (await unpublished()).length === 0)

describe('what was committed', () => {
  it('is published at once as a CloudEvent, keyed by its reservation, and marked', async () => {
    const { outbox, producer } = await started()
    const message = messageOf('event-1')
    await publish(outbox, [message])
    await waitFor('the record', () => producer.sent.length === 1, { timeoutMs: 500 })
    const [record] = producer.sent
    expect(record).toMatchObject({
      topic: 'ticket_cancel',
      key: keyOf(message),
      headers: { 'content-type': 'application/cloudevents+json' },
    })
    expect(JSON.parse(String(record?.value))).toMatchObject({
      id: 'event-1',
      source: '/ticket',
      data: { topic: 'ticket_cancel', payload: message.payload },
    })
    await allMarked()
  })

  it('is not published when the transaction is rolled back', async () => {
    const { outbox, producer } = await started()
    const failed = db.transaction(async (tx) => {
      await outbox.add(tx, [messageOf()])
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    const after = messageOf()
    await publish(outbox, [after])
    await allMarked()
    expect(producer.keys).toEqual([keyOf(after)])
  })

  it('is published by the leader when its own process died before it could', async () => {
    const { outbox, producer } = await started()
    const left = [messageOf(), messageOf()]
    await commitAndDie(outbox, left)
    await waitFor('the sweep', () => producer.sent.length === 2)
    expect(producer.keys).toEqual(left.map(keyOf))
    await allMarked()
    expect(producer.sent).toHaveLength(2)
  })

  it('is not skipped when transactions commit out of id order', async () => {
    const { outbox, producer } = await started()
    const [before, late, after] = [messageOf(), messageOf(), messageOf()]
    await publish(outbox, [before])
    let commit: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      commit = resolve
    })
    let inserted: () => void = () => undefined
    const isInserted = new Promise<void>((resolve) => {
      inserted = resolve
    })
    const slow = db.transaction(async (tx: Transaction) => {
      await outbox.add(tx, [late])
      inserted()
      await held
    })
    await isInserted
    await publish(outbox, [after])
    await allMarked()
    const swept = messageOf()
    await commitAndDie(outbox, [swept])
    await allMarked()
    expect(producer.keys).toEqual([before, after, swept].map(keyOf))
    commit()
    await slow
    expect(await unpublished()).toEqual([keyOf(late)])
    await waitFor('the late one', () => producer.keys.includes(keyOf(late)))
  })

  it('is not published twice while its own process is still at it', async () => {
    const { outbox, producer, metrics } = await started()
    const other = messageOf()
    await commitAndDie(outbox, [other])
    await waitFor('leadership and a sweep', () => producer.sent.length === 1)
    const open = producer.hold()
    const calls = producer.calls
    await publish(outbox, [messageOf()])
    await waitFor('it to be in flight', () => producer.calls === calls + 1)
    // Another left-over proves that a sweep has passed over the row that is in flight.
    await commitAndDie(outbox, [messageOf()])
    await waitFor('a sweep meanwhile', () => producer.calls === calls + 2)
    open()
    await allMarked()
    expect(producer.sent).toHaveLength(3)
    const paths = await metrics.registry.getSingleMetricAsString('holdfast_outbox_published_total')
    expect(paths).toContain('{path="handover"} 1')
    expect(paths).toContain('{path="sweep"} 2')
  })

  it('waits in SQL while Kafka is away, in no memory, and is all published afterwards', async () => {
    const { outbox, producer, metrics } = await started()
    producer.isDown = true
    const messages = Array.from({ length: 700 }, () => messageOf())
    for (let from = 0; from < messages.length; from += 70) {
      await publish(outbox, messages.slice(from, from + 70))
    }
    const inMemory = async () =>
      (await metrics.registry.getSingleMetric('holdfast_outbox_handover_rows')?.get())?.values[0]
        ?.value
    await waitFor('the hand-over to be dropped', async () => (await inMemory()) === 0)
    expect(await unpublished()).toHaveLength(700)
    producer.isDown = false
    await waitFor('everything', () => producer.sent.length === 700, { timeoutMs: 15_000 })
    await allMarked()
    expect(new Set(producer.keys)).toEqual(new Set(messages.map(keyOf)))
    expect(producer.sent).toHaveLength(700)
  })

  it('is published once when two processes share the outbox', async () => {
    const producer = new RecordingSender()
    const [a, b] = [await started(producer), await started(producer)]
    const messages = Array.from({ length: 60 }, () => messageOf())
    const halves = [messages.slice(0, 30), messages.slice(30)]
    await Promise.all([
      ...(halves[0] ?? []).map((one) => publish(a.outbox, [one])),
      ...(halves[1] ?? []).map((one) => publish(b.outbox, [one])),
    ])
    await allMarked()
    expect(producer.keys.sort()).toEqual(messages.map(keyOf).sort())
  })
})

describe('the hand-over', () => {
  it('takes no more rows than its limit', async () => {
    const producer = new RecordingSender()
    const open = producer.hold()
    const relay = new Relay({ db, producer, log, lingerMs: 5, onPublished: () => undefined })
    relay.open()
    const rowsOf = (count: number, from: number): HandedRow[] =>
      Array.from({ length: count }, (_, index) => ({
        id: null,
        event_id: `e${from + index}`,
        topic: 'ticket_cancel',
        event_key: 'k',
        body: '{}',
      }))
    relay.offer(rowsOf(HANDOVER_ROWS_MAX, 0))
    relay.offer(rowsOf(1, HANDOVER_ROWS_MAX))
    expect(relay.size).toBe(HANDOVER_ROWS_MAX)
    open()
    await relay.close()
    expect(producer.sent).toHaveLength(HANDOVER_ROWS_MAX)
    expect(relay.size).toBe(0)
  })
})

describe('add', () => {
  it('refuses a second message with the same id, and one that no broker would take', async () => {
    const { outbox } = await started()
    await publish(outbox, [messageOf('same')])
    const again = await commitAndDie(outbox, [messageOf('same')]).catch((error: unknown) => error)
    expect(again).toBeInstanceOf(OperationalError)
    expect(again).toMatchObject({ code: 'SQL_CONFLICT', retriable: false })
    const { topic, payload } = cancelMessage()
    const huge = { ...payload, show: { name: 'x'.repeat(BODY_BYTES_MAX), startsAt: 'never' } }
    await expect(commitAndDie(outbox, [{ topic, payload: huge }])).rejects.toThrow(RangeError)
  })
})

describe('age', () => {
  it('of the oldest unpublished row decides about readiness', async () => {
    const { outbox, producer } = await started()
    expect(await outbox.check()).toEqual({ ok: true })
    producer.isDown = true
    await commitAndDie(outbox, [messageOf()])
    await db.execute('UPDATE outbox SET created_at = created_at - 60000')
    await waitFor('the check to fail', async () => !(await outbox.check()).ok)
    expect(await outbox.oldestAgeMs()).toBeGreaterThanOrEqual(60_000)
  })
})

describe('pruning', () => {
  it('deletes what is old in chunks, and never what is unpublished', async () => {
    const { outbox } = await started()
    await publish(
      outbox,
      Array.from({ length: 1_100 }, () => messageOf()),
    )
    await allMarked()
    await db.execute('UPDATE outbox SET published_ms = published_ms - ?', [KEEP_MS + 60_000])
    await publish(outbox, [messageOf()])
    await allMarked()
    await db.execute("INSERT INTO inbox VALUES ('c', 'old', 0), ('c', 'new', ?)", [Date.now()])
    await prune(db, { ageMs: KEEP_MS, isStopped: () => false })
    expect(await db.query('SELECT COUNT(*) AS n FROM outbox')).toEqual([{ n: 1 }])
    expect(await db.query('SELECT event_id FROM inbox')).toEqual([{ event_id: 'new' }])
  })
})
