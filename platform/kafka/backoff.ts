/** Waiting that can be cut short. */

/** `baseMs` doubled (or times `factor`) per attempt from 1, at most `limitMs`, +-25 % at random. */
export function backoffMs(
  attempt: number,
  options: { baseMs: number; limitMs: number; factor?: number },
): number {
  const { baseMs, limitMs, factor = 2 } = options
  return Math.min(baseMs * factor ** (attempt - 1), limitMs) * (0.75 + Math.random() / 2)
}

/** A wait that `cut` ends early, for all who wait and who will wait until `mend`. */
export class Interruptible {
  #isCut = false
  readonly #sleepers = new Set<() => void>()

  get isCut(): boolean {
    return this.#isCut
  }

  /** Resolves after `ms`, or at once when cut. */
  sleep(ms: number): Promise<void> {
    if (this.#isCut) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#sleepers.add(wake)
    })
  }

  cut(): void {
    this.#isCut = true
    for (const wake of [...this.#sleepers]) wake()
  }

  mend(): void {
    this.#isCut = false
  }
}
