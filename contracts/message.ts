/**
 * A message: one CloudEvents 1.0 event in structured JSON mode per Kafka record. Its `data` is
 * `{ topic, payload }`, so consumers of several topics route by `data.topic`.
 */
import { Type } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import { Id, PAYLOADS, type PayloadOf } from './payloads.ts'
import { eventTypeOf, isTopic, TOPICS, type Topic } from './topics.ts'

export const CONTENT_TYPE = 'application/cloudevents+json'
const UTF8 = new TextDecoder()
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** Who says it: one of our services (`/ticket`), or whoever has joined them, by its own name. */
export type Source = `/${string}`

/** A decoded message. `id` is globally unique and fixed where the state changed. */
export interface MessageOf<T extends Topic> {
  id: string
  topic: T
  source: string
  /** RFC 3339, UTC, milliseconds: when the state changed. */
  time: string
  traceparent?: string
  payload: PayloadOf<T>
}

/** Any message; narrow it by `topic`. */
export type Message = { [T in Topic]: MessageOf<T> }[Topic]

const envelopeOf = (topic: Topic, payload = PAYLOADS[topic]) =>
  Type.Object({
    specversion: Type.Literal('1.0'),
    id: Id,
    source: Id,
    type: Type.Literal(eventTypeOf(topic)),
    subject: Id,
    time: Type.String({ minLength: 20, maxLength: 40 }),
    traceparent: Type.Optional(Type.String()),
    data: Type.Object({ topic: Type.Literal(topic), payload }),
  })

/** JSON Schema of the whole record of each topic. */
export const ENVELOPES = Object.fromEntries(
  TOPICS.map((topic) => [topic, envelopeOf(topic)]),
) as unknown as Record<Topic, ReturnType<typeof envelopeOf>>

const checks = new Map<Topic, TypeCheck<ReturnType<typeof envelopeOf>>>()

/**
 * The schema without `uniqueItems`, for which TypeBox hashes every seat of every message: that cost
 * a tenth of what a worker does. `decodeSubject` looks for repeated seats itself.
 */
function checkedPayloadOf(topic: Topic) {
  const { properties } = PAYLOADS[topic]
  const { uniqueItems: _, ...seatIds } = properties.seatIds
  return Type.Object({ ...properties, seatIds })
}

function checkOf(topic: Topic) {
  let check = checks.get(topic)
  if (!check) {
    check = TypeCompiler.Compile(envelopeOf(topic, checkedPayloadOf(topic) as never))
    checks.set(topic, check)
  }
  return check
}

/** The record value of a message, as text. The record key is its reservation id. */
export function encodeMessage(message: Message): string {
  return JSON.stringify({
    specversion: '1.0',
    id: message.id,
    source: message.source,
    type: eventTypeOf(message.topic),
    subject: message.payload.reservationId,
    time: message.time,
    ...(message.traceparent && { traceparent: message.traceparent }),
    data: { topic: message.topic, payload: message.payload },
  })
}

export type DecodeFault = 'NULL_VALUE' | 'NOT_JSON' | 'UNKNOWN_TOPIC' | 'SCHEMA'

export type Decoded =
  | { ok: true; message: Message }
  | { ok: false; fault: DecodeFault; reason: string }

/**
 * Reads a record of `topic`. Unknown fields are kept out of no one's way: they are ignored, so a
 * producer may be newer than its consumers. Never throws.
 */
export function decodeMessage(topic: string, value: Uint8Array | string | null): Decoded {
  if (value === null) return { ok: false, fault: 'NULL_VALUE', reason: 'the record has no value' }
  if (!isTopic(topic)) return { ok: false, fault: 'UNKNOWN_TOPIC', reason: `no topic ${topic}` }
  let json: unknown
  try {
    json = JSON.parse(typeof value === 'string' ? value : UTF8.decode(value))
  } catch (error) {
    return { ok: false, fault: 'NOT_JSON', reason: (error as Error).message }
  }
  const check = checkOf(topic)
  if (!check.Check(json)) {
    const first = check.Errors(json).First()
    return { ok: false, fault: 'SCHEMA', reason: `${first?.path || '/'}: ${first?.message}` }
  }
  return decodeSubject(topic, json)
}

type Envelope = {
  id: string
  source: string
  subject: string
  time: string
  traceparent?: string
  data: { payload: unknown }
}

function decodeSubject(topic: Topic, envelope: Envelope): Decoded {
  const payload = envelope.data.payload as PayloadOf<Topic>
  if (envelope.subject !== payload.reservationId) {
    return { ok: false, fault: 'SCHEMA', reason: '/subject: must be the reservation id' }
  }
  if (new Set(payload.seatIds).size < payload.seatIds.length) {
    return { ok: false, fault: 'SCHEMA', reason: '/data/payload/seatIds: must be unique' }
  }
  const { id, source, time } = envelope
  // A trace is a help, never a reason to refuse a message: one that is malformed is left behind.
  const traceparent = TRACEPARENT.test(envelope.traceparent ?? '') && envelope.traceparent
  const message = { id, topic, source, time, ...(traceparent && { traceparent }), payload }
  return { ok: true, message: message as Message }
}
