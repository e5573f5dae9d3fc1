import type { MessageOf } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import type { Apply } from '../kafka/consumer.ts'
import type { Database, Transaction } from '../mysql/database.ts'
import type { NewMessage, Outbox } from '../outbox/outbox.ts'

export interface UnitOfWork {
  readonly tx: Transaction
  publish(message: NewMessage): void
  afterCommit(action: () => void): void
}

export type TopicHandlers = {
  [T in Topic]?: (messages: MessageOf<T>[], unit: UnitOfWork) => Promise<void>
}

export function transactional(_options: {
  db: Database
  consumer: string
  outbox: Outbox
  handlers: TopicHandlers
}): Apply {
  throw new Error('being built')
}

export async function inTransaction<T>(
  _options: { db: Database; outbox: Outbox },
  _work: (unit: UnitOfWork) => Promise<T>,
): Promise<T> {
  throw new Error('being built')
}
