/**
 * A plan on disk: a readable JSON file, one record per line, whose digest is taken over the
 * canonical form of what it says, so that it may be reformatted and may not be changed.
 *
 * The canonical form of a value is its JSON without blanks and with sorted keys. The digest is the
 * SHA-256 of the canonical form of each record in order and then of the head (everything but
 * `digest` and `records`), each followed by a line feed.
 */
import { createHash, type Hash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { finished, pipeline } from 'node:stream/promises'
import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { TOPICS } from '../../contracts/topics.ts'
import { UsageError } from '../cli/failure.ts'
import { LABELS, type Label } from '../labels/situation.ts'

const literals = <T extends string>(words: readonly T[]) =>
  Type.Union(words.map((word) => Type.Literal(word)))
const Nullable = Type.Union([Type.String(), Type.Null()])

export const PlanRecord = Type.Object({
  id: Type.String(),
  topic: literals(TOPICS),
  group: Nullable,
  reservationId: Nullable,
  showId: Nullable,
  label: literals(LABELS),
  why: Type.String(),
  messageId: Nullable,
  amount: Type.Union([
    Type.Object({ currency: Type.String(), value: Type.Integer() }),
    Type.Null(),
  ]),
  /** The error that made it a dead letter. */
  reason: Type.String(),
  failedAt: Type.String(),
  replays: Type.Integer(),
  fingerprint: Type.String(),
  /** The states that the label was made against. */
  against: Type.Record(Type.String(), Type.String()),
})
export type PlanRecord = Static<typeof PlanRecord>

const PlanHead = Type.Object({
  createdAt: Type.String(),
  expiresAt: Type.String(),
  operator: Type.String(),
  filters: Type.Record(Type.String(), Type.Unknown()),
  counts: Type.Unsafe<Record<Label, number>>(Type.Record(Type.String(), Type.Integer())),
  /** The release that made it, and how far each partition of dead letters reached then. */
  versions: Type.Object({
    holdfast: Type.String(),
    deadLetters: Type.Record(Type.String(), Type.String()),
  }),
})
export type PlanHead = Static<typeof PlanHead>

const Plan = Type.Intersect([
  Type.Object({ digest: Type.String(), records: Type.Array(PlanRecord) }),
  PlanHead,
])
export type Plan = Static<typeof Plan>

const checkPlan = TypeCompiler.Compile(Plan)

/** JSON without blanks and with sorted keys. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  const members = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
  return `{${members.join(',')}}`
}

const update = (hash: Hash, value: unknown): Hash => hash.update(`${canonical(value)}\n`)

export function digestOf({ records, ...rest }: Plan): string {
  const { digest: _digest, ...head } = rest
  const hash = createHash('sha256')
  for (const record of records) update(hash, record)
  return update(hash, head).digest('hex')
}

export const noCounts = (): Record<Label, number> =>
  Object.fromEntries(LABELS.map((label) => [label, 0])) as Record<Label, number>

/** Writes a plan record by record, in memory that does not grow with it. */
export class PlanWriter {
  readonly #path: string
  readonly #hash = createHash('sha256')
  readonly #records: ReturnType<typeof createWriteStream>
  readonly counts = noCounts()
  #count = 0

  /** @throws UsageError when the file cannot be written */
  constructor(path: string) {
    // A device would be replaced by a file: as root, /dev/null for the whole machine.
    const is = statSync(path, { throwIfNoEntry: false })
    if (is && !is.isFile()) throw new UsageError(`cannot write ${path}: it is no file`)
    this.#path = path
    this.#records = createWriteStream(`${path}.records`)
    // Told again by the next write; without a listener it would end the process.
    this.#records.on('error', () => undefined)
  }

  async add(records: readonly PlanRecord[]): Promise<void> {
    for (const record of records) {
      update(this.#hash, record)
      this.counts[record.label] += 1
      const line = `${this.#count === 0 ? '' : ',\n'}    ${JSON.stringify(record)}`
      this.#count += 1
      if (this.#records.errored) throw cannotWrite(this.#path, this.#records.errored)
      if (!this.#records.write(line)) await drained(this.#records)
    }
  }

  /** Puts head and records together. Answers the digest. */
  async finish(head: Omit<PlanHead, 'counts'>): Promise<string> {
    try {
      this.#records.end()
      await finished(this.#records)
      const whole: PlanHead = { ...head, counts: this.counts }
      const digest = update(this.#hash, whole).digest('hex')
      const members = JSON.stringify({ digest, ...whole }, null, 2).replace(/\n\}$/, '')
      const out = createWriteStream(`${this.#path}.new`)
      out.write(`${members},\n  "records": [\n`)
      await pipeline(createReadStream(`${this.#path}.records`), out, { end: false })
      out.end('\n  ]\n}\n')
      await finished(out)
      renameSync(`${this.#path}.new`, this.#path)
      return digest
    } catch (error) {
      throw cannotWrite(this.#path, error)
    } finally {
      this.discard()
    }
  }

  /** Removes what was written so far. */
  discard(): void {
    this.#records.destroy()
    for (const part of ['records', 'new']) rmSync(`${this.#path}.${part}`, { force: true })
  }
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off('drain', go)
      stream.off('error', go)
      resolve()
    }
    stream.on('drain', go)
    stream.on('error', go)
  })
}

const cannotWrite = (path: string, cause: unknown): UsageError =>
  new UsageError(`cannot write ${path}: ${(cause as Error).message}`)

/**
 * Reads a plan and makes sure that it is what was written, and still good.
 *
 * @throws UsageError saying what is wrong with the file
 */
export function readPlan(path: string, nowMs: number): Plan {
  let plan: unknown
  try {
    plan = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UsageError(`cannot read the plan ${path}: ${(error as Error).message}`)
  }
  if (!checkPlan.Check(plan)) {
    const first = checkPlan.Errors(plan).First()
    throw new UsageError(`${path} is no plan: ${first?.path || '/'} ${first?.message}`)
  }
  if (digestOf(plan) !== plan.digest) {
    throw new UsageError(
      `${path} was changed after it was made: its digest does not fit. Plan anew`,
    )
  }
  const expiresAtMs = Date.parse(plan.expiresAt)
  if (!(expiresAtMs > nowMs)) {
    throw new UsageError(`${path} expired at ${plan.expiresAt}: the world has moved on. Plan anew`)
  }
  return plan
}
