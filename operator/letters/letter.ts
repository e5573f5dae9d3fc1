/** A dead letter as it lies in its topic: who gave up, on what, why, and the record itself. */
import { createHash } from 'node:crypto'
import { type Decoded, decodeMessage } from '../../contracts/message.ts'
import { deadLetterTopicOf, isTopic, TOPICS, type Topic } from '../../contracts/topics.ts'
import { DLQ, headerText } from '../../platform/kafka/deadLetter.ts'
import type { ScannedRecord } from '../../platform/kafka/scan.ts'
import { UsageError } from '../cli/failure.ts'

/** Replays after which a dead letter is parked instead of sent again. */
export const REPLAYS_MAX = 3

export interface Letter {
  /** `<topic>.DLQ/<partition>/<offset>`. */
  id: string
  /** The topic that it failed on. */
  topic: Topic
  /** Null when the record does not say. */
  group: string | null
  errorClass: string
  errorMessage: string
  attempts: number
  /** How many replays of the message have failed. */
  replays: number
  /** When it was given up. */
  failedAtMs: number
  /** Tells it from another letter that lies at the same place after the topic was made anew. */
  fingerprint: string
  record: ScannedRecord
}

/** Where a letter lies. */
export interface Place {
  topic: Topic
  partition: number
  offset: bigint
}

const originOf = new Map(TOPICS.map((topic) => [deadLetterTopicOf(topic), topic]))

export const DEAD_LETTER_TOPICS: readonly string[] = TOPICS.map(deadLetterTopicOf)

/** Reads a record of a dead-letter topic. Its message is not decoded yet: see contentOf. */
export function letterOf(record: ScannedRecord): Letter {
  const topic = originOf.get(record.topic)
  if (!topic) throw new TypeError(`${record.topic} holds no dead letters`)
  const { partition, offset, timestampMs } = record
  return {
    id: letterIdOf({ topic, partition, offset: BigInt(offset) }),
    topic,
    group: headerText(record, DLQ.group),
    errorClass: headerText(record, DLQ.errorClass) ?? 'unknown',
    errorMessage: headerText(record, DLQ.errorMessage) ?? '',
    attempts: Number(headerText(record, DLQ.attempts) ?? 0) || 0,
    replays: Number(headerText(record, DLQ.replays) ?? 0) || 0,
    failedAtMs: timestampMs,
    fingerprint: fingerprintOf(record),
    record,
  }
}

/** The message of a letter, or why it cannot be read. */
export const contentOf = ({ topic, record }: Letter): Decoded => decodeMessage(topic, record.value)

/** The reservation of a letter that cannot be read is named by its key. */
export const keyTextOf = ({ record }: Letter): string | null => record.key?.toString() ?? null

export const letterIdOf = ({ topic, partition, offset }: Place): string =>
  `${deadLetterTopicOf(topic)}/${partition}/${offset}`

/**
 * Reads `<topic>.DLQ/<partition>/<offset>`; the `.DLQ` may be left out.
 * @throws UsageError saying what is wrong with it
 */
export function parseLetterId(text: string): Place {
  const match = /^([^/]+)\/([0-9]{1,9})\/([0-9]{1,18})$/.exec(text)
  if (!match) {
    throw new UsageError(`"${text}" is no record id; it looks like payment_create.DLQ/3/17`)
  }
  const [, name = '', partition, offset = '0'] = match
  return { topic: parseTopic(name), partition: Number(partition), offset: BigInt(offset) }
}

/** Reads the name of a topic, with or without `.DLQ`. @throws UsageError listing the topics */
export function parseTopic(text: string): Topic {
  const name = text.replace(/\.DLQ$/, '')
  if (!isTopic(name)) {
    throw new UsageError(`there is no topic "${name}"; the topics are ${TOPICS.join(', ')}`)
  }
  return name
}

function fingerprintOf({ timestampMs, key, value }: ScannedRecord): string {
  const hash = createHash('sha256').update(`${timestampMs} ${key?.length ?? -1} `)
  if (key) hash.update(key)
  if (value) hash.update(value)
  return hash.digest('hex').slice(0, 32)
}
