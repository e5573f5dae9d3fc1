import { TOPIC_FACTS } from '../../contracts/asyncapi.ts'
import { isTopic } from '../../contracts/topics.ts'
import type { Facts } from './facts.ts'
import type { Finding } from './finding.ts'

/** Groups whose handled messages are told by an inbox; the seat service's scripts are idempotent. */
const GROUPS_WITH_INBOX: ReadonlySet<string> = new Set(['payment', 'ticket', 'notification'])

/** I3 and I8: what was committed is on Kafka, and what is on Kafka was handled or dead-lettered. */
export function judgeMessages(facts: Facts): Finding[] {
  return [
    ...judgeOutbox(facts),
    ...judgeHandled(facts),
    ...judgeExpiries(facts),
    ...judgeLag(facts),
  ]
}

function judgeOutbox({ outbox, messages }: Facts): Finding[] {
  const onKafka = new Set(messages.map(({ eventId }) => eventId))
  return outbox
    .filter(({ eventId, isPublished }) => !isPublished || !onKafka.has(eventId))
    .map(({ service, eventId, topic, isPublished, reservationId }) => ({
      invariant: 'I3' as const,
      kind: isPublished ? ('lost from Kafka' as const) : ('not published' as const),
      ...(reservationId && { reservationId }),
      subject: eventId,
      words: isPublished
        ? `${service} marked ${topic} ${eventId} as published, but Kafka does not have it`
        : `${service} has not published ${topic} ${eventId}`,
    }))
}

function judgeHandled({ messages, inbox, deadLetters }: Facts): Finding[] {
  const handled = new Set(
    [...inbox, ...deadLetters].map(({ group, eventId }) => `${group} ${eventId}`),
  )
  const findings: Finding[] = []
  for (const { eventId, topic, reservationId, onlyFor } of messages) {
    if (!isTopic(topic)) continue
    const groups = onlyFor === undefined ? TOPIC_FACTS[topic].consumers : [onlyFor]
    for (const group of groups) {
      if (!GROUPS_WITH_INBOX.has(group) || handled.has(`${group} ${eventId}`)) continue
      const words = `${group} never handled ${topic} ${eventId}`
      findings.push({
        invariant: 'I3',
        kind: 'not handled',
        reservationId,
        subject: `${group} ${eventId}`,
        words,
      })
    }
  }
  return findings
}

/** A reservation expires once, so there is one seat_expired id for it, however often delivered. */
function judgeExpiries({ messages }: Facts): Finding[] {
  const findings: Finding[] = []
  const seen = new Map<string, string>()
  for (const { eventId, topic, reservationId } of messages) {
    if (topic !== 'seat_expired') continue
    const first = seen.get(reservationId)
    if (first && first !== eventId) {
      const words = `${reservationId} expired twice`
      findings.push({ invariant: 'I8', kind: 'expired twice', reservationId, words })
    }
    seen.set(reservationId, eventId)
  }
  return findings
}

function judgeLag({ lag }: Facts): Finding[] {
  return lag
    .filter((entry) => entry.lag > 0)
    .map(({ group, topic, lag: behind }) => ({
      invariant: 'I3' as const,
      kind: 'group behind' as const,
      subject: `${group} ${topic}`,
      words: `${group} is ${behind} records behind on ${topic}`,
    }))
}
