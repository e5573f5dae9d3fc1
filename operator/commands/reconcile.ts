/**
 * `ops reconcile`: compares what every store says, with the checker that the tests use, and says
 * what disagrees. With --fix it publishes, for each stuck reservation, the one message that moves
 * it forward.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { KafkaConnection } from '../../platform/kafka/connection.ts'
import type { Facts } from '../checker/facts.ts'
import type { Finding } from '../checker/finding.ts'
import { gather } from '../checker/gather.ts'
import { gatherProvider } from '../checker/gatherProvider.ts'
import { judge } from '../checker/judge.ts'
import { CommandFailed } from '../cli/failure.ts'
import { amountInWords, countOf } from '../cli/words.ts'
import { findLetters } from '../letters/readLetters.ts'
import { type Diagnosis, diagnose, remedyInWords } from '../reconcile/diagnosis.ts'
import { type Disagreement, disagreementsIn } from '../reconcile/disagreements.ts'
import { type Fixed, fix } from '../reconcile/fix.ts'
import { selectPublications } from '../reconcile/publications.ts'
import { movesMoney, type Step } from '../reconcile/remedy.ts'
import { stepsOf } from '../reconcile/steps.ts'
import { type Context, openReader } from './context.ts'

export interface ReconcileOptions {
  isFixing: boolean
  /** What changed within so many seconds is work under way, and no disagreement. */
  graceS: number
}

/** Between the two looks, when the first one found anything: what is in motion moves on. */
const LOOK_AGAIN_MS = 1_000
/** Asked about to see whether the provider answers at all. */
const NOBODY = 'r00_00000000000000000000000000'

export async function reconcile(context: Context, options: ReconcileOptions): Promise<void> {
  const { terminal, stores } = context
  const connection = await stores.kafka()
  const providerUrl = await askableProvider(context)
  const { facts, disagreements } = await look(context, { ...options, providerUrl })
  const diagnoses = await diagnoseAll(context, { facts, disagreements, connection })
  if (!terminal.isJson) print(context, { facts, diagnoses, isProviderAsked: providerUrl !== null })
  const fixed = options.isFixing ? await fixAll(context, diagnoses, connection) : null
  terminal.json({
    reservations: facts.records.length,
    isProviderAsked: providerUrl !== null,
    disagreements: diagnoses.map(inJson),
    fixed,
  })
}

/** The provider's URL; null, and said so, where our own ledger has to stand in for its record. */
async function askableProvider({ config, terminal }: Context): Promise<string | null> {
  const { providerUrl } = config
  const standsIn = 'our own ledger stands in for its record'
  if (providerUrl === null) {
    terminal.note(`PAYMENT_PROVIDER_URL does not name the provider: ${standsIn}`)
    return null
  }
  try {
    await gatherProvider(providerUrl, [NOBODY])
    return providerUrl
  } catch (error) {
    const why = error instanceof Error ? (error.cause ?? error) : error
    const reason = why instanceof Error ? why.message : String(why)
    terminal.note(`the provider does not answer at ${providerUrl} (${reason}): ${standsIn}`)
    return null
  }
}

async function look(
  context: Context,
  { graceS, providerUrl }: ReconcileOptions & { providerUrl: string | null },
) {
  const first = await lookOnce(context, providerUrl)
  const looks = [first]
  if (first.findings.length > 0) {
    await pause(LOOK_AGAIN_MS)
    looks.push(await lookOnce(context, providerUrl))
  }
  const last = looks.at(-1) as typeof first
  return { facts: last.facts, disagreements: disagreementsIn(looks, graceS * 1_000) }
}

async function lookOnce(
  { config, stores }: Context,
  providerUrl: string | null,
): Promise<{ facts: Facts; findings: Finding[] }> {
  const { redisUrl, redisShards, mysqlUrl, mysqlDatabasePrefix, kafkaBrokers } = config
  // Opened first, for these say in time and in words when a server is away.
  await Promise.all([stores.databases(), stores.redis()])
  try {
    const facts = await gather({
      ...{ redisUrl, redisShards, mysqlUrl, databasePrefix: mysqlDatabasePrefix, kafkaBrokers },
      ...{ sandboxUrl: providerUrl, log: stores.log },
    })
    return { facts, findings: judge(facts) }
  } catch (error) {
    throw new CommandFailed(`the stores could not all be asked: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

async function diagnoseAll(
  context: Context,
  of: { facts: Facts; disagreements: readonly Disagreement[]; connection: KafkaConnection },
): Promise<Diagnosis[]> {
  const { facts, disagreements, connection } = of
  const ids = disagreements.flatMap(({ reservationId }) => reservationId ?? [])
  let steps = new Map<string, Step[]>()
  if (ids.length > 0) {
    const databases = await context.stores.databases()
    steps = await stepsOf({
      facts,
      publications: await selectPublications(databases, ids),
      reader: await openReader(context),
      desk: await context.stores.desk(),
      findLetters: (wanted) => findLetters(connection, wanted),
    })
  }
  return disagreements.map((one) => diagnose(one, steps.get(one.reservationId ?? '') ?? [], facts))
}

function print(
  { terminal }: Context,
  of: { facts: Facts; diagnoses: readonly Diagnosis[]; isProviderAsked: boolean },
): void {
  const { facts, diagnoses, isProviderAsked } = of
  const whole = countOf(facts.records.length, 'reservation')
  if (diagnoses.length === 0) {
    const provider = isProviderAsked ? "the provider's record" : 'our ledger'
    terminal.say(`${whole} in Redis, SQL, Kafka and ${provider}: nothing disagrees`)
    return
  }
  for (const diagnosis of diagnoses) {
    terminal.say(diagnosis.words)
    for (const { words } of diagnosis.findings.slice(1)) terminal.say(`  ${words}`)
    terminal.say(`  -> ${remedyInWords(diagnosis)}`)
  }
  terminal.say(`\n${countOf(diagnoses.length, 'disagreement')} among ${whole}`)
}

/** Fixes what moves no money; what does is confirmed by typing its count, or with --yes. */
async function fixAll(
  context: Context,
  diagnoses: readonly Diagnosis[],
  connection: KafkaConnection,
): Promise<Fixed> {
  const { terminal, stores, interrupt } = context
  interrupt.postpone()
  const remedies = diagnoses.flatMap(({ remedy }) => (remedy.type === 'none' ? [] : [remedy]))
  const grave = remedies.filter(movesMoney)
  const chosen = remedies.filter((remedy) => !movesMoney(remedy))
  if (grave.length > 0) {
    const sums = grave.map(({ step }) => amountInWords(step.message.payload.amount))
    const question = `${countOf(grave.length, 'message')} may move money: ${sums.join(', ')}.`
    const isConfirmed = await terminal.confirm(question, String(grave.length), 'leaves them out')
    if (isConfirmed) chosen.push(...grave)
    else terminal.note(`${question} Nothing of that was sent: confirm it with --yes`)
  }
  const fixed = await fix({
    desk: await stores.desk(),
    reader: await openReader(context),
    producer: await stores.producer(),
    findLetters: (ids) => findLetters(connection, ids),
    remedies: chosen,
    isStopped: () => interrupt.isAsked,
  })
  terminal.say(
    `${fixed.published} published, ${fixed.replayed} replayed, ${fixed.skipped.length} skipped, ` +
      `${diagnoses.length - chosen.length} left to you`,
  )
  for (const { what, why } of fixed.skipped) terminal.say(`  ${what}: ${why}`)
  if (interrupt.isAsked) throw new CommandFailed('stopped; the same command goes on from there')
  return fixed
}

const inJson = ({ reservationId, words, changedAtMs, findings, remedy }: Diagnosis) => ({
  reservationId,
  words,
  changedAt: changedAtMs === null ? null : new Date(changedAtMs).toISOString(),
  findings,
  remedy: {
    type: remedy.type,
    ...(remedy.type === 'none' && { why: remedy.why }),
    ...(remedy.type === 'replay' && { id: remedy.id }),
    ...(remedy.type === 'publish' && { onlyFor: remedy.onlyFor }),
    ...(remedy.step && {
      topic: remedy.step.message.topic,
      messageId: remedy.step.message.id,
      group: remedy.step.group,
      ...remedy.step.verdict,
    }),
  },
})
