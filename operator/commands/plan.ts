/** `dlq plan`: reads dead letters and the present state, and says what each would do now. */
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Stretch } from '../../platform/kafka/scan.ts'
import { CommandFailed } from '../cli/failure.ts'
import type { Progress } from '../cli/progress.ts'
import { table } from '../cli/table.ts'
import { countOf } from '../cli/words.ts'
import { LABELS } from '../labels/situation.ts'
import { type FilterOptions, type Filters, parseFilters, typedFilters } from '../letters/filters.ts'
import type { Letter } from '../letters/letter.ts'
import { readLetters } from '../letters/readLetters.ts'
import { type PlanHead, type PlanRecord, PlanWriter } from '../plan/planFile.ts'
import { LETTERS_PER_LOOK_MAX, type PlannerOptions, planLetters } from '../plan/planner.ts'
import { type Context, openReader } from './context.ts'

export interface PlanOptions extends FilterOptions {
  /** Letters at most. */
  limit?: number
  output?: string
  /** Seconds that the plan is good for. */
  validForS: number
  /** Also those that were discarded, edited or parked. */
  isAll: boolean
}

/** Records that are printed for people. */
const SHOWN_MAX = 20

export async function plan(context: Context, options: PlanOptions): Promise<void> {
  const { terminal, interrupt } = context
  interrupt.postpone()
  const createdAtMs = Date.now()
  const filters = parseFilters(options, createdAtMs)
  const folder = options.output === undefined ? mkdtempSync(join(tmpdir(), 'holdfast-')) : null
  const path = folder === null ? (options.output as string) : join(folder, 'plan.json')
  const writer = new PlanWriter(path)
  try {
    const collected = await collect(context, { filters, limit: options.limit, writer, ...options })
    const head = {
      createdAt: new Date(createdAtMs).toISOString(),
      expiresAt: new Date(createdAtMs + options.validForS * 1_000).toISOString(),
      operator: context.config.operator,
      filters: typedFilters(options),
      versions: { holdfast: release(), deadLetters: collected.ends },
    }
    const digest = await writer.finish(head)
    await remember(context, { digest, head, counts: writer.counts })
    if (terminal.isJson) await pipeline(createReadStream(path), terminal.stdout, { end: false })
    else report(context, { output: options.output, counts: writer.counts, ...collected })
  } finally {
    writer.discard()
    if (folder !== null) rmSync(folder, { recursive: true, force: true })
  }
}

interface Collected {
  planned: number
  /** The first records, for people to look at. */
  shown: PlanRecord[]
  /** How far each partition of dead letters reached. */
  ends: Record<string, string>
}

async function collect(
  context: Context,
  options: { filters: Filters; limit: number | undefined; writer: PlanWriter; isAll: boolean },
): Promise<Collected> {
  const { stores, terminal, interrupt } = context
  const { filters, writer, isAll, limit = Number.POSITIVE_INFINITY } = options
  const connection = await stores.kafka()
  const [desk, reader] = await Promise.all([stores.desk(), openReader(context)])
  const collected: Collected = { planned: 0, shown: [], ends: {} }
  let progress: Progress | null = null
  await readLetters({
    connection,
    filters,
    onBegin(stretches) {
      progress = terminal.progress('planning', totalOf(stretches))
      for (const { topic, partition, end } of stretches) {
        if (end > 0n) collected.ends[`${topic}/${partition}`] = String(end)
      }
    },
    onPassedOver: (records) => progress?.advance(records),
    async each(letters) {
      for await (const records of planned({ desk, reader }, letters, isAll)) {
        const wanted = records.slice(0, limit - collected.planned)
        await writer.add(wanted)
        collected.planned += wanted.length
        collected.shown.push(...wanted.slice(0, SHOWN_MAX - collected.shown.length))
        progress?.advance(records.length)
        if (interrupt.isAsked || collected.planned >= limit) return false
      }
      return true
    },
  })
  ;(progress as Progress | null)?.end()
  if (interrupt.isAsked) throw new CommandFailed('stopped before the plan was complete')
  return collected
}

async function* planned(
  planner: PlannerOptions,
  letters: readonly Letter[],
  isAll: boolean,
): AsyncGenerator<PlanRecord[]> {
  for (let at = 0; at < letters.length; at += LETTERS_PER_LOOK_MAX) {
    yield await planLetters(planner, letters.slice(at, at + LETTERS_PER_LOOK_MAX), isAll)
  }
}

const totalOf = (stretches: readonly Stretch[]): number =>
  stretches.reduce((sum, { next, end }) => sum + Math.max(0, Number(end - next)), 0)

function release(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function remember(
  { stores }: Context,
  made: { digest: string; head: Omit<PlanHead, 'counts'>; counts: PlanHead['counts'] },
): Promise<void> {
  const { digest, head, counts } = made
  const desk = await stores.desk()
  await desk.addPlan({
    digest,
    filters: JSON.stringify(head.filters),
    counts: JSON.stringify(counts),
    createdAtMs: Date.parse(head.createdAt),
    expiresAtMs: Date.parse(head.expiresAt),
  })
}

function report(
  { terminal }: Context,
  of: Collected & { output: string | undefined; counts: PlanHead['counts'] },
): void {
  const { output, counts, planned: total, shown } = of
  for (const line of table(LABELS.map((label) => [label, String(counts[label])]))) {
    terminal.say(line)
  }
  terminal.say()
  for (const line of table(
    shown.map(({ id, group, label, why }) => [id, group ?? '?', label, why]),
  )) {
    terminal.say(line)
  }
  if (total > shown.length) terminal.say(`... and ${total - shown.length} more`)
  terminal.say()
  terminal.say(
    output === undefined
      ? `${countOf(total, 'dead letter')}; to replay them, write the plan down with -o plan.json`
      : `${countOf(total, 'dead letter')} planned in ${output}`,
  )
}
