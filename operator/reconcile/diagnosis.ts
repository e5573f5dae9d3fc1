/** What is wrong, in the operator's words, and what can be done about it. */
import type { Facts } from '../checker/facts.ts'
import type { FindingKind } from '../checker/finding.ts'
import { minuteInWords } from '../cli/words.ts'
import type { Disagreement } from './disagreements.ts'
import { type Remedy, remedyOf, type Step } from './remedy.ts'

export interface Diagnosis extends Disagreement {
  /** `captured 120,000 for r07_..., no ticket, no refund, stuck since 10:02 at ticket`. */
  words: string
  remedy: Remedy
}

/**
 * What to do where no message moves anything. docs/OPERATIONS.md has a section for each kind, with
 * what buyers see meanwhile.
 */
export const ADVICE: Record<FindingKind, string> = {
  'shard closed': 'the seat service opens it once Redis and SQL answer: see its log',
  'projector behind': 'the seat service projects when SQL answers: see its log',
  'group behind': 'start the service, or look into its log for what it waits for',
  'not published': 'the service publishes it when it runs and Kafka answers',
  'lost from Kafka': 'publish it again: --fix',
  'not handled': 'publish it again: --fix',
  'two live tickets': 'stop the sale of the show and decide who keeps the seat',
  'seat without owner': 'let the seat service rebuild the shard from SQL',
  'owner without seat': 'let the seat service rebuild the shard from SQL',
  'Redis and SQL differ': 'let the seat service rebuild the shard from SQL',
  'wrong count of a buyer': 'let the seat service rebuild the shard from SQL',
  'seat and ticket differ': 'see which message the reservation lacks',
  'charged twice': "return the second charge in the provider's own console",
  'refunded twice': 'take it up with the provider: more went back than came in',
  'ledger and provider differ': 'the payment service asks the provider again while it runs',
  'tickets without money': 'decide whether the tickets stand; nothing was charged',
  'money without tickets': 'see which message the reservation lacks',
  unfinished: 'see which message the reservation lacks',
  overdue: 'the seat service expires it while it runs: see its log',
  'expired twice': 'keep the log of the shard and report it: it must not happen',
}

/** Findings that say most come first: the words of the first are the words of the whole. */
const WEIGHT: readonly FindingKind[] = [
  'two live tickets',
  'charged twice',
  'refunded twice',
  'money without tickets',
  'tickets without money',
  'ledger and provider differ',
  'seat and ticket differ',
]

export function diagnose(
  disagreement: Disagreement,
  steps: readonly Step[],
  facts: Facts,
): Diagnosis {
  const weightOf = (kind: FindingKind): number =>
    WEIGHT.includes(kind) ? WEIGHT.indexOf(kind) : WEIGHT.length
  const findings = disagreement.findings.toSorted((a, b) => weightOf(a.kind) - weightOf(b.kind))
  const remedy = remedyOf(steps)
  const [first] = findings
  const words = `${first?.words ?? ''}${sinceInWords(disagreement, remedy, facts)}`
  return { ...disagreement, findings, words, remedy }
}

/** `, stuck since 10:02 at ticket`: where the saga waits, and since when. */
function sinceInWords(
  { reservationId, changedAtMs }: Disagreement,
  { step }: Remedy,
  facts: Facts,
) {
  if (reservationId === null) return ''
  const sinceMs = step ? Date.parse(step.message.time) : changedAtMs
  if (sinceMs === null) return ''
  const at = step?.group ?? lastIn(facts, reservationId)
  return `, stuck since ${minuteInWords(sinceMs)}${at === null ? '' : ` at ${at}`}`
}

/** The service that changed the reservation last. */
function lastIn({ services }: Facts, reservationId: string): string | null {
  const own = services.filter((one) => one.reservationId === reservationId)
  const [last] = own.toSorted((a, b) => (b.changedAtMs ?? 0) - (a.changedAtMs ?? 0))
  return last?.service ?? null
}

/** What `--fix` would do, or what the operator has to. */
export function remedyInWords({ remedy, findings }: Diagnosis): string {
  switch (remedy.type) {
    case 'publish': {
      const { message, verdict } = remedy.step
      const whom = remedy.onlyFor === null ? '' : ` for ${remedy.onlyFor}`
      return `publish ${message.topic} ${message.id} again${whom}: ${verdict.why}`
    }
    case 'replay':
      return `replay ${remedy.id}: ${remedy.step.verdict.why}`
    case 'none': {
      const advice = ADVICE[findings[0]?.kind ?? 'unfinished']
      return remedy.step === null ? advice : `${remedy.why} (${remedy.step.message.topic})`
    }
    default:
      throw new TypeError(`unknown remedy ${remedy satisfies never}`)
  }
}
