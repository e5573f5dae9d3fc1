/**
 * Dead letters: what a consumer could not handle, kept with key and body as they came, and with
 * headers that say who gave up, where, why and when. An operator replays them to the original
 * topic with `replay_for` = the group that gave up; other groups skip such records.
 */
import { deadLetterTopicOf, type Topic } from '../../contracts/topics.ts'
import type { OutgoingRecord } from './producer.ts'

/** Names of the headers; values are text. */
export const DLQ = {
  group: 'dlq_group',
  topic: 'dlq_topic',
  partition: 'dlq_partition',
  offset: 'dlq_offset',
  attempts: 'dlq_attempts',
  errorClass: 'dlq_error_class',
  errorMessage: 'dlq_error_message',
  firstFailedAt: 'dlq_first_failed_at',
  replays: 'dlq_replays',
} as const
/** On a replayed record: the only group that shall act on it. */
export const REPLAY_FOR = 'replay_for'

const ERROR_MESSAGE_MAX = 500

type HeaderValue = Buffer | string | (Buffer | string)[] | undefined

/** A record as it was fetched. */
export interface FetchedRecord {
  topic: Topic
  partition: number
  offset: string
  key: Buffer | null
  value: Buffer | null
  headers: Readonly<Record<string, HeaderValue>>
}

export interface Failure {
  errorClass: string
  message: string
  /** How often the handler was asked about this message alone. */
  attempts: number
  /** Epoch milliseconds. */
  firstFailedAt: number
}

/** Text of a header; of several values the last, null when there is none. */
export function headerText(record: Pick<FetchedRecord, 'headers'>, name: string): string | null {
  const value = record.headers[name]
  const last = Array.isArray(value) ? value.at(-1) : value
  return last === undefined || last === null ? null : last.toString()
}

/** True when the record is a replay that is meant for another group. */
export function isForAnother(record: Pick<FetchedRecord, 'headers'>, group: string): boolean {
  const wanted = headerText(record, REPLAY_FOR)
  return wanted !== null && wanted !== group
}

/** Bugs: trying again would run the same wrong line again. */
export function isProgrammersError(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError ||
    error instanceof SyntaxError ||
    (error instanceof Error && error.name === 'AssertionError')
  )
}

/** The class and message of whatever was thrown. */
export function describeError(error: unknown): { errorClass: string; message: string } {
  if (error instanceof Error) {
    return { errorClass: error.name || error.constructor.name, message: error.message }
  }
  return { errorClass: typeof error, message: String(error) }
}

/**
 * The dead letter of a record. Headers it came with are kept, except the address of a replay.
 * `dlq_replays` tells how many replays have failed: a record that came as a replay counts one
 * more than it carried; the time of the very first failure is kept across replays.
 */
export function deadLetterOf(
  record: FetchedRecord,
  options: { group: string; failure: Failure },
): OutgoingRecord {
  const { group, failure } = options
  const headers: Record<string, string | Buffer> = {}
  for (const name of Object.keys(record.headers)) {
    const value = record.headers[name]
    const last = Array.isArray(value) ? value.at(-1) : value
    if (last !== undefined && name !== REPLAY_FOR) headers[name] = last
  }
  const isReplay = headerText(record, REPLAY_FOR) !== null
  const replays = Number(headerText(record, DLQ.replays) ?? 0) || 0
  headers[DLQ.group] = group
  headers[DLQ.topic] = record.topic
  headers[DLQ.partition] = String(record.partition)
  headers[DLQ.offset] = record.offset
  headers[DLQ.attempts] = String(failure.attempts)
  headers[DLQ.errorClass] = failure.errorClass
  headers[DLQ.errorMessage] = failure.message.slice(0, ERROR_MESSAGE_MAX)
  headers[DLQ.firstFailedAt] =
    (isReplay ? headerText(record, DLQ.firstFailedAt) : null) ??
    new Date(failure.firstFailedAt).toISOString()
  headers[DLQ.replays] = String(isReplay ? replays + 1 : replays)
  return { topic: deadLetterTopicOf(record.topic), key: record.key, value: record.value, headers }
}
