import { within } from '../platform/within.ts'

/** A bounded number of calls under way, for those who wait for room or for the end. */
export class Lane {
  readonly max: number
  #inFlight = 0
  #waiting: (() => void)[] = []

  constructor(max: number) {
    this.max = max
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** How many more calls may begin, when at most `limit` may be under way. */
  room(limit = this.max): number {
    return Math.max(0, Math.min(this.max, limit) - this.#inFlight)
  }

  /** Counts the call from now until it settles; the call must not throw. */
  run(call: () => Promise<void>): void {
    this.#inFlight += 1
    void call().finally(() => {
      this.#inFlight -= 1
      const waiting = this.#waiting
      this.#waiting = []
      for (const wake of waiting) wake()
    })
  }

  /** Resolves when the next call ends. */
  freed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Resolves when no call is under way, or when `msMax` are over. */
  async idle(msMax: number): Promise<void> {
    await within(this.#settled(), msMax)
  }

  async #settled(): Promise<void> {
    while (this.#inFlight > 0) await this.freed()
  }
}
