/** `dlq discard`: marks the records of a plan as dealt with. They stay in Kafka. */
import { CommandFailed, UsageError } from '../cli/failure.ts'
import { table } from '../cli/table.ts'
import { countOf } from '../cli/words.ts'
import type { Desk } from '../desk/desk.ts'
import { LABELS, type Label } from '../labels/situation.ts'
import { noCounts, type PlanRecord, readPlan } from '../plan/planFile.ts'
import { inTurn } from '../replay/turn.ts'
import type { Context } from './context.ts'
import { demandOurs } from './replay.ts'

export interface DiscardOptions {
  /** Labels; null for all records of the plan. */
  only: readonly Label[] | null
}

const WRITTEN_AT_ONCE_MAX = 500

export async function discard(
  { stores, terminal, interrupt }: Context,
  path: string,
  { only }: DiscardOptions,
): Promise<void> {
  interrupt.postpone()
  const made = readPlan(path, Date.now())
  const desk = await stores.desk()
  await demandOurs(desk, made, path)
  const chosen = made.records.filter(({ label }) => only === null || only.includes(label))
  const counts = noCounts()
  for (const { label } of chosen) counts[label] += 1
  for (const line of table(LABELS.map((label) => [label, String(counts[label])]))) {
    terminal.note(line)
  }
  const question = `${countOf(chosen.length, 'record')} will not be offered for replay any more.`
  if (!(await terminal.confirm(question, String(chosen.length), 'discards nothing'))) {
    throw new UsageError('nothing was discarded: confirm it by typing the count, or with --yes')
  }
  const filters = { ...made.filters, only }
  const opened = { command: 'discard', filters, digest: made.digest, counts }
  const auditId = await desk.openAudit(opened)
  let discarded = 0
  const begun: PlanRecord[] = []
  for (let at = 0; at < chosen.length && !interrupt.isAsked; at += WRITTEN_AT_ONCE_MAX) {
    const some = chosen.slice(at, at + WRITTEN_AT_ONCE_MAX)
    discarded += await discardSome(desk, some, { planDigest: made.digest, begun })
  }
  if (begun.length > 0) {
    const what = { action: 'discard' as const, planDigest: made.digest, isDone: true }
    await inTurn({ desk, terminal, interrupt }, async () => {
      for (const record of begun) {
        if (!interrupt.isAsked && (await desk.takeOver(record, what))) discarded += 1
      }
    })
  }
  const outcome = interrupt.isAsked ? 'stopped' : 'done'
  await desk.closeAudit(auditId, { outcome, counts: { ...counts, discarded } })
  terminal.json({ digest: made.digest, discarded, done: chosen.length - discarded })
  if (!terminal.isJson) {
    terminal.say(`${discarded} discarded, ${chosen.length - discarded} dealt with before`)
  }
  if (interrupt.isAsked) throw new CommandFailed('stopped; the same command goes on from there')
}

/**
 * Answers how many of them nobody had dealt with, and adds those to `begun` of which somebody has
 * begun something that is under way, or was killed.
 */
async function discardSome(
  desk: Desk,
  records: readonly PlanRecord[],
  { planDigest, begun }: { planDigest: string; begun: PlanRecord[] },
): Promise<number> {
  const dispositions = await desk.dispositionsOf(records)
  const open = records.filter(({ id }) => !dispositions.has(id))
  begun.push(...records.filter(({ id }) => dispositions.get(id)?.endedAtMs === null))
  const what = { action: 'discard' as const, planDigest, isDone: true }
  if (await desk.begin(open, what)) return open.length
  // Somebody is at the same records just now: one by one, so that only theirs are left out.
  let discarded = 0
  for (const record of open) if (await desk.begin([record], what)) discarded += 1
  return discarded
}
