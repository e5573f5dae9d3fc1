/** A sleep that can be cut short: by a call (there is work), or for good (the end). */
export class Wake {
  #isCalled = false
  #isEnded = false
  #cut: (() => void) | null = null

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Ends the current sleep, or the next one if nobody sleeps. */
  call(): void {
    this.#isCalled = true
    this.#cut?.()
  }

  /** Ends this and every later sleep. */
  end(): void {
    this.#isEnded = true
    this.#cut?.()
  }

  /** Resolves when called or ended, and after `ms` at the latest; without `ms` it waits on. */
  async sleep(ms?: number): Promise<void> {
    if (!this.#isCalled && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
        this.#cut = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#cut = null
    }
    this.#isCalled = false
  }
}
