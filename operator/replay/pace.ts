/** No more than so many records a second, spread evenly. */
export class Pace {
  readonly #perSecond: number
  readonly #now: () => number
  #dueAtMs = 0

  /** @param now milliseconds of any monotonic clock */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond
    this.#now = now
  }

  /** Records per step: a tenth of a second's worth, so that a slow rate is not sent in bursts. */
  get stepMax(): number {
    const STEPS_PER_SECOND = 10
    const STEP_MAX = 200
    return Math.min(STEP_MAX, Math.max(1, Math.ceil(this.#perSecond / STEPS_PER_SECOND)))
  }

  /** Milliseconds until the next step may go out. */
  get delayMs(): number {
    return Math.max(0, this.#dueAtMs - this.#now())
  }

  sent(records: number): void {
    const from = Math.max(this.#dueAtMs, this.#now())
    this.#dueAtMs = from + (records / this.#perSecond) * 1_000
  }
}
