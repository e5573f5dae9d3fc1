import type { Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import type { KafkaConnection } from './connection.ts'

export async function readCommittedToEnd(_options: {
  connection: KafkaConnection
  group: string
  topics: readonly Topic[]
  each: (messages: Message[]) => Promise<void>
}): Promise<{ read: number }> {
  throw new Error('being built')
}
