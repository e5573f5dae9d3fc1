/** What an editor is given of a dead letter, and what becomes of the text that comes back. */
import { decodeMessage, encodeMessage, type Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import { newEventId } from '../../platform/eventId.ts'
import { UsageError } from '../cli/failure.ts'
import type { Letter } from '../letters/letter.ts'

const ID = /^[!-~]{1,128}$/

type Json = Record<string, unknown>

const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value)

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The JSON object in a text, or null. */
function objectIn(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

const bodyOf = ({ record }: Letter): string => record.value?.toString() ?? ''

/** The payload as readable JSON, or the body as it is where there is no payload in it. */
export function editableOf(letter: Letter): string {
  const envelope = objectIn(bodyOf(letter))
  const payload = isObject(envelope?.data) ? envelope.data.payload : undefined
  return isObject(payload) ? `${JSON.stringify(payload, null, 2)}\n` : bodyOf(letter)
}

/**
 * The message that an edited text makes of a letter. The text is a payload, or a whole message.
 * The message keeps the original's id, so that the two cannot both take effect, unless it had none.
 *
 * @throws UsageError saying what is wrong with the text
 */
export function messageFrom(letter: Letter, text: string, nowMs: number): Message {
  const edited = objectIn(text)
  if (!edited) throw new UsageError('the edited text is not a JSON object')
  const body = isObject(edited.data)
    ? JSON.stringify(edited)
    : wrapped(edited, { letter, nowMs, topic: letter.topic })
  const decoded = decodeMessage(letter.topic, body)
  const id = objectIn(bodyOf(letter))?.id
  if (decoded.ok && isId(id) && decoded.message.id !== id) {
    throw new UsageError(`the edited message must keep its id ${id}, or both could take effect`)
  }
  if (decoded.ok) return decoded.message
  throw new UsageError(`the edited message does not fit ${letter.topic}: ${decoded.reason}`)
}

function wrapped(payload: Json, of: { letter: Letter; nowMs: number; topic: Topic }): string {
  const { letter, nowMs, topic } = of
  const original = objectIn(bodyOf(letter)) ?? {}
  const textOr = (name: string, fallback: string): string => {
    const value = original[name]
    return isId(value) ? value : fallback
  }
  const { traceparent } = original
  return encodeMessage({
    id: textOr('id', newEventId()),
    topic,
    source: textOr('source', '/operator'),
    time: textOr('time', new Date(nowMs).toISOString()),
    ...(typeof traceparent === 'string' && { traceparent }),
    payload,
  } as unknown as Message)
}
