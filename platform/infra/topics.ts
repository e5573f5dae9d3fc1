import kafkajs from 'kafkajs'
import { deadLetterTopicOf, TOPICS } from '../../contracts/topics.ts'

export interface TopicOptions {
  brokers: readonly string[]
  /** Partitions per topic; dead-letter topics get as many, so a record keeps its partition. */
  partitions: number
  /** Copies of each partition; 1 on a single broker. */
  replicationFactor?: number
}

const RETRIES_MAX = 10

/**
 * Makes the topics of contracts/topics.ts and their dead-letter topics where they are missing.
 * Existing ones are left as they are. Answers how many were made.
 * @throws KafkaJSError when no broker can be reached.
 */
export async function createTopics(options: TopicOptions): Promise<number> {
  const kafka = new kafkajs.Kafka({
    clientId: 'holdfast-topics',
    brokers: [...options.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: RETRIES_MAX },
  })
  const admin = kafka.admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const missing = TOPICS.flatMap((topic) => [topic, deadLetterTopicOf(topic)])
      .filter((topic) => !existing.has(topic))
      .map((topic) => ({
        topic,
        numPartitions: options.partitions,
        replicationFactor: options.replicationFactor ?? 1,
      }))
    if (missing.length > 0) await admin.createTopics({ topics: missing, waitForLeaders: true })
    return missing.length
  } finally {
    await admin.disconnect()
  }
}
