/** The records that a replay sends. */
import { parkingTopicOf } from '../../contracts/topics.ts'
import { DLQ, REPLAY_FOR } from '../../platform/kafka/deadLetter.ts'
import type { OutgoingRecord } from '../../platform/kafka/producer.ts'
import type { Letter } from '../letters/letter.ts'

/** On an edited message: the dead letter that it was made from. */
export const EDITED_FROM = 'edited_from'

/** What the consumer needs, should it fail again; the rest tells of the failure before. */
const CARRIED_ON: ReadonlySet<string> = new Set([DLQ.replays, DLQ.firstFailedAt])

type Headers = Record<string, string | Buffer>

/** The last value of each header that is wanted. */
function headersOf({ record }: Letter, isWanted: (name: string) => boolean): Headers {
  const headers: Headers = {}
  for (const name of Object.keys(record.headers).filter(isWanted)) {
    const value = record.headers[name]
    const last = Array.isArray(value) ? value.at(-1) : value
    if (last !== undefined) headers[name] = last
  }
  return headers
}

/**
 * The record that asks the group which gave up to try again: key, body and so the message id as
 * they were, for that group alone.
 */
export function replayOf(letter: Letter, group: string): OutgoingRecord {
  const isWanted = (name: string): boolean => !name.startsWith('dlq_') || CARRIED_ON.has(name)
  const { key, value } = letter.record
  const headers = { ...headersOf(letter, isWanted), [REPLAY_FOR]: group }
  return { topic: letter.topic, key, value, headers }
}

/** The same with another body, and a word about where it comes from. */
export function editedReplayOf(letter: Letter, group: string, body: string): OutgoingRecord {
  const replay = replayOf(letter, group)
  return { ...replay, value: body, headers: { ...replay.headers, [EDITED_FROM]: letter.id } }
}

/** The dead letter as it is, in the topic of those that nobody tries again. */
export function parkedOf(letter: Letter): OutgoingRecord {
  const { key, value } = letter.record
  return { topic: parkingTopicOf(letter.topic), key, value, headers: headersOf(letter, () => true) }
}
