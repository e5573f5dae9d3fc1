import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Message, MessageOf } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import { createLog } from '../log.ts'
import { Metrics } from '../metrics.ts'
import { Database, type Transaction } from '../mysql/database.ts'
import { migrate } from '../mysql/migrate.ts'
import { BODY_BYTES_MAX, Outbox } from '../outbox/outbox.ts'
import { cancelMessage } from '../sample/messages.ts'
import { RecordingSender } from '../sample/recordingSender.ts'
import { migrations } from '../sample/service.ts'
import { freshDatabasePrefix, testMysqlUrl, waitFor } from '../testing/infra.ts'
import { inTransaction, type TopicHandlers, transactional } from './unitOfWork.ts'

const log = createLog('test', 'silent')
let db: Database
let outbox: Outbox
let producer: RecordingSender

beforeAll(async () => {
  const database = `${freshDatabasePrefix()}_inbox`
  db = new Database({ url: await testMysqlUrl(), database, poolSize: 6, log })
  await db.start()
  await migrate(db, [migrations])
})

beforeEach(async () => {
  producer = new RecordingSender()
  outbox = new Outbox({ db, producer, source: '/ticket', log, metrics: new Metrics() })
  await outbox.start()
})

afterEach(async () => {
  await outbox.stop()
  for (const table of ['inbox', 'outbox', 'effects']) await db.execute(`DELETE FROM ${table}`)
})

afterAll(async () => {
  await db.execute(`DROP DATABASE ${db.database}`)
  await db.stop()
})

const effect = (tx: Transaction, messages: readonly MessageOf<Topic>[]) =>
  tx.execute('INSERT INTO effects (event_id, reservation_id, handled_by) VALUES ?', [
    messages.map(({ id, payload }) => [id, payload.reservationId, 'test']),
  ])
const effects = async () =>
  (await db.query<{ event_id: string }>('SELECT event_id FROM effects ORDER BY effect_id')).map(
    (row) => row.event_id,
  )
const inboxIds = async () =>
  (await db.query<{ event_id: string }>("SELECT event_id FROM inbox WHERE consumer = 'c'")).map(
    (row) => row.event_id,
  )
const outboxIds = async () =>
  (await db.query<{ event_id: string }>('SELECT event_id FROM outbox')).map((row) => row.event_id)
const chain = (handlers: TopicHandlers) => transactional({ db, consumer: 'c', outbox, handlers })
const expired = (): MessageOf<'seat_expired'> => {
  const { reason: _reason, ...payload } = cancelMessage().payload
  const more = { expiredAt: new Date().toISOString(), phase: 'held' as const }
  return { ...cancelMessage(), topic: 'seat_expired', payload: { ...payload, ...more } }
}

describe('the handler chain', () => {
  it('gives a message one effect, however often it is delivered', async () => {
    const apply = chain({ ticket_cancel: async (batch, { tx }) => void (await effect(tx, batch)) })
    const [a, b, c] = [cancelMessage(), cancelMessage(), cancelMessage()]
    await apply([a, b, a])
    await apply([b, c, c])
    await apply([a, b, c])
    expect(await effects()).toEqual([a.id, b.id, c.id])
  })

  it('hands each topic its messages in their order, topics in order of appearance', async () => {
    const calls: string[][] = []
    const note = async (batch: MessageOf<Topic>[]) => void calls.push(batch.map(({ id }) => id))
    const apply = chain({ ticket_cancel: note, seat_expired: note })
    const [a, b] = [expired(), expired()]
    const [x, y] = [cancelMessage(), cancelMessage()]
    await apply([a, x, b, y])
    expect(calls).toEqual([
      [a.id, b.id],
      [x.id, y.id],
    ])
  })

  it('calls nobody when everything is known', async () => {
    let calls = 0
    const count = async () => {
      calls += 1
    }
    const apply = chain({ ticket_cancel: count })
    const message = cancelMessage()
    await apply([message])
    await apply([message])
    await apply([])
    expect(calls).toBe(1)
  })

  it('leaves no trace when a handler fails: no inbox row, no message, no action', async () => {
    const actions: string[] = []
    let isBroken = true
    const apply = chain({
      ticket_cancel: async (batch, unit) => {
        await effect(unit.tx, batch)
        unit.afterCommit(() => actions.push('woken'))
        for (const { topic, payload } of batch) unit.publish({ topic, payload })
        if (isBroken) throw new Error('broken')
      },
    })
    const message = cancelMessage()
    await expect(apply([message])).rejects.toThrow('broken')
    expect([await effects(), await inboxIds(), actions]).toEqual([[], [], []])
    isBroken = false
    await apply([message])
    expect([await effects(), await inboxIds()]).toEqual([[message.id], [message.id]])
    expect(actions).toEqual(['woken'])
    await waitFor('the message', () => producer.sent.length === 1)
  })

  it('ends with one effect when two transactions have the same messages at once', async () => {
    const messages = Array.from({ length: 20 }, () => cancelMessage())
    let calls = 0
    const apply = chain({
      ticket_cancel: async (batch, { tx, publish }) => {
        calls += 1
        await effect(tx, batch)
        for (const { topic, payload } of batch) publish({ topic, payload })
      },
    })
    const shuffled = [...messages].reverse()
    const overlapping = [...messages.slice(10), cancelMessage()]
    await Promise.all([apply(messages), apply(shuffled), apply(overlapping), apply(messages)])
    const expected = [...new Set([...messages, ...overlapping].map(({ id }) => id))].sort()
    expect((await effects()).sort()).toEqual(expected)
    expect((await inboxIds()).sort()).toEqual(expected)
    await waitFor('the messages', () => producer.sent.length >= expected.length)
    expect(producer.sent).toHaveLength(expected.length)
    expect(calls).toBeGreaterThanOrEqual(2)
  })

  it('treats a topic without a handler as a bug, so that its messages do not vanish', async () => {
    const failed = chain({})([cancelMessage() as Message])
    await expect(failed).rejects.toThrow(TypeError)
    expect(await inboxIds()).toEqual([])
  })
})

describe('inTransaction', () => {
  it('publishes and acts after the commit, once, also when a conflict made it run twice', async () => {
    const actions: string[] = []
    let runs = 0
    const message = cancelMessage()
    const answer = await inTransaction({ db, outbox }, async (unit) => {
      runs += 1
      await effect(unit.tx, [message])
      unit.publish({ topic: message.topic, payload: message.payload })
      unit.afterCommit(() => actions.push(`run ${runs}`))
      if (runs === 1) throw Object.assign(new Error('deadlock'), { code: 'ER_LOCK_DEADLOCK' })
      return 'done'
    })
    expect([answer, runs, actions]).toEqual(['done', 2, ['run 2']])
    expect(await effects()).toEqual([message.id])
    await waitFor('the message', () => producer.sent.length === 1)
    expect(producer.keys).toEqual([message.payload.reservationId])
  })
})

describe('the messages of a transaction', () => {
  it('are rolled back with it, also those that stood in the outbox already', async () => {
    const { topic, payload } = cancelMessage()
    const tooLarge = { ...payload, seatIds: ['x'.repeat(BODY_BYTES_MAX)] }
    const failed = inTransaction({ db, outbox }, async (unit) => {
      // A whole statement of rows is inserted before the one that is refused.
      for (let n = 0; n < 500; n += 1) unit.publish({ topic, payload })
      unit.publish({ topic, payload: tooLarge })
    })
    await expect(failed).rejects.toThrow(RangeError)
    expect(await outboxIds()).toEqual([])
  })

  it('take what it has changed back with them when they cannot be kept', async () => {
    const message = cancelMessage()
    const { topic, payload } = message
    const failed = inTransaction({ db, outbox }, async (unit) => {
      await effect(unit.tx, [message])
      unit.publish({ topic, payload: { ...payload, seatIds: ['x'.repeat(BODY_BYTES_MAX)] } })
    })
    await expect(failed).rejects.toThrow(RangeError)
    expect(await effects()).toEqual([])
  })

  it('are lost with its connection, as is what it has changed', async () => {
    const message = cancelMessage()
    const { topic, payload } = message
    const failed = inTransaction({ db, outbox }, async (unit) => {
      await effect(unit.tx, [message])
      unit.publish({ topic, payload })
      const [own] = await unit.tx.query<{ id: number }>('SELECT CONNECTION_ID() AS id')
      await db.execute(`KILL ${own?.id}`)
    })
    await expect(failed).rejects.toThrow('SQL_UNAVAILABLE')
    expect([await effects(), await outboxIds()]).toEqual([[], []])
  })
})
