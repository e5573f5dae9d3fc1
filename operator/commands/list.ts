/** `dlq list`: what is stuck, where and why, and how the groups and outboxes are doing beside it. */
import { TOPIC_FACTS } from '../../contracts/asyncapi.ts'
import { parkingTopicOf, TOPICS, type Topic } from '../../contracts/topics.ts'
import { lagOfGroups } from '../../platform/kafka/lag.ts'
import { recordsIn } from '../../platform/kafka/topicSizes.ts'
import { oldestUnpublishedAgeMs } from '../../platform/outbox/rows.ts'
import { table } from '../cli/table.ts'
import { countOf, durationInWords, timeInWords } from '../cli/words.ts'
import type { Disposition } from '../desk/desk.ts'
import { reasonOf } from '../letters/filters.ts'
import type { Letter } from '../letters/letter.ts'
import { readLetters } from '../letters/readLetters.ts'
import type { Context } from './context.ts'

/** Letters whose dispositions are asked for at a time. */
const LOOK_MAX = 1_000
const REASONS_SHOWN_MAX = 3
/** Kinds of errors that are counted apart; an error that names ids or numbers is one kind. */
const REASONS_MAX = 1_000

interface Pile {
  topic: Topic
  group: string
  count: number
  oldestMs: number
  newestMs: number
  reasons: Map<string, number>
  done: Record<Disposition['action'], number>
}

export async function list(context: Context): Promise<void> {
  const { stores, terminal } = context
  const connection = await stores.kafka()
  const [piles, beside] = await Promise.all([gatherPiles(context), lookBeside(context)])
  const parking = await recordsIn(connection, TOPICS.map(parkingTopicOf))
  const topics = [...piles.values()].map(summaryOf).sort((a, b) => b.count - a.count)
  const sum = (count: (one: (typeof topics)[number]) => number): number =>
    topics.reduce((total, one) => total + count(one), 0)
  const totals = {
    count: sum(({ count }) => count),
    replayed: sum(({ replayed }) => replayed),
    discarded: sum(({ discarded }) => discarded),
    edited: sum(({ edited }) => edited),
    parked: sum(({ parked }) => parked),
    open: sum(({ open }) => open),
  }
  const parked = [...parking].map(([topic, count]) => ({ topic, count }))
  const whole = { topics, totals, parking: parked, ...beside }
  if (terminal.isJson) terminal.json(whole)
  else print(context, whole)
}

async function gatherPiles({ stores }: Context): Promise<Map<string, Pile>> {
  const [connection, desk] = await Promise.all([stores.kafka(), stores.desk()])
  const piles = new Map<string, Pile>()
  await readLetters({
    connection,
    filters: {},
    async each(letters) {
      for (let at = 0; at < letters.length; at += LOOK_MAX) {
        const some = letters.slice(at, at + LOOK_MAX)
        const dispositions = await desk.dispositionsOf(some)
        for (const letter of some) lay(piles, letter, dispositions.get(letter.id))
      }
      return true
    },
  })
  return piles
}

function lay(piles: Map<string, Pile>, letter: Letter, disposition: Disposition | undefined): void {
  const { topic, failedAtMs } = letter
  const group = letter.group ?? '(unknown)'
  const key = `${topic} ${group}`
  let pile = piles.get(key)
  if (!pile) {
    const done = { replay: 0, park: 0, edit: 0, discard: 0 }
    const reasons = new Map<string, number>()
    pile = { topic, group, count: 0, oldestMs: failedAtMs, newestMs: failedAtMs, reasons, done }
    piles.set(key, pile)
  }
  pile.count += 1
  pile.oldestMs = Math.min(pile.oldestMs, failedAtMs)
  pile.newestMs = Math.max(pile.newestMs, failedAtMs)
  const kind = kindOf(reasonOf(letter))
  const counted = pile.reasons.has(kind) || pile.reasons.size < REASONS_MAX ? kind : 'other'
  pile.reasons.set(counted, (pile.reasons.get(counted) ?? 0) + 1)
  if (disposition?.endedAtMs) pile.done[disposition.action] += 1
}

/** The reason without what differs from record to record: ids, numbers, and a piece of the body. */
export const kindOf = (reason: string): string =>
  reason
    .replace(/^(NOT_JSON): .*$/s, '$1: the record is no JSON')
    .replace(/\b[rt]\d\d_[0-9a-z_]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+(-\d+)*/g, '…')
    .slice(0, 160)

function summaryOf({ topic, group, count, oldestMs, newestMs, reasons, done }: Pile) {
  const dealtWith = done.replay + done.park + done.edit + done.discard
  return {
    topic,
    group,
    count,
    oldest: new Date(oldestMs).toISOString(),
    newest: new Date(newestMs).toISOString(),
    reasons: [...reasons]
      .sort(([, a], [, b]) => b - a)
      .slice(0, REASONS_SHOWN_MAX)
      .map(([reason, times]) => ({ reason, count: times })),
    replayed: done.replay,
    discarded: done.discard,
    edited: done.edit,
    parked: done.park,
    open: count - dealtWith,
  }
}

async function lookBeside({ stores }: Context) {
  const [connection, databases] = await Promise.all([stores.kafka(), stores.databases()])
  const topicsOf = new Map<string, string[]>()
  for (const topic of TOPICS) {
    for (const group of TOPIC_FACTS[topic].consumers) {
      topicsOf.set(group, [...(topicsOf.get(group) ?? []), topic])
    }
  }
  const outbox = await Promise.all(
    Object.entries(databases).map(async ([service, db]) => ({
      service,
      oldestAgeSeconds: (await oldestUnpublishedAgeMs(db)) / 1_000,
    })),
  )
  return { groups: await lagOfGroups(connection, topicsOf), outbox }
}

type Whole = Awaited<ReturnType<typeof lookBeside>> & {
  topics: ReturnType<typeof summaryOf>[]
  totals: Record<string, number>
  parking: { topic: string; count: number }[]
}

function print({ terminal }: Context, { topics, totals, parking, groups, outbox }: Whole): void {
  const HEAD = ['topic', 'group', 'count', 'open', 'replayed', 'discarded', 'oldest', 'newest']
  if (topics.length === 0) terminal.say('No dead letters.')
  else {
    const rows = topics.map((one) => [
      ...[one.topic, one.group, String(one.count), String(one.open), String(one.replayed)],
      ...[String(one.discarded), at(one.oldest), at(one.newest)],
    ])
    for (const line of table([HEAD, ...rows])) terminal.say(line)
    terminal.say()
    for (const { topic, group, reasons } of topics) {
      for (const { reason, count } of reasons) {
        terminal.say(`  ${String(count).padStart(6)}  ${topic} ${group}: ${reason}`)
      }
    }
    terminal.say()
    const dealtWith = ['replayed', 'edited', 'parked', 'discarded']
      .map((name) => `${totals[name]} ${name}`)
      .join(', ')
    terminal.say(`${countOf(totals.count ?? 0, 'dead letter')}, ${totals.open} open: ${dealtWith}`)
  }
  for (const { topic, count } of parking.filter((one) => one.count > 0)) {
    terminal.say(`${topic}: ${count}`)
  }
  const behind = groups.filter(({ lag }) => lag > 0)
  const lag = behind.map((one) => `${one.group} ${one.lag} on ${one.topic}`).join(', ')
  terminal.say(`behind: ${lag === '' ? 'no group' : lag}`)
  const ages = outbox.map(
    ({ service, oldestAgeSeconds }) => `${service} ${durationInWords(oldestAgeSeconds)}`,
  )
  terminal.say(`oldest unpublished message: ${ages.join(', ')}`)
}

const at = (time: string): string => timeInWords(Date.parse(time)).slice(0, 19)
