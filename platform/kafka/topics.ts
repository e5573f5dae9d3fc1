/** Whether topics can be used: a broker names itself leader of a new partition before it is. */
import type { KafkaConnection } from './connection.ts'
import { untilAnswered } from './patience.ts'

const READY_MS_MAX = 60_000

/**
 * A dead letter is its record and nine headers more, so where the record just fitted into its topic
 * it would not fit here. Twice the broker's usual limit.
 */
export const DEAD_LETTER_SETTINGS = [{ name: 'max.message.bytes', value: String(2 * 1_048_588) }]

/**
 * Resolves when every partition of the topics answers. Right after they were made, or a broker
 * has come back, that takes a moment, in which sends fail with "not the leader".
 *
 * @throws OperationalError KAFKA_UNAVAILABLE after a minute
 */
export async function untilTopicsAnswer(
  connection: KafkaConnection,
  topics: readonly string[],
): Promise<void> {
  const admin = connection.admin()
  try {
    await untilAnswered(async () => {
      await admin.connect()
      for (const topic of topics) await admin.fetchTopicOffsets(topic)
    }, READY_MS_MAX)
  } finally {
    await admin.disconnect()
  }
}

/**
 * Makes topics for dead letters where they are missing, with as many partitions and copies as the
 * topic that each is `like`.
 *
 * @throws OperationalError KAFKA_UNAVAILABLE
 */
export async function ensureDeadLetterTopics(
  connection: KafkaConnection,
  wanted: readonly { topic: string; like: string }[],
): Promise<void> {
  const admin = connection.admin()
  try {
    await untilAnswered(() => admin.connect(), READY_MS_MAX)
    const existing = new Set(await admin.listTopics())
    const missing = wanted.filter(({ topic }) => !existing.has(topic))
    if (missing.length === 0) return
    const models = await admin.fetchTopicMetadata({ topics: missing.map(({ like }) => like) })
    const topics = missing.map(({ topic, like }) => {
      const partitions = models.topics.find(({ name }) => name === like)?.partitions ?? []
      return {
        topic,
        numPartitions: Math.max(1, partitions.length),
        replicationFactor: partitions[0]?.replicas.length ?? 1,
        configEntries: DEAD_LETTER_SETTINGS,
      }
    })
    await admin.createTopics({ topics, waitForLeaders: true })
  } finally {
    await admin.disconnect()
  }
  await untilTopicsAnswer(
    connection,
    wanted.map(({ topic }) => topic),
  )
}
