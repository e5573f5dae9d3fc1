/**
 * The topics of Holdfast and who speaks on them. A topic is named after the fact it carries;
 * the table of publishers and consumers is in docs/ARCHITECTURE.md.
 */

export const TOPICS = [
  'payment_request',
  'payment_create',
  'payment_fail',
  'ticket_confirm',
  'ticket_cancel',
  'seat_confirm',
  'seat_cancel',
  'seat_expired',
  'payment_refund',
] as const

export type Topic = (typeof TOPICS)[number]

/** Schema version of every topic's payload. Fields are only ever added, so it seldom moves. */
export const PAYLOAD_VERSION = 1

/** CloudEvents `type` of a topic: `holdfast.seat_confirm.v1`. */
export const eventTypeOf = (topic: Topic): string => `holdfast.${topic}.v${PAYLOAD_VERSION}`

/** Where messages of a topic go when a consumer cannot handle them. */
export const deadLetterTopicOf = (topic: Topic): string => `${topic}.DLQ`

/** Where an operator's replay puts what has failed too often to be tried again. */
export const parkingTopicOf = (topic: Topic): string => `${topic}.parking`

export const isTopic = (name: string): name is Topic => (TOPICS as readonly string[]).includes(name)
