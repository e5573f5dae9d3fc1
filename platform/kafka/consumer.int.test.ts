import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import { OperationalError } from '../errors.ts'
import { createLog } from '../log.ts'
import { Metrics } from '../metrics.ts'
import { cancelMessage, recordOf } from '../sample/messages.ts'
import { testKafkaBrokers, uniqueName, waitFor } from '../testing/infra.ts'
import { ATTEMPTS_MAX } from './aggregator.ts'
import { KafkaConnection } from './connection.ts'
import { type Apply, MessageConsumer } from './consumer.ts'
import { KafkaProducer, type OutgoingRecord } from './producer.ts'
import { untilTopicsAnswer } from './topics.ts'

const log = createLog('test', 'silent')
let connection: KafkaConnection
let producer: KafkaProducer
const running: MessageConsumer[] = []

beforeAll(async () => {
  const brokers = await testKafkaBrokers()
  connection = new KafkaConnection({ brokers, clientId: uniqueName(), log })
  await untilTopicsAnswer(connection, ['ticket_cancel', 'ticket_cancel.DLQ'])
  producer = new KafkaProducer({ connection })
  await producer.start()
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()))
})

afterAll(() => producer.stop())

interface Options {
  group?: string
  topics?: Topic[]
  batchMax?: number
}

/** A consumer that notes what it was given of `mine`, and runs `apply` on it. */
async function consuming(
  mine: readonly Message[],
  apply: (own: Message[], batchSize: number) => Promise<void>,
  options: Options = {},
) {
  const ids = new Set(mine.map(({ id }) => id))
  const { group = uniqueName('group'), topics = ['ticket_cancel'], batchMax } = options
  const handled: string[] = []
  const batches: number[] = []
  const metrics = new Metrics()
  const consumer = new MessageConsumer({
    connection,
    group,
    topics,
    producer,
    log,
    metrics,
    ...(batchMax && { batchMax }),
    apply: async (messages) => {
      // The topics are shared with other tests, whose messages are none of ours.
      const own = messages.filter(({ id }) => ids.has(id))
      batches.push(messages.length)
      if (own.length > 0) await apply(own, messages.length)
      handled.push(...own.map(({ id }) => id))
    },
  })
  running.push(consumer)
  await consumer.start()
  return { consumer, group, handled, batches, metrics }
}

const nothing: Apply = async () => undefined
const idsOf = (messages: readonly Message[]) => messages.map(({ id }) => id)
const many = (count: number, reservationId?: string) =>
  Array.from({ length: count }, () => cancelMessage(reservationId))
const send = (messages: readonly Message[]) => producer.send(messages.map((one) => recordOf(one)))

interface Letter {
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, string>
}

/** Dead letters of a group with the given key, as they stand in the topic. */
async function deadLettersOf(group: string, byKey: string, count: number): Promise<Letter[]> {
  const letters: Letter[] = []
  const reader = connection.client().consumer({ groupId: randomUUID(), maxWaitTimeInMs: 50 })
  await reader.connect()
  try {
    await reader.subscribe({ topics: ['ticket_cancel.DLQ'], fromBeginning: true })
    await reader.run({
      autoCommit: false,
      eachMessage: async ({ message: { key, value, headers = {} } }) => {
        if (String(headers.dlq_group) !== group || String(key) !== byKey) return
        const texts = Object.entries(headers).map(([name, text]) => [name, String(text)])
        letters.push({ key, value, headers: Object.fromEntries(texts) })
      },
    })
    await waitFor(`${count} dead letters`, () => letters.length >= count)
    return letters
  } finally {
    await reader.disconnect()
  }
}

/** Why records with the key of `message` were given up, after one more that surely is. */
async function dlqAfterSentinel(group: string, message: Message): Promise<(string | undefined)[]> {
  const key = message.payload.reservationId
  await producer.send([{ topic: 'ticket_cancel', key, value: 'sentinel' }])
  const letters = await deadLettersOf(group, key, 1)
  return letters.map(({ headers }) => headers.dlq_error_class)
}

/** Committed offsets of a group, summed over the partitions of the topic. */
async function committedOf(group: string, topic: Topic): Promise<number> {
  const admin = connection.admin()
  await admin.connect()
  try {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    return (found?.partitions ?? []).reduce((sum, one) => sum + Math.max(0, Number(one.offset)), 0)
  } finally {
    await admin.disconnect()
  }
}

describe('a consumer', () => {
  it('reads from the beginning, in order within a key, many messages per call', async () => {
    const reservationId = cancelMessage().payload.reservationId
    const messages = [...many(200, reservationId), ...many(400)]
    await send(messages)
    const { handled, batches, metrics } = await consuming(messages, nothing)
    await waitFor('all messages', () => handled.length === 600)
    const ofOneKey = idsOf(messages.slice(0, 200))
    expect(handled.filter((id) => ofOneKey.includes(id))).toEqual(ofOneKey)
    expect(Math.max(...batches)).toBeGreaterThan(100)
    const text = await metrics.registry.metrics()
    expect(text).toMatch(/holdfast_consumer_messages_total\{topic="ticket_cancel"\} [1-9]/)
    expect(text).toMatch(/holdfast_consumer_lag\{topic="ticket_cancel"\} 0/)
  })

  it('makes no batch larger than its limit', async () => {
    const messages = many(300)
    await send(messages)
    const { handled, batches } = await consuming(messages, nothing, { batchMax: 64 })
    await waitFor('all messages', () => handled.length === 300)
    expect(Math.max(...batches)).toBe(64)
  })

  it('hands over a message that comes alone at once', async () => {
    const messages = many(20)
    const { handled } = await consuming(messages, nothing)
    const latencies: number[] = []
    for (const message of messages) {
      const sentAt = performance.now()
      await send([message])
      await waitFor('the message', () => handled.includes(message.id), { everyMs: 1 })
      latencies.push(performance.now() - sentAt)
    }
    // The budget is 10 ms on a quiet machine; a fetch that waits for company would take 500.
    expect(latencies.sort((a, b) => a - b)[10]).toBeLessThan(100)
  })

  it('commits what is settled and begins there the next time', async () => {
    const first = many(50)
    await send(first)
    const one = await consuming(first, nothing)
    await waitFor('the first', () => one.handled.length === 50)
    await one.consumer.stop()
    expect(await committedOf(one.group, 'ticket_cancel')).toBeGreaterThanOrEqual(50)
    const second = many(5)
    await send(second)
    const two = await consuming([...first, ...second], nothing, { group: one.group })
    await waitFor('the second', () => two.handled.length === 5)
    expect(two.handled.sort()).toEqual(idsOf(second).sort())
  })

  it('commits within a second while it runs', async () => {
    const messages = many(3)
    const { handled, group } = await consuming(messages, nothing)
    await send(messages)
    await waitFor('the messages', () => handled.length === 3)
    await waitFor('the commit', async () => (await committedOf(group, 'ticket_cancel')) >= 3)
  })

  it('finishes what is in flight before it stops, and commits it', async () => {
    const messages = many(4)
    let finish: () => void = () => undefined
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let begun = false
    const slow: Apply = async () => {
      begun = true
      await finished
    }
    const { consumer, group, handled } = await consuming(messages, slow)
    await send(messages)
    await waitFor('the handler', () => begun)
    const stopped = consumer.stop()
    finish()
    await stopped
    expect(handled.length).toBeGreaterThan(0)
    const again = await consuming(messages, nothing, { group })
    await waitFor('the rest', () => handled.length + again.handled.length >= 4)
    expect([...handled, ...again.handled].sort()).toEqual(idsOf(messages).sort())
  })
})

describe('a dependency that is down', () => {
  it('makes messages wait in order, never dead letters', async () => {
    const messages = many(10, cancelMessage().payload.reservationId)
    let isDown = true
    let tries = 0
    const flaky: Apply = async () => {
      tries += 1
      if (isDown) throw new OperationalError('SQL_UNAVAILABLE', { retriable: true })
    }
    const { handled, group } = await consuming(messages, flaky)
    await send(messages)
    await waitFor('several tries', () => tries > ATTEMPTS_MAX + 1, { timeoutMs: 20_000 })
    expect(handled).toEqual([])
    isDown = false
    await waitFor('all messages', () => handled.length === 10)
    expect(handled).toEqual(idsOf(messages))
    expect(await dlqAfterSentinel(group, messages[0] as Message)).toEqual(['NOT_JSON'])
  })
})

describe('a message that cannot be handled', () => {
  it('goes to the dead letters at once when it cannot be read; its neighbours go on', async () => {
    const reservationId = cancelMessage().payload.reservationId
    const [before, between, after] = many(3, reservationId) as [Message, Message, Message]
    const noSchema = { ...JSON.parse(String(recordOf(between).value)), subject: 'someone else' }
    const bad: OutgoingRecord[] = [
      { topic: 'ticket_cancel', key: reservationId, value: null },
      { topic: 'ticket_cancel', key: reservationId, value: Buffer.from([0xff, 0xfe, 0x00]) },
      { topic: 'ticket_cancel', key: reservationId, value: JSON.stringify(noSchema) },
      { topic: 'ticket_cancel', key: reservationId, value: '{"a":1}', headers: { custom: 'kept' } },
    ]
    const { handled, group } = await consuming([before, between, after], nothing)
    await producer.send([
      recordOf(before),
      ...bad.slice(0, 2),
      recordOf(between),
      ...bad.slice(2),
      recordOf(after),
    ])
    await waitFor('the good ones', () => handled.length === 3)
    expect(handled).toEqual(idsOf([before, between, after]))
    const letters = await deadLettersOf(group, reservationId, 4)
    expect(letters.map((one) => one.headers.dlq_error_class)).toEqual([
      'NULL_VALUE',
      'NOT_JSON',
      'SCHEMA',
      'SCHEMA',
    ])
    expect(letters.map((one) => one.value)).toEqual(
      bad.map(({ value }) => (value === null ? null : Buffer.from(value))),
    )
    expect(letters.map((one) => String(one.key))).toEqual(bad.map(() => reservationId))
    expect(letters[3]?.headers).toMatchObject({
      custom: 'kept',
      dlq_topic: 'ticket_cancel',
      dlq_attempts: '1',
      dlq_replays: '0',
    })
  })

  it('goes there at once when it hits a bug, and only it', async () => {
    const messages = many(30)
    const culprit = messages[17] as Message
    let runsOfCulprit = 0
    const buggy = async (own: Message[], batchSize: number) => {
      if (!own.some(({ id }) => id === culprit.id)) return
      if (batchSize === 1) runsOfCulprit += 1
      throw new TypeError('undefined is not a function')
    }
    await send(messages)
    const { handled, group } = await consuming(messages, buggy)
    await waitFor('the neighbours', () => handled.length === 29)
    const [letter] = await deadLettersOf(group, culprit.payload.reservationId, 1)
    expect(letter?.headers).toMatchObject({
      dlq_error_class: 'TypeError',
      dlq_error_message: 'undefined is not a function',
      dlq_attempts: '1',
    })
    expect(letter?.value).toEqual(Buffer.from(String(recordOf(culprit).value)))
    expect(runsOfCulprit).toBe(1)
    expect(new Set(handled)).toEqual(new Set(idsOf(messages).filter((id) => id !== culprit.id)))
  })

  it('goes there after five attempts otherwise, in order, while other partitions go on', async () => {
    const ofCulprit = many(3, cancelMessage().payload.reservationId)
    const [culprit, ...followers] = ofCulprit as [Message, ...Message[]]
    const others = many(40)
    const attempts: number[] = []
    const failing = async (own: Message[], batchSize: number) => {
      if (!own.some(({ id }) => id === culprit.id)) return
      if (batchSize === 1) attempts.push(performance.now())
      throw new Error('not today')
    }
    const { handled, group } = await consuming([...ofCulprit, ...others], failing)
    await send([...ofCulprit, ...others])
    await waitFor('the neighbours', () => others.every(({ id }) => handled.includes(id)))
    const done = () => followers.every(({ id }) => handled.includes(id))
    await waitFor('the followers', done, { timeoutMs: 20_000 })
    expect(attempts).toHaveLength(ATTEMPTS_MAX)
    expect(handled.filter((id) => followers.some((one) => one.id === id))).toEqual(idsOf(followers))
    const [letter] = await deadLettersOf(group, culprit.payload.reservationId, 1)
    expect(letter?.headers).toMatchObject({ dlq_error_class: 'Error', dlq_attempts: '5' })
    const firstFailedAt = Date.parse(letter?.headers.dlq_first_failed_at ?? '')
    const spentMs = (attempts.at(-1) ?? 0) - (attempts[0] ?? 0)
    expect(Date.now() - firstFailedAt).toBeGreaterThanOrEqual(Math.floor(spentMs))
    expect(spentMs).toBeGreaterThan(1_000)
  })

  it('succeeds when a later attempt does', async () => {
    const [message] = many(1) as [Message]
    let attempts = 0
    const flaky: Apply = async () => {
      attempts += 1
      if (attempts < 3) throw new Error('not yet')
    }
    const { handled, group } = await consuming([message], flaky)
    await send([message])
    await waitFor('the message', () => handled.length === 1)
    expect(attempts).toBe(3)
    expect(await dlqAfterSentinel(group, message)).toEqual(['NOT_JSON'])
  })
})

describe('a replay', () => {
  it('is handled by the group it is for and skipped by the others', async () => {
    const group = uniqueName('replayed')
    const [replayed, plain] = many(2, cancelMessage().payload.reservationId) as [Message, Message]
    const mine = [replayed, plain]
    const target = await consuming(mine, nothing, { group })
    const other = await consuming(mine, nothing)
    await producer.send([
      recordOf(replayed, { replay_for: group, dlq_replays: '0' }),
      recordOf(plain),
    ])
    await waitFor('the target', () => target.handled.length === 2)
    await waitFor('the other', () => other.handled.length === 1)
    expect(other.handled).toEqual([plain.id])
  })

  it('that fails again counts one more and may be replayed again', async () => {
    const group = uniqueName('replayed')
    const [message] = many(1) as [Message]
    const buggy: Apply = async () => {
      throw new RangeError('again')
    }
    await consuming([message], buggy, { group })
    await producer.send([recordOf(message)])
    const [first] = await deadLettersOf(group, message.payload.reservationId, 1)
    const headers = first?.headers ?? {}
    expect(headers.dlq_replays).toBe('0')
    await producer.send([recordOf(message, { ...headers, replay_for: group })])
    const letters = await deadLettersOf(group, message.payload.reservationId, 2)
    const second = letters.find((one) => one.headers.dlq_replays === '1')
    expect(second?.headers).toMatchObject({
      dlq_group: group,
      dlq_first_failed_at: headers.dlq_first_failed_at,
    })
    expect(second?.headers).not.toHaveProperty('replay_for')
  })
})
