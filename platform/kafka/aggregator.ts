/**
 * Gathers what was fetched from many partitions and topics into batches for one handler call.
 *
 * A *claim* is what kafkajs fetched from one partition and waits for. A batch takes the heads of
 * all claims, so that under load one SQL transaction covers many messages, while a message that
 * comes alone waits for nobody. Records of a partition are handled in order, always.
 *
 *   a dependency is down   the batch waits and is tried again, for as long as it takes
 *   the batch fails        it is halved until the culprit stands alone; neighbours succeed
 *   the culprit fails      a bug: dead letter at once; else its partition is held and tried again
 *                          later, while the others go on; a dead letter after ATTEMPTS_MAX
 */
import { decodeMessage, type Message } from '../../contracts/message.ts'
import { isDependencyDown } from '../errors.ts'
import { failpoint } from '../failpoints.ts'
import type { Log } from '../log.ts'
import { backoffMs, Interruptible } from './backoff.ts'
import type { ConsumerMetrics } from './consumerMetrics.ts'
import {
  deadLetterOf,
  describeError,
  type Failure,
  type FetchedRecord,
  isForAnother,
  isProgrammersError,
} from './deadLetter.ts'
import type { RecordSender } from './producer.ts'

/** How often a message is tried alone before it becomes a dead letter. */
export const ATTEMPTS_MAX = 5
const HOLD_BACKOFF = { baseMs: 100, limitMs: 5_000, factor: 3 }
const DOWN_BACKOFF = { baseMs: 100, limitMs: 1_000 }

/** What was fetched from one partition, in order of offsets. */
export interface Claim {
  readonly records: readonly FetchedRecord[]
  /** Called as the beginning of the claim is done with, with the last offset that is. */
  onSettled(lastOffset: string): void
  /** Asks to leave the partition alone for a while, and then to fetch again what is not settled. */
  onHeld(delayMs: number): void
}

interface OpenClaim extends Claim {
  /** Index of the first record that is not settled. */
  next: number
  isHeld: boolean
  finish(): void
}

/** One record on its way through the chain: decoded, or the reason why it cannot be. */
interface Item {
  claim: OpenClaim
  record: FetchedRecord
  message: Message | null
  fault: { errorClass: string; message: string } | null
}

interface Suspect {
  offset: string
  attempts: number
  firstFailedAt: number
}

export interface AggregatorOptions {
  group: string
  apply: (messages: Message[]) => Promise<void>
  producer: RecordSender
  batchMax: number
  log: Log
  metrics: ConsumerMetrics
}

const partitionOf = ({ topic, partition }: FetchedRecord): string => `${topic}/${partition}`

export class Aggregator {
  readonly #options: AggregatorOptions
  readonly #wait = new Interruptible()
  readonly #suspects = new Map<string, Suspect>()
  #claims: OpenClaim[] = []
  #run: Promise<void> | null = null
  #turn = 0

  constructor(options: AggregatorOptions) {
    this.#options = options
  }

  /** True while something is being worked on or waits for its turn. */
  get isBusy(): boolean {
    return this.#run !== null
  }

  /** Works on a claim; resolves when it is settled, held, or let go by `release`. */
  take(claim: Claim): Promise<void> {
    if (this.#wait.isCut || claim.records.length === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const { records } = claim
      const onSettled = (offset: string) => claim.onSettled(offset)
      const onHeld = (delayMs: number) => claim.onHeld(delayMs)
      this.#claims.push({ records, onSettled, onHeld, next: 0, isHeld: false, finish: resolve })
      this.#run ??= this.#work()
    })
  }

  /**
   * Finishes what is in flight and lets go of the rest, unsettled. Waits for a dependency that is
   * down end at once. Afterwards new claims are welcome again.
   */
  async release(): Promise<void> {
    this.#wait.cut()
    await this.#run
    this.#wait.mend()
  }

  /** Forgets failed attempts, for the partitions may be another's now. */
  forget(): void {
    this.#suspects.clear()
  }

  async #work(): Promise<void> {
    // kafkajs hands over all partitions of a fetch in one tick: let them share the first batch.
    await Promise.resolve()
    while (this.#claims.length > 0 && !this.#wait.isCut) {
      if (this.#suspects.size > 0) {
        for (const claim of this.#claims) await this.#trySuspect(claim)
      }
      await this.#visit(this.#gather())
      this.#sweepClaims()
    }
    for (const claim of this.#claims) claim.finish()
    this.#claims = []
    this.#run = null
  }

  #sweepClaims(): void {
    const isDone = (claim: OpenClaim) => claim.isHeld || claim.next >= claim.records.length
    for (const claim of this.#claims) if (isDone(claim)) claim.finish()
    this.#claims = this.#claims.filter((claim) => !isDone(claim))
  }

  /** A message that has failed before is tried alone, so that it spoils no batch again. */
  async #trySuspect(claim: OpenClaim): Promise<void> {
    const record = claim.records[claim.next]
    if (!record) return
    const suspect = this.#suspects.get(partitionOf(record))
    if (suspect?.offset === record.offset) await this.#visit([this.#decode(claim, record)])
  }

  /** Up to batchMax records, an equal share of each claim first, then whatever there is room for. */
  #gather(): Item[] {
    const { batchMax } = this.#options
    const open = this.#claims.filter((claim) => !claim.isHeld && claim.next < claim.records.length)
    if (open.length === 0) return []
    this.#turn = (this.#turn + 1) % open.length
    const order = [...open.slice(this.#turn), ...open.slice(0, this.#turn)]
    const share = Math.max(1, Math.floor(batchMax / order.length))
    const taken = new Map<OpenClaim, number>()
    let room = batchMax
    for (const limit of [share, batchMax]) {
      for (const claim of order) {
        const already = taken.get(claim) ?? 0
        const left = claim.records.length - claim.next - already
        const more = Math.min(left, Math.max(0, limit - already), room)
        taken.set(claim, already + more)
        room -= more
      }
    }
    return order.flatMap((claim) =>
      claim.records
        .slice(claim.next, claim.next + (taken.get(claim) ?? 0))
        .map((record) => this.#decode(claim, record)),
    )
  }

  #decode(claim: OpenClaim, record: FetchedRecord): Item {
    if (isForAnother(record, this.#options.group)) {
      return { claim, record, message: null, fault: null }
    }
    const decoded = decodeMessage(record.topic, record.value)
    if (decoded.ok) return { claim, record, message: decoded.message, fault: null }
    const fault = { errorClass: decoded.fault, message: decoded.reason }
    return { claim, record, message: null, fault }
  }

  /** Handles the items, halving them when they fail together. Settles those that are done with. */
  async #visit(all: readonly Item[]): Promise<void> {
    const items = all.filter((item) => !item.claim.isHeld)
    if (items.length === 0 || this.#wait.isCut) return
    const outcome = await this.#apply(items.flatMap(({ message }) => (message ? [message] : [])))
    switch (outcome.type) {
      case 'released':
        return
      case 'applied':
        return this.#settle(items)
      case 'failed': {
        const [only] = items
        if (items.length === 1 && only) return this.#judge(only, outcome.error)
        const middle = items.length >> 1
        await this.#visit(items.slice(0, middle))
        await this.#visit(items.slice(middle))
      }
    }
  }

  async #apply(
    messages: Message[],
  ): Promise<{ type: 'applied' } | { type: 'released' } | { type: 'failed'; error: unknown }> {
    if (messages.length === 0) return { type: 'applied' }
    const { apply, log, metrics } = this.#options
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now()
      try {
        failpoint('consumer.before-apply')
        await apply(messages)
        failpoint('consumer.after-apply')
        metrics.applied(messages, (performance.now() - startedAt) / 1_000)
        return { type: 'applied' }
      } catch (error) {
        if (!isDependencyDown(error)) return { type: 'failed', error }
        if (attempt === 1) log.warn({ err: error }, 'a dependency is down: messages wait for it')
        metrics.waited()
        await this.#wait.sleep(backoffMs(attempt, DOWN_BACKOFF))
        if (this.#wait.isCut) return { type: 'released' }
      }
    }
  }

  /** Decides about a message that failed alone. */
  async #judge(item: Item, error: unknown): Promise<void> {
    const { log, metrics } = this.#options
    const { record, claim } = item
    const key = partitionOf(record)
    const known = this.#suspects.get(key)
    const before = known?.offset === record.offset ? known : null
    const attempts = (before?.attempts ?? 0) + 1
    const firstFailedAt = before?.firstFailedAt ?? Date.now()
    const { topic, partition, offset } = record
    log.warn({ err: error, topic, partition, offset, attempts }, 'a message failed')
    if (isProgrammersError(error) || attempts >= ATTEMPTS_MAX) {
      const failure = { ...describeError(error), attempts, firstFailedAt }
      if (await this.#bury(record, failure)) await this.#settle([{ ...item, fault: null }])
      return
    }
    this.#suspects.set(key, { offset, attempts, firstFailedAt })
    metrics.held()
    claim.isHeld = true
    claim.onHeld(backoffMs(attempts, HOLD_BACKOFF))
  }

  /** Marks items as done with, in order, burying those that cannot be read; a release may cut in. */
  async #settle(items: readonly Item[]): Promise<void> {
    const advanced = new Set<OpenClaim>()
    for (const { claim, record, fault } of items) {
      if (fault) {
        const failure = { ...fault, attempts: 1, firstFailedAt: Date.now() }
        if (!(await this.#bury(record, failure))) break
      }
      this.#clear(record)
      claim.next += 1
      advanced.add(claim)
    }
    for (const claim of advanced) {
      claim.onSettled((claim.records[claim.next - 1] as FetchedRecord).offset)
    }
  }

  /** Forgets failed attempts of a record that is done with. */
  #clear(record: FetchedRecord): void {
    if (this.#suspects.size === 0) return
    const key = partitionOf(record)
    if (this.#suspects.get(key)?.offset === record.offset) this.#suspects.delete(key)
  }

  /** Publishes the dead letter, however long that takes. False when released meanwhile. */
  async #bury(record: FetchedRecord, failure: Failure): Promise<boolean> {
    const { group, producer, log, metrics } = this.#options
    const letter = deadLetterOf(record, { group, failure })
    for (let attempt = 1; ; attempt += 1) {
      try {
        failpoint('consumer.before-dead-letter')
        await producer.send([letter])
        const { topic, partition, offset } = record
        log.error({ topic, partition, offset, ...failure }, 'a message became a dead letter')
        metrics.buried(topic)
        return true
      } catch (error) {
        log.warn({ err: error, topic: letter.topic }, 'a dead letter could not be sent yet')
        await this.#wait.sleep(backoffMs(attempt, DOWN_BACKOFF))
        if (this.#wait.isCut) return false
      }
    }
  }
}
