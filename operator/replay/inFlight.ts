/** Records that were sent a moment ago, and whose effect may not show in the stores yet. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Desk } from '../desk/desk.ts'
import { type Labelled, label } from '../labels/label.ts'
import { contentOf, type Letter } from '../letters/letter.ts'
import type { ReadsSituations } from '../state/situations.ts'

const SETTLED_WITHIN_MS = 10_000
const LOOK_EVERY_MS = 50

/** A message on its way to one group, under a name of its own. */
export interface Flight {
  id: string
  letter: Labelled
}

export const flightOf = (letter: Letter): Flight => ({
  id: letter.id,
  letter: { group: letter.group, content: contentOf(letter) },
})

export type FindsLetters = (ids: readonly string[]) => Promise<ReadonlyMap<string, Letter>>

interface Sent {
  flight: Flight
  keys: readonly string[]
  sentAtMs: number
}

export class InFlight {
  readonly #reader: ReadsSituations
  /** In the order in which they were sent. */
  #sent: Sent[] = []
  readonly #byKey = new Map<string, Sent>()

  constructor(reader: ReadsSituations) {
    this.#reader = reader
  }

  /**
   * Adds what others have sent a moment ago: a replay that has just ended, was stopped or was
   * killed, does not wait until the effect of its last records shows.
   */
  async recall({ desk, findLetters }: { desk: Desk; findLetters: FindsLetters }): Promise<void> {
    const sent = await desk.sentWithin(SETTLED_WITHIN_MS)
    if (sent.length === 0) return
    const letters = await findLetters(sent.map(({ id }) => id))
    for (const { id, fingerprint } of sent.toReversed()) {
      const letter = letters.get(id)
      if (letter?.fingerprint === fingerprint) this.add(flightOf(letter))
    }
  }

  /** The reservation and the seats that a message is about. */
  keysOf({ id, letter: { content } }: Flight): string[] {
    if (!content.ok) return [id]
    const { reservationId, showId, seatIds } = content.message.payload
    return [reservationId, ...seatIds.map((seatId) => `${showId}/${seatId}`)]
  }

  add(flight: Flight): void {
    const sent = { flight, keys: this.keysOf(flight), sentAtMs: performance.now() }
    this.#sent.push(sent)
    for (const key of sent.keys) this.#byKey.set(key, sent)
    // What is long ago has taken effect, or waits for a group that is away.
    while (this.#sent[0] && sent.sentAtMs - this.#sent[0].sentAtMs > SETTLED_WITHIN_MS) {
      this.#forget(this.#sent.shift() as Sent)
    }
  }

  isTouching(keys: readonly string[]): boolean {
    return keys.some((key) => this.#byKey.has(key))
  }

  /**
   * Waits until what was sent about the same reservation or seats has taken effect. False when it
   * has not within ten seconds, or `isStopped` says so.
   */
  async settled(flight: Flight, isStopped: () => boolean): Promise<boolean> {
    for (const key of this.keysOf(flight)) {
      const rival = this.#byKey.get(key)
      if (!rival) continue
      const isDone = await this.#tookEffect(rival, isStopped)
      this.#forget(rival)
      if (!isDone) return false
    }
    return true
  }

  #forget(sent: Sent): void {
    for (const key of sent.keys) if (this.#byKey.get(key) === sent) this.#byKey.delete(key)
  }

  async #tookEffect({ flight, sentAtMs }: Sent, isStopped: () => boolean): Promise<boolean> {
    const { id, letter } = flight
    while (performance.now() - sentAtMs < SETTLED_WITHIN_MS && !isStopped()) {
      const known = await this.#reader.read([{ id, letter, dealtWith: null }])
      if (label(letter, known.get(id)?.situation ?? null).label === 'already applied') return true
      await pause(LOOK_EVERY_MS)
    }
    return false
  }
}
