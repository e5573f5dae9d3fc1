import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../../contracts/message.ts'
import { createLog } from '../log.ts'
import { Metrics } from '../metrics.ts'
import { cancelMessage, recordOf } from '../sample/messages.ts'
import { testKafkaBrokers, uniqueName, waitFor } from '../testing/infra.ts'
import { KafkaConnection } from './connection.ts'
import { MessageConsumer } from './consumer.ts'
import { KafkaProducer } from './producer.ts'
import { readCommittedToEnd } from './readRange.ts'
import { untilTopicsAnswer } from './topics.ts'

const log = createLog('test', 'silent')
let connection: KafkaConnection
let producer: KafkaProducer

beforeAll(async () => {
  const brokers = await testKafkaBrokers()
  connection = new KafkaConnection({ brokers, clientId: uniqueName(), log })
  await untilTopicsAnswer(connection, ['ticket_cancel', 'payment_refund'])
  producer = new KafkaProducer({ connection })
  await producer.start()
})

afterAll(() => producer.stop())

const many = (count: number, reservationId?: string) =>
  Array.from({ length: count }, () => cancelMessage(reservationId))
const send = (messages: readonly Message[], headers = {}) =>
  producer.send(messages.map((one) => recordOf(one, headers)))

/** Lets the group consume and commit at least the given messages. */
async function consume(group: string, messages: readonly Message[]): Promise<void> {
  const unseen = new Set(messages.map(({ id }) => id))
  const apply = async (batch: Message[]) => {
    for (const { id } of batch) unseen.delete(id)
  }
  const topics = ['ticket_cancel'] as const
  const metrics = new Metrics()
  const consumer = new MessageConsumer({ connection, group, topics, apply, producer, log, metrics })
  await consumer.start()
  await waitFor('the messages to be consumed', () => unseen.size === 0)
  await consumer.stop()
}

async function reading(group: string, each?: (batch: Message[]) => Promise<void>) {
  const messages: Message[] = []
  const collect = async (batch: Message[]) => void messages.push(...batch)
  const topics = ['ticket_cancel', 'payment_refund'] as const
  const { read } = await readCommittedToEnd({ connection, group, topics, each: each ?? collect })
  return { read, ids: messages.map(({ id }) => id) }
}

describe('readCommittedToEnd', () => {
  it('reads everything in order for a group that has never committed, and counts it', async () => {
    const messages = many(30, cancelMessage().payload.reservationId)
    await send(messages)
    const { read, ids } = await reading(uniqueName('group'))
    const mine = messages.map(({ id }) => id)
    expect(ids.filter((id) => mine.includes(id))).toEqual(mine)
    expect(read).toBe(ids.length)
  })

  it('begins at the committed offsets of the group and leaves them where they are', async () => {
    const group = uniqueName('group')
    const old = many(10)
    await send(old)
    await consume(group, old)
    const fresh = many(20)
    await send(fresh)
    for (const _ of [1, 2]) {
      const { ids } = await reading(group)
      expect(ids.filter((id) => old.some((one) => one.id === id))).toEqual([])
      expect(ids.filter((id) => fresh.some((one) => one.id === id))).toHaveLength(20)
    }
  })

  it('ends at once when there is nothing to read', async () => {
    const group = uniqueName('group')
    // Other tests publish too, so it may take a few rounds to see the end of the topic.
    await waitFor('nothing to be left', async () => {
      const [last] = many(1) as [Message]
      await send([last])
      await consume(group, [last])
      const topics = ['ticket_cancel'] as const
      const each = async () => undefined
      return (await readCommittedToEnd({ connection, group, topics, each })).read === 0
    })
  })

  it('passes over what cannot be read and replays for others', async () => {
    const group = uniqueName('group')
    const [before, replay, after] = many(3, cancelMessage().payload.reservationId)
    if (!before || !replay || !after) throw new Error('three messages are needed')
    const key = before.payload.reservationId
    await send([before])
    await producer.send([{ topic: 'ticket_cancel', key, value: 'no JSON' }])
    await send([replay], { replay_for: 'somebody-else' })
    await send([after], { replay_for: group })
    const { ids } = await reading(group)
    const mine = [before, replay, after].map(({ id }) => id)
    expect(ids.filter((id) => mine.includes(id))).toEqual([before.id, after.id])
  })

  it('fails with the error of the reader', async () => {
    await send(many(1))
    const fail = async () => {
      throw new Error('full')
    }
    await expect(reading(uniqueName('group'), fail)).rejects.toThrow('full')
  })
})
