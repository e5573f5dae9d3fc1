/** How many records topics hold, as the broker knows it. */
import type { KafkaConnection } from './connection.ts'

/** Records of each topic between its oldest and its newest; a topic that does not exist has none. */
export async function recordsIn(
  connection: KafkaConnection,
  topics: readonly string[],
): Promise<Map<string, number>> {
  const admin = connection.admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const counts = topics.map(async (topic): Promise<[string, number]> => {
      if (!existing.has(topic)) return [topic, 0]
      const ends = await admin.fetchTopicOffsets(topic)
      return [topic, ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)]
    })
    return new Map(await Promise.all(counts))
  } finally {
    await admin.disconnect()
  }
}
