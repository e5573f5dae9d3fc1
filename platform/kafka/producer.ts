import type { Component } from '../lifecycle.ts'
import type { KafkaConnection } from './connection.ts'

export interface OutgoingRecord {
  topic: string
  key: string | Buffer | null
  value: string | Buffer | null
  headers?: Readonly<Record<string, string | Buffer>>
}

export interface RecordSender {
  /** Resolves when every record is acknowledged by all in-sync replicas. */
  send(records: readonly OutgoingRecord[]): Promise<void>
}

export class KafkaProducer implements RecordSender, Component {
  readonly name = 'kafka producer'
  constructor(_options: { connection: KafkaConnection }) {}
  async start(): Promise<void> {
    throw new Error('being built')
  }
  async stop(): Promise<void> {}
  async send(_records: readonly OutgoingRecord[]): Promise<void> {
    throw new Error('being built')
  }
}
