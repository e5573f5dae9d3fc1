import type { Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import type { Check } from '../health.ts'
import type { Component } from '../lifecycle.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { KafkaConnection } from './connection.ts'
import type { RecordSender } from './producer.ts'

export type Apply = (messages: Message[]) => Promise<void>

export interface MessageConsumerOptions {
  connection: KafkaConnection
  group: string
  topics: readonly Topic[]
  apply: Apply
  producer: RecordSender
  log: Log
  metrics: Metrics
  batchMax?: number
  sessionTimeoutMs?: number
}

export class MessageConsumer implements Component {
  readonly name = 'kafka consumer'
  constructor(_options: MessageConsumerOptions) {}
  async start(): Promise<void> {
    throw new Error('being built')
  }
  async stop(): Promise<void> {}
  /** For readiness: joined, and making progress. */
  check(): Check {
    throw new Error('being built')
  }
  onFatal(_report: (error: unknown) => void): void {}
}
