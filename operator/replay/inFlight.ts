/** Records that were sent a moment ago, and whose effect may not show in the stores yet. */
import { setTimeout as pause } from 'node:timers/promises'
import { label } from '../labels/label.ts'
import { contentOf, type Letter } from '../letters/letter.ts'
import type { ReadsSituations } from '../state/situations.ts'

const SETTLED_WITHIN_MS = 10_000
const LOOK_EVERY_MS = 50

interface Sent {
  letter: Letter
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

  /** The reservation and the seats that a letter's message is about. */
  keysOf(letter: Letter): string[] {
    const content = contentOf(letter)
    if (!content.ok) return [letter.id]
    const { reservationId, showId, seatIds } = content.message.payload
    return [reservationId, ...seatIds.map((seatId) => `${showId}/${seatId}`)]
  }

  add(letter: Letter): void {
    const sent = { letter, keys: this.keysOf(letter), sentAtMs: performance.now() }
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
  async settled(letter: Letter, isStopped: () => boolean): Promise<boolean> {
    for (const key of this.keysOf(letter)) {
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

  async #tookEffect({ letter, sentAtMs }: Sent, isStopped: () => boolean): Promise<boolean> {
    const { id, group } = letter
    const read = { group, content: contentOf(letter) }
    while (performance.now() - sentAtMs < SETTLED_WITHIN_MS && !isStopped()) {
      const known = await this.#reader.read([{ id, letter: read, dealtWith: null }])
      if (label(read, known.get(id)?.situation ?? null).label === 'already applied') return true
      await pause(LOOK_EVERY_MS)
    }
    return false
  }
}
