/** `dlq show`: one dead letter, and everything that is known about its reservation. */
import { isReservationId, shardOfReservation } from '../../contracts/ids.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import type { KafkaConnection } from '../../platform/kafka/connection.ts'
import { CommandFailed } from '../cli/failure.ts'
import { table } from '../cli/table.ts'
import { timeInWords } from '../cli/words.ts'
import type { Disposition } from '../desk/desk.ts'
import type { Label } from '../labels/situation.ts'
import { contentOf, keyTextOf, type Letter, parseLetterId } from '../letters/letter.ts'
import { findLetter, readLetters } from '../letters/readLetters.ts'
import type { PlanRecord } from '../plan/planFile.ts'
import { doneInWords, planLetters } from '../plan/planner.ts'
import { readRecords } from '../state/redisState.ts'
import { type ServiceRow, selectStates } from '../state/sqlState.ts'
import { type Moment, timelineOf } from '../state/timeline.ts'
import { type Context, openReader } from './context.ts'

/**
 * Longer than the longest hold, its extension and its payment window; what happened to the
 * reservation since then is shown.
 */
const LOOK_BACK_MS = 4 * 24 * 3_600_000
/** Dead letters of one reservation: a few, but where somebody plays. */
const LETTERS_MAX = 1_000

export async function show(context: Context, idText: string): Promise<void> {
  const { stores, terminal } = context
  parseLetterId(idText)
  const letter = await findLetter(await stores.kafka(), idText)
  const verdict = await verdictOn(context, letter)
  const content = contentOf(letter)
  const named = content.ok ? content.message.payload.reservationId : keyTextOf(letter)
  const reservationId = named !== null && isReservationId(named) ? named : null
  const about =
    reservationId === null ? null : await aboutReservation(context, letter, reservationId)
  const whole = {
    ...describe(letter),
    ...verdict,
    reservationId,
    states: about?.states ?? [],
    timeline: (about?.timeline ?? []).map(({ atMs, who, what }) => ({
      at: new Date(atMs).toISOString(),
      who,
      what,
    })),
  }
  terminal.json(whole)
  if (!terminal.isJson) print(context, whole, about?.timeline ?? [])
}

/** What a replay would do now; while a shard is closed nobody knows, and the rest is shown. */
async function verdictOn(
  context: Context,
  letter: Letter,
): Promise<{ label: Label | null; why: string }> {
  const [desk, reader] = await Promise.all([context.stores.desk(), openReader(context)])
  try {
    const [planned] = await planLetters({ desk, reader }, [letter], true)
    const { label, why } = planned as PlanRecord
    return { label, why }
  } catch (error) {
    if (error instanceof CommandFailed) return { label: null, why: error.message }
    throw error
  }
}

function describe(letter: Letter) {
  const { id, topic, group, errorClass, errorMessage, attempts, replays, record } = letter
  const content = contentOf(letter)
  const text = record.value?.toString() ?? null
  return {
    id,
    topic,
    group,
    key: keyTextOf(letter),
    error: { class: errorClass, message: errorMessage },
    attempts,
    replays,
    failedAt: new Date(letter.failedAtMs).toISOString(),
    headers: Object.fromEntries(
      Object.entries(record.headers).map(([name, value]) => [name, String(value)]),
    ),
    messageId: content.ok ? content.message.id : null,
    payload: content.ok ? content.message.payload : null,
    /** The body as it is, where it cannot be read as a message. */
    body: content.ok ? null : text,
    fault: content.ok ? null : `${content.fault}: ${content.reason}`,
  }
}

interface State {
  service: string
  state: string
  detail: string
  updatedAt: string
}

async function aboutReservation(
  { stores, config }: Context,
  letter: Letter,
  reservationId: string,
): Promise<{ states: State[]; timeline: Moment[] }> {
  const [databases, redis] = await Promise.all([stores.databases(), stores.redis()])
  const isOurs = shardOfReservation(reservationId) < config.redisShards
  const records = await readRecords(redis, isOurs ? [reservationId] : [])
  const record = records.get(reservationId) ?? null
  const rows = await Promise.all(
    Object.entries(databases).map(async ([service, db]) => {
      const row = (await selectStates(db, [reservationId])).get(reservationId)
      return row ? [stateOf(service, row)] : [{ service, state: '-', detail: '', updatedAt: '' }]
    }),
  )
  const sinceMs = letter.failedAtMs - LOOK_BACK_MS
  const timeline = await timelineOf(databases, { reservationId, sinceMs, record })
  const letters = await lettersOf(await stores.kafka(), reservationId)
  const dispositions = await (await stores.desk()).dispositionsOf(letters)
  const moments = [
    ...timeline,
    ...letters.map(failureOf),
    ...[...dispositions.values()].map(dispositionMoment),
  ].sort((a, b) => a.atMs - b.atMs)
  return { states: [...redisStateOf(record), ...rows.flat()], timeline: moments }
}

/** What any group has given up about the reservation. */
async function lettersOf(connection: KafkaConnection, reservation: string): Promise<Letter[]> {
  const letters: Letter[] = []
  await readLetters({
    connection,
    filters: { reservation },
    each(some) {
      letters.push(...some)
      return letters.length < LETTERS_MAX
    },
  })
  return letters
}

const stateOf = (service: string, { state, detail, updatedAtMs }: ServiceRow): State => ({
  service,
  state,
  detail,
  updatedAt: new Date(updatedAtMs).toISOString(),
})

function redisStateOf(record: ReservationRecord | null): State[] {
  if (!record) return [{ service: 'redis', state: '-', detail: '', updatedAt: '' }]
  const { status, reason = '', version } = record
  const updatedAt = new Date(Number(version.split('-')[0])).toISOString()
  return [{ service: 'redis', state: status, detail: reason, updatedAt }]
}

const failureOf = ({ id, failedAtMs, group, topic, errorClass }: Letter): Moment => ({
  atMs: failedAtMs,
  who: group ?? '?',
  what: `gave up ${topic} (${errorClass})  ${id}`,
})

const dispositionMoment = (disposition: Disposition): Moment => {
  const { operator: who, action, begunAtMs, endedAtMs, id } = disposition
  const done = doneInWords(action)
  return endedAtMs === null
    ? { atMs: begunAtMs, who, what: `may have ${done} ${id}` }
    : { atMs: endedAtMs, who, what: `${done} ${id}` }
}

type Whole = ReturnType<typeof describe> & {
  label: Label | null
  why: string
  reservationId: string | null
  states: State[]
}

function print({ terminal }: Context, whole: Whole, timeline: readonly Moment[]): void {
  const { id, topic, group, key, error, attempts, replays, failedAt, label, why } = whole
  const facts: [string, string][] = [
    ['record', id],
    ['failed at', `${group ?? '?'} on ${topic}, ${failedAt}`],
    ['error', `${error.class}: ${error.message}`],
    ['attempts', `${attempts}, ${replays} replays failed`],
    ['key', key ?? '(none)'],
    ['message', whole.messageId ?? whole.fault ?? ''],
    ['replayed now', label === null ? why : `${label}: ${why}`],
  ]
  for (const line of table(facts)) terminal.say(line)
  terminal.say('\nheaders')
  for (const line of table(Object.entries(whole.headers))) terminal.say(`  ${line}`)
  terminal.say('\npayload')
  const payload = whole.payload ? JSON.stringify(whole.payload, null, 2) : (whole.body ?? '(none)')
  for (const line of payload.split('\n')) terminal.say(`  ${line}`)
  if (whole.states.length === 0) return
  terminal.say(`\n${whole.reservationId}`)
  const states = whole.states.map(({ service, state, detail, updatedAt }) => [
    service,
    state,
    updatedAt,
    detail,
  ])
  for (const line of table(states)) terminal.say(`  ${line}`)
  terminal.say('\ntimeline (UTC)')
  for (const line of table(timeline.map(({ atMs, who, what }) => [timeInWords(atMs), who, what]))) {
    terminal.say(`  ${line}`)
  }
}
