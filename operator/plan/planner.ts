/** Labels dead letters: what each would do if it were handled now. */

import { timeInWords } from '../cli/words.ts'
import type { Action, Desk, Disposition } from '../desk/desk.ts'
import { label } from '../labels/label.ts'
import { reasonOf } from '../letters/filters.ts'
import { contentOf, keyTextOf, type Letter, REPLAYS_MAX } from '../letters/letter.ts'
import type { ReadsSituations } from '../state/situations.ts'
import type { PlanRecord } from './planFile.ts'

export interface PlannerOptions {
  desk: Desk
  reader: ReadsSituations
}

/** Letters per question to the stores. */
export const LETTERS_PER_LOOK_MAX = 250

/**
 * The plan's records of some letters, in their order. Those that were discarded, edited or parked
 * are dealt with and left out, unless `isAll`.
 *
 * @throws OperationalError or RedisUnavailable when a store does not answer
 */
export async function planLetters(
  { desk, reader }: PlannerOptions,
  letters: readonly Letter[],
  isAll: boolean,
): Promise<PlanRecord[]> {
  const records: PlanRecord[] = []
  for (let at = 0; at < letters.length; at += LETTERS_PER_LOOK_MAX) {
    const some = letters.slice(at, at + LETTERS_PER_LOOK_MAX)
    const dispositions = await desk.dispositionsOf(some)
    const open = some.filter(({ id }) => isAll || !isPutAway(dispositions.get(id)))
    records.push(...(await labelled(reader, open, dispositions)))
  }
  return records
}

const isPutAway = (disposition: Disposition | undefined): boolean =>
  disposition !== undefined && disposition.action !== 'replay' && disposition.endedAtMs !== null

const DONE: Record<Action, string> = {
  ...{ replay: 'replayed', park: 'parked', edit: 'edited', discard: 'discarded' },
}
export const doneInWords = (action: Action): string => DONE[action]

/** What was done about a letter, in words; null for nothing, and for what may not have happened. */
export function dealtWithInWords(disposition: Disposition | undefined): string | null {
  if (!disposition || disposition.endedAtMs === null) return null
  const { action, operator, endedAtMs } = disposition
  return `${doneInWords(action)} by ${operator} at ${timeInWords(endedAtMs)}`
}

async function labelled(
  reader: ReadsSituations,
  letters: readonly Letter[],
  dispositions: ReadonlyMap<string, Disposition>,
): Promise<PlanRecord[]> {
  const asked = letters.map((letter) => ({
    id: letter.id,
    letter: { group: letter.group, content: contentOf(letter) },
    dealtWith: dealtWithInWords(dispositions.get(letter.id)),
  }))
  const known = await reader.read(asked)
  return letters.map((letter, at) => {
    const { letter: read, dealtWith } = asked[at] as (typeof asked)[number]
    const found = known.get(letter.id)
    const verdict = dealtWith
      ? { label: 'already applied' as const, why: dealtWith }
      : label(read, found?.situation ?? null)
    return recordOf(letter, read.content, verdict, found?.against ?? {})
  })
}

function recordOf(
  letter: Letter,
  content: ReturnType<typeof contentOf>,
  { label: found, why }: Pick<PlanRecord, 'label' | 'why'>,
  against: Record<string, string>,
): PlanRecord {
  const message = content.ok ? content.message : null
  const isWornOut = letter.replays >= REPLAYS_MAX && found !== 'already applied'
  return {
    id: letter.id,
    topic: letter.topic,
    group: letter.group,
    reservationId: message?.payload.reservationId ?? keyTextOf(letter),
    showId: message?.payload.showId ?? null,
    label: found,
    why: isWornOut ? `${why}; ${letter.replays} replays have failed: it will be parked` : why,
    messageId: message?.id ?? null,
    amount: message?.payload.amount ?? null,
    reason: reasonOf(letter),
    failedAt: new Date(letter.failedAtMs).toISOString(),
    replays: letter.replays,
    fingerprint: letter.fingerprint,
    against,
  }
}
