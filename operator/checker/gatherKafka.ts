import { TOPIC_FACTS } from '../../contracts/asyncapi.ts'
import { decodeMessage } from '../../contracts/message.ts'
import { deadLetterTopicOf, TOPICS } from '../../contracts/topics.ts'
import type { KafkaConnection } from '../../platform/kafka/connection.ts'
import { DLQ, headerText, REPLAY_FOR } from '../../platform/kafka/deadLetter.ts'
import { lagOfGroups } from '../../platform/kafka/lag.ts'
import { type ScannedRecord, scan, wholeTopics } from '../../platform/kafka/scan.ts'
import type { DeadLetterFact, Facts, MessageFact } from './facts.ts'

type KafkaFacts = Pick<Facts, 'messages' | 'deadLetters' | 'lag'>

/** Every record of every topic and of every dead-letter topic, and the lag of every group. */
export async function gatherKafka(connection: KafkaConnection): Promise<KafkaFacts> {
  const messages: MessageFact[] = []
  const deadLetters: DeadLetterFact[] = []
  await scan({
    connection,
    stretches: (admin) =>
      wholeTopics(
        admin,
        TOPICS.flatMap((topic) => [topic, deadLetterTopicOf(topic)]),
      ),
    each(records) {
      for (const record of records) {
        const origin = headerText(record, DLQ.topic)
        if (origin === null) messages.push(...messageIn(record))
        else deadLetters.push(...deadLetterIn(record, origin))
      }
    },
  })
  return { messages, deadLetters, lag: await lagOfGroups(connection, topicsOfGroups()) }
}

function messageIn(record: ScannedRecord): MessageFact[] {
  const { topic, value } = record
  const decoded = decodeMessage(topic, value)
  if (!decoded.ok) return []
  const { id: eventId, payload } = decoded.message
  const onlyFor = headerText(record, REPLAY_FOR)
  const fact = { eventId, topic, reservationId: payload.reservationId }
  return [onlyFor === null ? fact : { ...fact, onlyFor }]
}

function deadLetterIn(record: ScannedRecord, origin: string): DeadLetterFact[] {
  const group = headerText(record, DLQ.group)
  const decoded = decodeMessage(origin, record.value)
  const id = `${record.topic}/${record.partition}/${record.offset}`
  return group && decoded.ok ? [{ group, eventId: decoded.message.id, id }] : []
}

function topicsOfGroups(): Map<string, string[]> {
  const topics = new Map<string, string[]>()
  for (const topic of TOPICS) {
    for (const group of TOPIC_FACTS[topic].consumers) {
      topics.set(group, [...(topics.get(group) ?? []), topic])
    }
  }
  return topics
}
