import type { Source } from '../../contracts/message.ts'
import type { PayloadOf } from '../../contracts/payloads.ts'
import type { Topic } from '../../contracts/topics.ts'
import type { Check } from '../health.ts'
import type { RecordSender } from '../kafka/producer.ts'
import type { Component } from '../lifecycle.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Database, Transaction } from '../mysql/database.ts'

/** A message to be published. `id` defaults to a UUIDv7, `time` (RFC 3339) to now. */
export type NewMessage = {
  [T in Topic]: {
    topic: T
    payload: PayloadOf<T>
    id?: string
    time?: string
    traceparent?: string
  }
}[Topic]

/** Rows that a transaction added; hand it to `committed` after the commit. */
export interface Added {
  readonly rows: readonly unknown[]
}

export interface OutboxOptions {
  db: Database
  producer: RecordSender
  source: Source
  log: Log
  metrics: Metrics
  lingerMs?: number
}

export class Outbox implements Component {
  readonly name = 'outbox'
  constructor(_options: OutboxOptions) {}
  async start(): Promise<void> {
    throw new Error('being built')
  }
  async stop(): Promise<void> {}
  async add(_tx: Transaction, _messages: readonly NewMessage[]): Promise<Added> {
    throw new Error('being built')
  }
  committed(_added: Added): void {}
  /** Age in ms of the oldest unpublished row, 0 when there is none. */
  async oldestAgeMs(): Promise<number> {
    throw new Error('being built')
  }
  /** For readiness. */
  async check(): Promise<Check> {
    throw new Error('being built')
  }
}
