/**
 * Carries out a plan. For each record, just before it is sent: is it still there, has nobody dealt
 * with it, and is its label what it was? Then it is written down, sent, and written down as sent,
 * so that whoever is killed in between, or runs the plan again, sends nothing twice that took
 * effect: a record that may have been sent is judged anew, and keeps its message id, which the
 * group's inbox knows.
 *
 * Records that touch the same reservation or seats as one just sent wait until that one has taken
 * effect, for until then the stores do not tell what theirs would be.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { RecordSender } from '../../platform/kafka/producer.ts'
import type { Desk, Disposition } from '../desk/desk.ts'
import { label } from '../labels/label.ts'
import type { Label } from '../labels/situation.ts'
import { contentOf, type Letter, REPLAYS_MAX } from '../letters/letter.ts'
import type { PlanRecord } from '../plan/planFile.ts'
import type { ReadsSituations } from '../state/situations.ts'
import { type FindsLetters, flightOf, InFlight } from './inFlight.ts'
import { parkedOf, replayOf } from './outgoing.ts'
import { Pace } from './pace.ts'

export interface ReplayerOptions {
  desk: Desk
  reader: ReadsSituations
  producer: RecordSender
  findLetters: FindsLetters
  /** Makes the parking topic of a letter's topic, where it is missing. */
  makeParking: (letters: readonly Letter[]) => Promise<void>
  digest: string
  perSecond: number
  isDryRun: boolean
  isStopped: () => boolean
  onProgress: (records: number) => void
}

/** A record that was not sent although the plan meant it to be. */
export interface Skipped {
  id: string
  planned: Label
  /** What it is now; null when that is not the point. */
  now: Label | null
  why: string
}

export interface ReplayReport {
  sent: number
  parked: number
  /** Somebody has dealt with them before. */
  done: number
  skipped: Skipped[]
  isComplete: boolean
}

/** Records fetched from Kafka at a time. */
const FETCH_MAX = 1_000

interface Ready {
  record: PlanRecord
  letter: Letter
  /** Written down before, by a run that ended before it could say that the record was sent. */
  isBegun: boolean
}

export class Replayer {
  readonly #options: ReplayerOptions
  readonly #pace: Pace
  readonly #inFlight: InFlight
  /** What came of it so far, also where `run` did not end well. */
  readonly report: ReplayReport = { sent: 0, parked: 0, done: 0, skipped: [], isComplete: false }

  constructor(options: ReplayerOptions) {
    this.#options = options
    this.#pace = new Pace(options.perSecond)
    this.#inFlight = new InFlight(options.reader)
  }

  /** Sends the records, in order as far as they do not wait for each other. */
  async run(records: readonly PlanRecord[]): Promise<void> {
    if (records.length > 0) await this.#inFlight.recall(this.#options)
    for (let at = 0; at < records.length && !this.#isStopped(); at += FETCH_MAX) {
      const some = records.slice(at, at + FETCH_MAX)
      const letters = await this.#options.findLetters(some.map(({ id }) => id))
      await this.#runFetched(some, letters)
    }
    this.report.isComplete = !this.#isStopped()
  }

  #isStopped(): boolean {
    return this.#options.isStopped()
  }

  async #runFetched(
    records: readonly PlanRecord[],
    letters: ReadonlyMap<string, Letter>,
  ): Promise<void> {
    let left = await this.#undone(this.#present(records, letters))
    while (left.length > 0 && !this.#isStopped()) {
      await pause(this.#pace.delayMs)
      const { step, later } = this.#nextStep(left)
      if (step.length === 0) {
        // The first in line waits for one that was sent; when that does not end, it is left out.
        const [first] = later as [Ready, ...Ready[]]
        const isClear = await this.#inFlight.settled(flightOf(first.letter), () =>
          this.#isStopped(),
        )
        left = isClear ? later : later.slice(1)
        if (!isClear && !this.#isStopped()) {
          this.#skip(first.record, null, 'another replay of its reservation or seats is under way')
        }
        continue
      }
      left = later
      await this.#carryOut(step)
    }
  }

  /** The records that Kafka still has, as they were when the plan was made. */
  #present(records: readonly PlanRecord[], letters: ReadonlyMap<string, Letter>) {
    return records.flatMap((record): Ready[] => {
      const letter = letters.get(record.id)
      if (letter?.fingerprint === record.fingerprint) return [{ record, letter, isBegun: false }]
      const why = letter ? 'another record lies there now' : 'Kafka does not have it any more'
      this.#skip(record, null, why)
      return []
    })
  }

  /** The next records that do not wait for one that is under way, nor for each other. */
  #nextStep(ready: readonly Ready[]): { step: Ready[]; later: Ready[] } {
    const step: Ready[] = []
    const later: Ready[] = []
    const touched = new Set<string>()
    for (const one of ready) {
      const keys = this.#inFlight.keysOf(flightOf(one.letter))
      const isFree =
        step.length < this.#pace.stepMax &&
        !this.#inFlight.isTouching(keys) &&
        !keys.some((key) => touched.has(key))
      if (isFree) step.push(one)
      else later.push(one)
      for (const key of keys) touched.add(key)
    }
    return { step, later }
  }

  async #carryOut(step: readonly Ready[]): Promise<void> {
    const open = await this.#undone(step)
    const judged = await this.#judged(open)
    const worn = judged.filter(({ letter }) => letter.replays >= REPLAYS_MAX)
    const sound = judged.filter(({ letter }) => letter.replays < REPLAYS_MAX)
    this.report.parked += await this.#send(worn, 'park')
    const sent = await this.#send(sound, 'replay')
    this.report.sent += sent
    this.#pace.sent(sent)
  }

  /** Leaves out what somebody has dealt with. */
  async #undone(step: readonly Ready[]): Promise<Ready[]> {
    const dispositions = await this.#options.desk.dispositionsOf(step.map(({ letter }) => letter))
    return step.flatMap((one): Ready[] => {
      const disposition = dispositions.get(one.record.id)
      if (!disposition) return [one]
      if (isResumable(disposition)) return [{ ...one, isBegun: true }]
      if (disposition.endedAtMs === null) {
        this.#skip(one.record, null, 'an edit of it was not finished: edit it again, or discard it')
        return []
      }
      this.report.done += 1
      this.#options.onProgress(1)
      return []
    })
  }

  /** Leaves out what has another label than in the plan. */
  async #judged(ready: readonly Ready[]): Promise<Ready[]> {
    const asked = ready.map(({ letter }) => ({
      id: letter.id,
      letter: { group: letter.group, content: contentOf(letter) },
      dealtWith: null,
    }))
    const known = await this.#options.reader.read(asked)
    const judged: Ready[] = []
    const tookEffect: Ready[] = []
    for (const [at, one] of ready.entries()) {
      const { letter: read, id } = asked[at] as (typeof asked)[number]
      const now = label(read, known.get(id)?.situation ?? null)
      const isSame = now.label === one.record.label && isSameQuestion(now.why, one.record)
      if (isSame) judged.push(one)
      else if (one.isBegun && now.label === 'already applied') tookEffect.push(one)
      else this.#skip(one.record, now.label, now.why)
    }
    await this.#conclude(tookEffect)
    return judged
  }

  /** A run before this one was killed after it had sent them: only the last word is missing. */
  async #conclude(tookEffect: readonly Ready[]): Promise<void> {
    if (!this.#options.isDryRun)
      await this.#options.desk.end(tookEffect.map(({ letter }) => letter))
    this.report.done += tookEffect.length
    this.#options.onProgress(tookEffect.length)
  }

  /** Answers how many were sent. */
  async #send(ready: readonly Ready[], action: 'replay' | 'park'): Promise<number> {
    const { desk, producer, isDryRun, onProgress, makeParking } = this.#options
    if (ready.length === 0) return 0
    const claimed = isDryRun ? ready : await this.#claim(ready, action)
    const letters = claimed.map(({ letter }) => letter)
    if (!isDryRun && letters.length > 0) {
      if (action === 'park') await makeParking(letters)
      const records = letters.map((letter) =>
        action === 'park' ? parkedOf(letter) : replayOf(letter, letter.group as string),
      )
      await producer.send(records)
      await desk.end(letters)
      if (action === 'replay') for (const letter of letters) this.#inFlight.add(flightOf(letter))
    }
    onProgress(claimed.length)
    return claimed.length
  }

  /** Writes down that they are about to be sent; one by one when somebody was faster. */
  async #claim(ready: readonly Ready[], action: 'replay' | 'park'): Promise<Ready[]> {
    const { desk, digest: planDigest } = this.#options
    const begun = ready.filter(({ isBegun }) => isBegun)
    const fresh = ready.filter(({ isBegun }) => !isBegun)
    const isWhole = await desk.begin(
      fresh.map(({ letter }) => letter),
      { action, planDigest },
    )
    if (isWhole) return [...begun, ...fresh]
    const claimed = [...begun]
    for (const one of fresh) {
      if (await desk.begin([one.letter], { action, planDigest })) claimed.push(one)
      else {
        this.report.done += 1
        this.#options.onProgress(1)
      }
    }
    return claimed
  }

  #skip(record: PlanRecord, now: Label | null, why: string): void {
    this.report.skipped.push({ id: record.id, planned: record.label, now, why })
    this.#options.onProgress(1)
  }
}

/** Only one replay runs at a time, so what another has begun and not ended, it left behind. */
const isResumable = (disposition: Disposition): boolean =>
  disposition.endedAtMs === null &&
  (disposition.action === 'replay' || disposition.action === 'park')

/** Whoever answered a question has answered that question alone. */
const isSameQuestion = (why: string, planned: PlanRecord): boolean =>
  planned.label !== 'human' || planned.why.startsWith(why)
