/** Every message of some reservations, as each group that listens would handle it now. */
import { TOPIC_FACTS } from '../../contracts/asyncapi.ts'
import type { Facts } from '../checker/facts.ts'
import type { Desk } from '../desk/desk.ts'
import { label } from '../labels/label.ts'
import type { Letter } from '../letters/letter.ts'
import { dealtWithInWords } from '../plan/planner.ts'
import type { ReadsSituations } from '../state/situations.ts'
import type { Publication } from './publications.ts'
import type { Step } from './remedy.ts'

/** Messages per question to the stores. */
const LOOK_MAX = 500

export interface StepOptions {
  facts: Facts
  publications: readonly Publication[]
  reader: ReadsSituations
  desk: Desk
  /** The dead letters that the facts name, as they lie in Kafka. */
  findLetters: (ids: readonly string[]) => Promise<ReadonlyMap<string, Letter>>
}

/** The steps by reservation. */
export async function stepsOf(options: StepOptions): Promise<Map<string, Step[]>> {
  const { publications, reader } = options
  const asked = publications.flatMap((publication) =>
    TOPIC_FACTS[publication.message.topic].consumers.map((group) => ({
      ...publication,
      group,
      id: `${group} ${publication.message.id}`,
      dealtWith: null,
      letter: { group, content: { ok: true as const, message: publication.message } },
    })),
  )
  const standing = await standingOf(options)
  const steps = new Map<string, Step[]>()
  for (let at = 0; at < asked.length; at += LOOK_MAX) {
    const some = asked.slice(at, at + LOOK_MAX)
    const known = await reader.read(some)
    for (const { id, group, letter, message, body, isPublished } of some) {
      const verdict = label(letter, known.get(id)?.situation ?? null)
      const { reservationId } = message.payload
      const step = { message, body, group, verdict, isPublished, ...standing(group, message) }
      steps.set(reservationId, [...(steps.get(reservationId) ?? []), step])
    }
  }
  return steps
}

/** Where each message stands: on Kafka, a dead letter of the group, behind its backlog. */
async function standingOf({ facts, publications, desk, findLetters }: StepOptions) {
  const ours = new Set(publications.map(({ message }) => message.id))
  const onKafka = new Set(facts.messages.map(({ eventId }) => eventId))
  const lags = new Map(facts.lag.map(({ group, topic, lag }) => [`${group} ${topic}`, lag]))
  const letters = new Map<string, string>()
  for (const { group, eventId, id } of facts.deadLetters) {
    // The last one is what became of the last replay.
    if (id !== undefined && ours.has(eventId)) letters.set(`${group} ${eventId}`, id)
  }
  const ids = [...letters.values()]
  const found = ids.length === 0 ? new Map<string, Letter>() : await findLetters(ids)
  const dispositions = await desk.dispositionsOf([...found.values()])
  return (group: string, { id, topic }: { id: string; topic: string }) => {
    const deadLetter = letters.get(`${group} ${id}`) ?? null
    return {
      isOnKafka: onKafka.has(id),
      lag: lags.get(`${group} ${topic}`) ?? 0,
      deadLetter,
      replays: (deadLetter === null ? null : found.get(deadLetter)?.replays) ?? 0,
      dealtWith: deadLetter === null ? null : dealtWithInWords(dispositions.get(deadLetter)),
    }
  }
}
