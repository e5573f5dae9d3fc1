/** Whether topics can be used: a broker names itself leader of a new partition before it is. */
import type { KafkaConnection } from './connection.ts'
import { untilAnswered } from './patience.ts'

const READY_MS_MAX = 60_000

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
