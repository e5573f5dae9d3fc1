/** A look over the shoulder: what is published on some topics from now on, for people to watch. */
import { randomUUID } from 'node:crypto'
import type { Consumer } from 'kafkajs'
import { decodeMessage, type Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import type { KafkaConnection } from './connection.ts'
import type { ScannedRecord } from './scan.ts'

export interface FollowOptions {
  connection: KafkaConnection
  topics: readonly Topic[]
  onMessage: (message: Message) => void
}

export interface Following {
  stop(): Promise<void>
}

/** Follows the messages of topics. Records that cannot be decoded are passed over. */
export function followTopics(options: FollowOptions): Promise<Following> {
  const { connection, topics, onMessage } = options
  const onRecord = ({ topic, value }: ScannedRecord): void => {
    const decoded = decodeMessage(topic, value)
    if (decoded.ok) onMessage(decoded.message)
  }
  return followRecords({ connection, topics, onRecord })
}

/**
 * Follows topics with a throw-away group that commits nothing. Resolves when every record that is
 * written from then on will be seen.
 */
export async function followRecords(options: {
  connection: KafkaConnection
  topics: readonly string[]
  onRecord: (record: ScannedRecord) => void
}): Promise<Following> {
  const { connection, topics, onRecord } = options
  const ends = await endsOf(connection, topics)
  const groupId = `follow-${randomUUID()}`
  const consumer = connection.client().consumer({ groupId, maxWaitTimeInMs: 250 })
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  const joined = joinOf(consumer)
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const { offset, timestamp, key, value, headers = {} } = message
      onRecord({ topic, partition, offset, timestampMs: Number(timestamp), key, value, headers })
    },
  })
  for (const end of ends) consumer.seek(end)
  await joined
  return {
    async stop() {
      await consumer.disconnect()
      const admin = connection.admin()
      await admin.connect()
      // The group is only a name on the broker now; left alone it would stay for a week.
      await admin.deleteGroups([groupId]).catch(() => undefined)
      await admin.disconnect()
    },
  }
}

async function endsOf(connection: KafkaConnection, topics: readonly string[]) {
  const admin = connection.admin()
  await admin.connect()
  try {
    const ends = topics.map(async (topic) =>
      (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({
        topic,
        partition,
        offset: high,
      })),
    )
    return (await Promise.all(ends)).flat()
  } finally {
    await admin.disconnect()
  }
}

function joinOf(consumer: Consumer): Promise<void> {
  return new Promise((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => resolve())
  })
}
