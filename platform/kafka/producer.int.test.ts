import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OperationalError } from '../errors.ts'
import { createLog } from '../log.ts'
import { cancelMessage, recordOf } from '../sample/messages.ts'
import { testKafkaBrokers, uniqueName } from '../testing/infra.ts'
import { KafkaConnection } from './connection.ts'
import { KafkaProducer, SEND_RECORDS_MAX } from './producer.ts'
import { readCommittedToEnd } from './readRange.ts'
import { untilTopicsAnswer } from './topics.ts'

const log = createLog('test', 'silent')
let connection: KafkaConnection
let producer: KafkaProducer

beforeAll(async () => {
  const brokers = await testKafkaBrokers()
  connection = new KafkaConnection({ brokers, clientId: uniqueName(), log })
  await untilTopicsAnswer(connection, ['ticket_cancel'])
  producer = new KafkaProducer({ connection })
  await producer.start()
})

afterAll(() => producer.stop())

const many = (count: number) => Array.from({ length: count }, () => cancelMessage())

/** Which of the given messages stand in the topic, once per record. */
async function written(ids: readonly string[]): Promise<string[]> {
  const wanted = new Set(ids)
  const found: string[] = []
  await readCommittedToEnd({
    connection,
    group: uniqueName('reader'),
    topics: ['ticket_cancel'],
    each: async (batch) =>
      void found.push(...batch.map(({ id }) => id).filter((id) => wanted.has(id))),
  })
  return found
}

describe('send', () => {
  it('has written everything when it resolves, also from many callers and over many requests', async () => {
    const messages = many(SEND_RECORDS_MAX + 500)
    const [first, ...rest] = messages
    const calls = rest.map((one) => producer.send([recordOf(one)]))
    await Promise.all([...calls, producer.send(first ? [recordOf(first)] : [])])
    const ids = messages.map(({ id }) => id)
    expect((await written(ids)).sort()).toEqual([...ids].sort())
  })

  it('takes what comes just as a request ends', async () => {
    const messages = many(50)
    for (const [index, message] of messages.entries()) {
      await producer.send([recordOf(message)])
      // Every phase of the end of a request shall see a send begin.
      for (let tick = 0; tick < index % 10; tick += 1) await Promise.resolve()
    }
    const ids = messages.map(({ id }) => id)
    expect(await written(ids)).toHaveLength(50)
  })

  it('fails only the call whose record the broker refuses', async () => {
    const [good, other] = many(2)
    if (!good || !other) throw new Error('two messages are needed')
    const huge = { topic: 'ticket_cancel', key: 'k', value: randomBytes(2_000_000) }
    const [a, refused, b] = await Promise.allSettled([
      producer.send([recordOf(good)]),
      producer.send([huge]),
      producer.send([recordOf(other)]),
    ])
    expect([a.status, refused.status, b.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await written([good.id, other.id])).toHaveLength(2)
  })

  it('says that Kafka is away when it is not connected', async () => {
    const idle = new KafkaProducer({ connection })
    const error = await idle.send([recordOf(cancelMessage())]).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OperationalError)
    expect(error).toMatchObject({ code: 'KAFKA_UNAVAILABLE', retriable: true })
  })
})
