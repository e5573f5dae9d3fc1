/** How far consumer groups are behind, as the broker knows it. */
import type { Admin } from 'kafkajs'
import type { KafkaConnection } from './connection.ts'
import { untilAnswered } from './patience.ts'

/** A broker that has just started loads its groups first. */
const ANSWER_MS_MAX = 10_000

export interface GroupLag {
  group: string
  topic: string
  /** Records that the group has not committed; with no commit at all, every record. */
  lag: number
}

/**
 * Asks the broker for the lag of each group on each of its topics.
 *
 * @throws OperationalError KAFKA_UNAVAILABLE
 */
export async function lagOfGroups(
  connection: KafkaConnection,
  topicsOf: ReadonlyMap<string, readonly string[]>,
): Promise<GroupLag[]> {
  const admin = connection.admin()
  await admin.connect()
  try {
    const lags: GroupLag[] = []
    for (const [group, topics] of topicsOf) {
      lags.push(...(await untilAnswered(() => lagOf(admin, group, topics), ANSWER_MS_MAX)))
    }
    return lags
  } finally {
    await admin.disconnect()
  }
}

async function lagOf(admin: Admin, group: string, topics: readonly string[]): Promise<GroupLag[]> {
  const committed = await admin.fetchOffsets({ groupId: group, topics: [...topics] })
  return Promise.all(
    topics.map(async (topic) => {
      const known = new Map(
        committed
          .find((one) => one.topic === topic)
          ?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
      )
      const ends = await admin.fetchTopicOffsets(topic)
      const behind = ends.map(({ partition, high, low }) =>
        Math.max(0, Number(high) - Math.max(Number(low), known.get(partition) ?? -1)),
      )
      return { group, topic, lag: behind.reduce((total, one) => total + one, 0) }
    }),
  )
}
