/** The AsyncAPI 3.0 document, made from the schemas that validate the messages themselves. */
import { feedPart } from './asyncapiFeed.ts'
import { CONTENT_TYPE, ENVELOPES } from './message.ts'
import { deadLetterTopicOf, eventTypeOf, TOPICS, type Topic } from './topics.ts'

interface TopicFacts {
  publisher: string
  consumers: readonly string[]
  means: string
}

/** Who says what to whom. The consumers are consumer groups; anyone may add one. */
export const TOPIC_FACTS: Record<Topic, TopicFacts> = {
  payment_request: {
    publisher: 'reservation',
    consumers: ['payment'],
    means: 'A hold was fenced for checkout; the payment may be captured until payBy.',
  },
  payment_create: {
    publisher: 'payment',
    consumers: ['ticket'],
    means: 'The money was captured.',
  },
  payment_fail: {
    publisher: 'payment',
    consumers: ['ticket'],
    means: 'The card was declined, or the payment was given up uncharged.',
  },
  ticket_confirm: {
    publisher: 'ticket',
    consumers: ['reservation'],
    means: 'Tickets were issued for every seat of the reservation.',
  },
  ticket_cancel: {
    publisher: 'ticket',
    consumers: ['reservation', 'payment'],
    means: 'Tickets were refused or voided; captured money goes back.',
  },
  seat_confirm: {
    publisher: 'reservation',
    consumers: ['notification', 'ticket'],
    means: 'The seats are sold.',
  },
  seat_cancel: {
    publisher: 'reservation',
    consumers: ['notification', 'ticket'],
    means: 'The seats were given back, or were not to be had any more.',
  },
  seat_expired: {
    publisher: 'reservation',
    consumers: ['notification', 'payment'],
    means: 'The deadline passed and the seats are free again.',
  },
  payment_refund: {
    publisher: 'payment',
    consumers: ['reservation', 'notification'],
    means: 'The captured money was returned.',
  },
}

const DEAD_LETTER_HEADERS = [
  'dlq_group',
  'dlq_topic',
  'dlq_partition',
  'dlq_offset',
  'dlq_attempts',
  'dlq_error_class',
  'dlq_error_message',
  'dlq_first_failed_at',
  'dlq_replays',
]

const objectOfStrings = (names: readonly string[]) => ({
  type: 'object',
  required: names,
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
})

/** Builds the document. `version` is the product's; servers differ by installation. */
export function asyncapi(version: string): Record<string, unknown> {
  const feed = feedPart()
  return {
    asyncapi: '3.0.0',
    id: 'urn:holdfast:messages',
    info: {
      title: 'Holdfast messages',
      version,
      description:
        'On Kafka, one CloudEvents 1.0 event in structured JSON mode per record, keyed by ' +
        'reservation id; over WebSocket, the live seat map.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: CONTENT_TYPE,
    channels: { ...Object.fromEntries(TOPICS.flatMap(channelsOf)), feed: feed.channel },
    operations: { ...Object.fromEntries(TOPICS.flatMap(operationsOf)), ...feed.operations },
    components: {
      schemas: {
        ...Object.fromEntries(TOPICS.map((topic) => [topic, ENVELOPES[topic]])),
        ...feed.schemas,
      },
      messages: {
        ...Object.fromEntries(TOPICS.map((topic) => [topic, messageOf(topic)])),
        ...feed.messages,
      },
    },
  }
}

function messageOf(topic: Topic) {
  return {
    name: eventTypeOf(topic),
    summary: TOPIC_FACTS[topic].means,
    contentType: CONTENT_TYPE,
    headers: objectOfStrings(['content-type']),
    payload: { $ref: `#/components/schemas/${topic}` },
  }
}

function channelsOf(topic: Topic): [string, unknown][] {
  const message = { $ref: `#/components/messages/${topic}` }
  const deadLetter = {
    summary: `A record of ${topic} that a group could not handle, with key and body untouched.`,
    headers: objectOfStrings(DEAD_LETTER_HEADERS),
    payload: {},
  }
  return [
    [topic, { address: topic, messages: { [topic]: message } }],
    [
      `${topic}_dead_letter`,
      { address: deadLetterTopicOf(topic), messages: { dead_letter: deadLetter } },
    ],
  ]
}

function operationsOf(topic: Topic): [string, unknown][] {
  const { publisher, consumers } = TOPIC_FACTS[topic]
  const channel = { $ref: `#/channels/${topic}` }
  const operation = (action: 'send' | 'receive', service: string): [string, unknown] => [
    `${service}_${action}_${topic}`,
    { action, channel, summary: `${service}: ${TOPIC_FACTS[topic].means}` },
  ]
  return [operation('send', publisher), ...consumers.map((name) => operation('receive', name))]
}
