/** Work that is done again and again while a service runs: sweeps that find what was missed. */
import type { Component } from './lifecycle.ts'

export interface RepeatedOptions {
  /** Names the component in logs. */
  name: string
  /** Must be safe to repeat: what a failed turn left is looked at in the next. */
  work: () => Promise<unknown>
  /** Milliseconds from the end of one turn to the next, and before the first. */
  intervalMs: number
  /** Hears what a turn threw; the next one comes all the same. */
  onFault: (error: unknown) => void
}

/** One turn at a time. Its stop waits for the turn that is under way. */
export class Repeated implements Component {
  readonly name: string
  readonly #options: RepeatedOptions
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> = Promise.resolve()
  #isStopped = true

  constructor(options: RepeatedOptions) {
    this.name = options.name
    this.#options = options
  }

  async start(): Promise<void> {
    this.#isStopped = false
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#running = this.#options
        .work()
        .then(() => undefined, this.#options.onFault)
        .then(() => this.#schedule())
    }, this.#options.intervalMs)
  }
}
