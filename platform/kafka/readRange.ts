/**
 * Reads again what a consumer group has not committed yet, without disturbing it. Used to rebuild
 * state.
 */
import type { Admin } from 'kafkajs'
import { decodeMessage, type Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import type { KafkaConnection } from './connection.ts'
import { isForAnother } from './deadLetter.ts'
import { type Stretch, scan, wholeTopics } from './scan.ts'

export interface ReadRangeOptions {
  connection: KafkaConnection
  group: string
  topics: readonly Topic[]
  each: (messages: Message[]) => Promise<void>
}

/**
 * Calls `each` with the messages from the committed offsets of `group` (from the beginning where
 * it has none) to the high watermarks seen at the start: in order within a partition, one call at
 * a time. Undecodable records and replays for other groups are passed over. The group itself is
 * neither joined nor moved.
 *
 * @returns how many messages `each` was given
 * @throws OperationalError KAFKA_UNAVAILABLE, or whatever `each` throws
 */
export async function readCommittedToEnd(options: ReadRangeOptions): Promise<{ read: number }> {
  const { connection, group, each } = options
  let read = 0
  await scan({
    connection,
    stretches: (admin) => uncommitted(admin, options),
    each: async (records) => {
      const messages = records.flatMap((record) => {
        if (isForAnother(record, group)) return []
        const decoded = decodeMessage(record.topic, record.value)
        return decoded.ok ? [decoded.message] : []
      })
      if (messages.length > 0) await each(messages)
      read += messages.length
    },
  })
  return { read }
}

async function uncommitted(admin: Admin, { group, topics }: ReadRangeOptions): Promise<Stretch[]> {
  const committed = await admin.fetchOffsets({ groupId: group, topics: [...topics] })
  return (await wholeTopics(admin, topics)).map((stretch) => {
    const ofTopic = committed.find(({ topic }) => topic === stretch.topic)?.partitions ?? []
    const known = ofTopic.find(({ partition }) => partition === stretch.partition)?.offset ?? -1
    const next = BigInt(known) > stretch.next ? BigInt(known) : stretch.next
    return { ...stretch, next }
  })
}
