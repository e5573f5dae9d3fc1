import { deadLetterTopicOf, TOPICS } from '../../contracts/topics.ts'
import { KafkaConnection } from '../kafka/connection.ts'
import { DEAD_LETTER_SETTINGS, untilTopicsAnswer } from '../kafka/topics.ts'
import { createLog } from '../log.ts'

export interface TopicOptions {
  /** host:port[,host:port...] */
  brokers: string
  /** Partitions per topic; dead-letter topics get as many, so a record keeps its partition. */
  partitions: number
}

/** Copies of each partition, as far as there are brokers to hold them. */
const REPLICAS_MAX = 3

/**
 * Makes the topics of contracts/topics.ts and their dead-letter topics where they are missing.
 * Existing ones are left as they are. Answers how many were made.
 * @throws KafkaJSError when no broker can be reached.
 */
export async function createTopics({ brokers, partitions }: TopicOptions): Promise<number> {
  const log = createLog('topics', 'silent')
  const connection = new KafkaConnection({ brokers, clientId: 'holdfast-topics', log })
  const admin = connection.admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const cluster = await admin.describeCluster()
    const replicationFactor = Math.min(REPLICAS_MAX, cluster.brokers.length)
    const missing = TOPICS.flatMap((topic) => [
      { topic },
      { topic: deadLetterTopicOf(topic), configEntries: DEAD_LETTER_SETTINGS },
    ])
      .filter(({ topic }) => !existing.has(topic))
      .map((one) => ({ ...one, numPartitions: partitions, replicationFactor }))
    if (missing.length === 0) return 0
    await admin.createTopics({ topics: missing, waitForLeaders: true })
    await untilTopicsAnswer(
      connection,
      missing.map(({ topic }) => topic),
    )
    return missing.length
  } finally {
    await admin.disconnect()
  }
}
