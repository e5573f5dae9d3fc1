/** Publishes what moves stuck reservations forward, after one more look at each. */
import { CONTENT_TYPE } from '../../contracts/message.ts'
import { REPLAY_FOR } from '../../platform/kafka/deadLetter.ts'
import type { OutgoingRecord, RecordSender } from '../../platform/kafka/producer.ts'
import type { Desk } from '../desk/desk.ts'
import { label } from '../labels/label.ts'
import type { Letter } from '../letters/letter.ts'
import { type FindsLetters, type Flight, InFlight } from '../replay/inFlight.ts'
import { replayOf } from '../replay/outgoing.ts'
import type { ReadsSituations } from '../state/situations.ts'
import { type Remedy, type Step, touchedBy } from './remedy.ts'

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
  findLetters: FindsLetters
  remedies: readonly Cure[]
  isStopped: () => boolean
}

/** @throws OperationalError when Kafka or SQL does not answer; what was sent is counted in the audit */
export async function fix(options: FixOptions): Promise<Fixed> {
  const { desk, remedies, findLetters, isStopped } = options
  const fixed: Fixed = { published: 0, replayed: 0, skipped: [] }
  if (remedies.length === 0) return fixed
  const filters = { messages: remedies.length }
  const auditId = await desk.openAudit({ command: 'reconcile', filters, digest: null, counts: {} })
  const ids = remedies.flatMap((remedy) => (remedy.type === 'replay' ? [remedy.id] : []))
  const inFlight = new InFlight(options.reader)
  let outcome: 'done' | 'stopped' | 'failed' = 'failed'
  try {
    await inFlight.recall(options)
    const letters = ids.length === 0 ? new Map<string, Letter>() : await findLetters(ids)
    for (const remedy of remedies) {
      if (isStopped()) break
      const why = await cure(options, remedy, { letters, inFlight })
      if (why !== null) {
        fixed.skipped.push({ what: `${remedy.step.message.topic} ${remedy.step.message.id}`, why })
      } else if (remedy.type === 'replay') fixed.replayed += 1
      else fixed.published += 1
    }
    outcome = isStopped() ? 'stopped' : 'done'
  } finally {
    const { published, replayed, skipped } = fixed
    const counts = { published, replayed, skipped: skipped.length }
    await desk.closeAudit(auditId, { outcome, counts })
  }
  return fixed
}

const UNFINISHED = 'somebody has dealt with it, or was killed while doing so: plan and replay it'

/** Answers why it was not sent, or null when it was. */
async function cure(
  { reader, desk, producer, isStopped }: FixOptions,
  remedy: Cure,
  { letters, inFlight }: { letters: ReadonlyMap<string, Letter>; inFlight: InFlight },
): Promise<string | null> {
  const flights = touchedBy(remedy).map(flightOf)
  for (const flight of flights) {
    // What was sent about the same seats has to show first, or this would be judged without it.
    if (await inFlight.settled(flight, isStopped)) continue
    return 'another message about its reservation or seats is under way'
  }
  for (const step of touchedBy(remedy)) {
    const { id, letter } = flightOf(step)
    const known = await reader.read([{ id, letter, dealtWith: null }])
    const now = label(letter, known.get(id)?.situation ?? null)
    if (now.label !== step.verdict.label) return `${now.label} by now: ${now.why}`
  }
  if (remedy.type === 'replay') {
    const why = await replayOnce({ desk, producer }, remedy, letters.get(remedy.id))
    if (why !== null) return why
  } else await producer.send([publicationOf(remedy)])
  // The one that it is about last: of several with the same seats the last is waited for.
  for (const flight of flights.toReversed()) inFlight.add(flight)
  return null
}

/** Answers why it was not sent, or null when it was. */
async function replayOnce(
  { desk, producer }: Pick<FixOptions, 'desk' | 'producer'>,
  { step, id }: Extract<Cure, { type: 'replay' }>,
  dead: Letter | undefined,
): Promise<string | null> {
  if (!dead) return `${id} is not in Kafka any more`
  if (!(await desk.begin([dead], { action: 'replay' }))) return UNFINISHED
  await producer.send([replayOf(dead, step.group)])
  await desk.end([dead])
  return null
}

const flightOf = ({ group, message }: Step): Flight => ({
  id: `${group} ${message.id}`,
  letter: { group, content: { ok: true, message } },
})

function publicationOf({ step, onlyFor }: Extract<Cure, { type: 'publish' }>): OutgoingRecord {
  const { message, body } = step
  return {
    topic: message.topic,
    key: message.payload.reservationId,
    value: body,
    headers: { 'content-type': CONTENT_TYPE, ...(onlyFor !== null && { [REPLAY_FOR]: onlyFor }) },
  }
}
