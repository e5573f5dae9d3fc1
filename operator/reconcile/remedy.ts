/**
 * What moves a stuck reservation forward: the first message of its saga that a group has not acted
 * upon. Pure: what was said, what the labels of each would be, and where the groups stand, in.
 */
import type { Message } from '../../contracts/message.ts'
import type { Verdict } from '../labels/situation.ts'
import { REPLAYS_MAX } from '../letters/letter.ts'

/** One message as one group would handle it now. */
export interface Step {
  message: Message
  body: string
  group: string
  verdict: Verdict
  /** The outbox row was marked as published, and the record is on Kafka. */
  isPublished: boolean
  isOnKafka: boolean
  /** The id of the dead letter that the group made of it. */
  deadLetter: string | null
  /** Replays of it that have failed. */
  replays: number
  /** An operator has put that dead letter away, in words. */
  dealtWith: string | null
  /** Records that the group has still to read on the topic. */
  lag: number
}

export type Remedy =
  /** Publish it again, to the group alone, or to all where Kafka never had it. */
  | { type: 'publish'; step: Step; onlyFor: string | null; others: Step[] }
  /** Replay the dead letter. */
  | { type: 'replay'; step: Step; id: string }
  /** Somebody has to look first: why. */
  | { type: 'none'; step: Step | null; why: string }

/** What each group would do that the message is sent to. */
export const touchedBy = (remedy: Exclude<Remedy, { type: 'none' }>): Step[] =>
  remedy.type === 'publish' ? [remedy.step, ...remedy.others] : [remedy.step]

/** Whether money goes either way: to be confirmed by whoever is responsible. */
export const movesMoney = (remedy: Exclude<Remedy, { type: 'none' }>): boolean =>
  touchedBy(remedy).some(
    ({ verdict }) => verdict.label === 'superseded' || verdict.isCharge === true,
  )

/** The remedy of one reservation, whose steps are given in any order. */
export function remedyOf(steps: readonly Step[]): Remedy {
  const open = steps.filter(({ verdict }) => verdict.label !== 'already applied').sort(byUrgency)
  const [first] = open
  if (!first) return { type: 'none', step: null, why: 'no message is missing' }
  const others = open.filter((one) => one !== first && one.message.id === first.message.id)
  return remedyFor(first, others)
}

function remedyFor(step: Step, others: Step[]): Remedy {
  const { verdict, group, message, lag, isOnKafka, isPublished } = step
  const { deadLetter, replays, dealtWith } = step
  if (dealtWith) return { type: 'none', step, why: `${deadLetter} was ${dealtWith}` }
  if (verdict.label === 'human' || verdict.label === 'invalid') {
    return { type: 'none', step, why: verdict.why }
  }
  if (deadLetter && replays >= REPLAYS_MAX) {
    const why = `${replays} replays of ${deadLetter} have failed: replaying a plan parks it`
    return { type: 'none', step, why }
  }
  if (deadLetter) return { type: 'replay', step, id: deadLetter }
  if (!isPublished || !isOnKafka) {
    // Whoever else listens is left out where nobody knows what they should make of it.
    const isDoubtful = others.some((one) => one.verdict.label === 'human')
    if (!isDoubtful) return { type: 'publish', step, onlyFor: null, others }
    return { type: 'publish', step, onlyFor: group, others: [] }
  }
  if (lag > 0) {
    const why = `${group} has ${lag} records of ${message.topic} still to read: is it running?`
    return { type: 'none', step, why }
  }
  return { type: 'publish', step, onlyFor: group, others: [] }
}

/** What was said first comes first; what only the buyer is told comes last. */
function byUrgency(a: Step, b: Step): number {
  const isTold = ({ group }: Step): number => (group === 'notification' ? 1 : 0)
  return isTold(a) - isTold(b) || Date.parse(a.message.time) - Date.parse(b.message.time)
}
