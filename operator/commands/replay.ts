/** `dlq replay`: carries out a plan, and nothing but the plan. */
import { parkingTopicOf } from '../../contracts/topics.ts'
import type { KafkaConnection } from '../../platform/kafka/connection.ts'
import { ensureDeadLetterTopics } from '../../platform/kafka/topics.ts'
import { CommandFailed, UsageError } from '../cli/failure.ts'
import { table } from '../cli/table.ts'
import { amountInWords, countOf } from '../cli/words.ts'
import type { Desk } from '../desk/desk.ts'
import type { Label } from '../labels/situation.ts'
import { type Letter, REPLAYS_MAX } from '../letters/letter.ts'
import { findLetters } from '../letters/readLetters.ts'
import { type Plan, type PlanRecord, readPlan } from '../plan/planFile.ts'
import { Replayer, type ReplayReport } from '../replay/replayer.ts'
import { inTurn } from '../replay/turn.ts'
import { type Context, openReader } from './context.ts'

export interface ReplayOptions {
  /** Records per second. */
  rate: number
  /** Labels; null for what is safe, and what ends in a refund once that is confirmed. */
  only: readonly Label[] | null
  isDryRun: boolean
}

const SKIPPED_SHOWN_MAX = 20
/** Records whose dispositions are asked for at a time. */
const LOOK_MAX = 1_000

/** Labels that a replay can do something about. */
export const REPLAYABLE: readonly Label[] = ['apply', 'superseded', 'human']

export async function replay(
  context: Context,
  path: string,
  options: ReplayOptions,
): Promise<void> {
  context.interrupt.postpone()
  const made = readPlan(path, Date.now())
  const connection = await context.stores.kafka()
  const desk = await context.stores.desk()
  await demandOurs(desk, made, path)
  const chosen = await choose(context, desk, made, options)
  const report = await audited(desk, made, options, (begun) =>
    carryOut(context, { connection, desk, made, chosen, options, begun }),
  )
  tell(context, { made, chosen, report, options })
}

/** Writes the audit row, whatever comes of it; a rehearsal needs none. */
async function audited(
  desk: Desk,
  { digest, filters }: Plan,
  { only, rate, isDryRun }: ReplayOptions,
  work: (begun: (report: ReplayReport) => void) => Promise<void>,
): Promise<ReplayReport> {
  const nothing = { sent: 0, parked: 0, done: 0, skipped: [], isComplete: false }
  let report: ReplayReport = nothing
  const begun = (it: ReplayReport): void => {
    report = it
  }
  if (isDryRun) {
    await work(begun)
    return report
  }
  const opened = { command: 'replay', filters: { ...filters, only, rate }, digest, counts: {} }
  const auditId = await desk.openAudit(opened)
  let outcome: 'failed' | 'stopped' | 'done' = 'failed'
  try {
    await work(begun)
    outcome = report.isComplete ? 'done' : 'stopped'
  } finally {
    const { sent, parked, done, skipped } = report
    const counts = { sent, parked, done, skipped: skipped.length }
    await desk.closeAudit(auditId, { outcome, counts })
  }
  return report
}

/** A plan of another system, or one whose digest was made to fit, is not on record here. */
export async function demandOurs(desk: Desk, made: Plan, path: string): Promise<void> {
  if (await desk.hasPlan(made.digest)) return
  throw new UsageError(
    `${path} was not made for this system: its digest is not on record. Plan anew`,
  )
}

/** The records to carry out. What moves money is confirmed by typing its count, or with --yes. */
async function choose(
  { terminal, interrupt }: Context,
  desk: Desk,
  { records }: Plan,
  { only, isDryRun }: ReplayOptions,
): Promise<PlanRecord[]> {
  const isWorn = ({ replays, label }: PlanRecord): boolean =>
    replays >= REPLAYS_MAX && label !== 'already applied'
  const wanted = new Set<Label>(only ?? ['apply', 'superseded'])
  const chosen = records.filter((one) => wanted.has(one.label) || (only === null && isWorn(one)))
  const money = chosen.filter((one) => !isWorn(one) && one.label !== 'apply')
  if (money.length === 0 || isDryRun) return chosen
  // What is done already is asked about no more: a plan may be carried out again and again.
  const grave = await undone(desk, money)
  if (grave.length === 0) return chosen
  const question = `${countOf(grave.length, 'record')} may end in refunds: ${sumOf(grave)}.`
  if (await terminal.confirm(question, String(grave.length), 'leaves them out')) return chosen
  if (interrupt.isAsked) throw new CommandFailed('stopped: nothing was sent')
  if (only !== null && chosen.length === grave.length) {
    throw new UsageError(`${question} Nothing was sent: confirm it with --yes`)
  }
  terminal.note(`${question} They are left out: confirm them with --yes`)
  const isGrave = new Set(grave)
  return chosen.filter((one) => !isGrave.has(one))
}

async function undone(desk: Desk, records: readonly PlanRecord[]): Promise<PlanRecord[]> {
  const left: PlanRecord[] = []
  for (let at = 0; at < records.length; at += LOOK_MAX) {
    const some = records.slice(at, at + LOOK_MAX)
    const dispositions = await desk.dispositionsOf(some)
    left.push(...some.filter(({ id }) => (dispositions.get(id)?.endedAtMs ?? null) === null))
  }
  return left
}

function sumOf(records: readonly PlanRecord[]): string {
  const sums = new Map<string, number>()
  for (const { amount } of records) {
    if (amount) sums.set(amount.currency, (sums.get(amount.currency) ?? 0) + amount.value)
  }
  return [...sums].map(([currency, value]) => amountInWords({ currency, value })).join(', ')
}

async function carryOut(
  context: Context,
  of: {
    connection: KafkaConnection
    desk: Desk
    made: Plan
    chosen: readonly PlanRecord[]
    options: ReplayOptions
    begun: (report: ReplayReport) => void
  },
): Promise<void> {
  const { connection, desk, made, chosen, options, begun } = of
  const { terminal, interrupt, stores } = context
  const [reader, producer] = await Promise.all([openReader(context), stores.producer()])
  const progress = terminal.progress(options.isDryRun ? 'rehearsing' : 'replaying', chosen.length)
  await inTurn({ desk, terminal, interrupt }, async (isLost) => {
    const replayer = new Replayer({
      ...{ desk, reader, producer, digest: made.digest, isDryRun: options.isDryRun },
      findLetters: (ids) => findLetters(connection, ids),
      makeParking: (letters) => makeParking(connection, letters),
      perSecond: options.rate,
      isStopped: () => interrupt.isAsked || isLost(),
      onProgress: (records) => progress.advance(records),
    })
    begun(replayer.report)
    await replayer.run(chosen)
    if (isLost()) throw new CommandFailed('the connection to SQL was lost; run the same command')
  }).finally(() => progress.end())
}

const makeParking = (connection: KafkaConnection, letters: readonly Letter[]): Promise<void> =>
  ensureDeadLetterTopics(
    connection,
    [...new Set(letters.map(({ topic }) => topic))].map((topic) => ({
      topic: parkingTopicOf(topic),
      like: topic,
    })),
  )

function tell(
  { terminal }: Context,
  of: {
    made: Plan
    chosen: readonly PlanRecord[]
    report: ReplayReport
    options: ReplayOptions
  },
): void {
  const { made, chosen, report, options } = of
  const { sent, parked, done, skipped, isComplete } = report
  const left = made.records.length - chosen.length
  const undone = chosen.length - sent - parked - done - skipped.length
  terminal.json({
    ...{ digest: made.digest, dryRun: options.isDryRun, sent, parked, done, skipped },
    ...{ left, undone, complete: isComplete },
  })
  if (!terminal.isJson) {
    const would = options.isDryRun ? 'would be ' : ''
    const facts = [
      `${sent} ${would}sent`,
      ...(parked > 0 ? [`${parked} ${would}parked`] : []),
      ...(done > 0 ? [`${done} dealt with before`] : []),
      ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
      ...(left > 0 ? [`${left} not meant to be sent`] : []),
    ]
    terminal.say(facts.join(', '))
    for (const line of table(
      skipped
        .slice(0, SKIPPED_SHOWN_MAX)
        .map(({ id, planned, now, why }) => [
          `  ${id}`,
          now === null ? planned : `${planned} -> ${now}`,
          why,
        ]),
    )) {
      terminal.say(line)
    }
    if (skipped.length > SKIPPED_SHOWN_MAX) {
      terminal.say(`  ... and ${skipped.length - SKIPPED_SHOWN_MAX} more`)
    }
  }
  if (!isComplete) {
    throw new CommandFailed(`stopped with ${undone} left; the same command goes on from there`)
  }
}
