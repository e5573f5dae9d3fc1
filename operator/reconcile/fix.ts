/** Publishes what moves stuck reservations forward, after one more look at each. */
import { CONTENT_TYPE } from '../../contracts/message.ts'
import { REPLAY_FOR } from '../../platform/kafka/deadLetter.ts'
import type { OutgoingRecord, RecordSender } from '../../platform/kafka/producer.ts'
import type { Desk } from '../desk/desk.ts'
import { label } from '../labels/label.ts'
import type { Letter } from '../letters/letter.ts'
import { replayOf } from '../replay/outgoing.ts'
import type { ReadsSituations } from '../state/situations.ts'
import type { Remedy } from './remedy.ts'

export type Cure = Exclude<Remedy, { type: 'none' }>

export interface Fixed {
  published: number
  replayed: number
  skipped: { what: string; why: string }[]
}

export interface FixOptions {
  desk: Desk
  reader: ReadsSituations
  producer: RecordSender
  findLetters: (ids: readonly string[]) => Promise<ReadonlyMap<string, Letter>>
  remedies: readonly Cure[]
}

/** @throws OperationalError when Kafka or SQL does not answer; what was sent is counted in the audit */
export async function fix(options: FixOptions): Promise<Fixed> {
  const { desk, remedies, findLetters } = options
  const fixed: Fixed = { published: 0, replayed: 0, skipped: [] }
  if (remedies.length === 0) return fixed
  const filters = { messages: remedies.length }
  const auditId = await desk.openAudit({ command: 'reconcile', filters, digest: null, counts: {} })
  const ids = remedies.flatMap((remedy) => (remedy.type === 'replay' ? [remedy.id] : []))
  const letters = ids.length === 0 ? new Map<string, Letter>() : await findLetters(ids)
  let outcome: 'done' | 'failed' = 'failed'
  try {
    for (const remedy of remedies) {
      const why = await cure(options, remedy, letters)
      if (why !== null) {
        fixed.skipped.push({ what: `${remedy.step.message.topic} ${remedy.step.message.id}`, why })
      } else if (remedy.type === 'replay') fixed.replayed += 1
      else fixed.published += 1
    }
    outcome = 'done'
  } finally {
    const { published, replayed, skipped } = fixed
    const counts = { published, replayed, skipped: skipped.length }
    await desk.closeAudit(auditId, { outcome, counts })
  }
  return fixed
}

/** Answers why it was not sent, or null when it was. */
async function cure(
  { reader, desk, producer }: FixOptions,
  remedy: Cure,
  letters: ReadonlyMap<string, Letter>,
): Promise<string | null> {
  const { step } = remedy
  const { message, group } = step
  const letter = { group, content: { ok: true as const, message } }
  const known = await reader.read([{ id: message.id, letter, dealtWith: null }])
  const now = label(letter, known.get(message.id)?.situation ?? null)
  if (now.label !== step.verdict.label) return `${now.label} by now: ${now.why}`
  if (remedy.type === 'publish') {
    await producer.send([publicationOf(remedy)])
    return null
  }
  const dead = letters.get(remedy.id)
  if (!dead) return `${remedy.id} is not in Kafka any more`
  if (!(await desk.begin([dead], { action: 'replay' }))) return 'somebody has dealt with it by now'
  await producer.send([replayOf(dead, group)])
  await desk.end([dead])
  return null
}

function publicationOf({ step, onlyFor }: Extract<Cure, { type: 'publish' }>): OutgoingRecord {
  const { message, body } = step
  return {
    topic: message.topic,
    key: message.payload.reservationId,
    value: body,
    headers: { 'content-type': CONTENT_TYPE, ...(onlyFor !== null && { [REPLAY_FOR]: onlyFor }) },
  }
}
