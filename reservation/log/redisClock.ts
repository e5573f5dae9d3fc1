/**
 * Redis's clock as far as this process can tell: what Redis said last, and the time since then by
 * the monotonic clock. The application's own clock may be a minute off and is never asked.
 */
export class RedisClock {
  readonly #monotonicMs: () => number
  #offsetMs: number | null = null

  constructor(monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs
  }

  /** Takes note of a reply that carried Redis's time. */
  observe(redisMs: number): void {
    this.#offsetMs = redisMs - this.#monotonicMs()
  }

  /** Milliseconds of Redis's clock, late by at most one reply; null before the first. */
  nowMs(): number | null {
    return this.#offsetMs === null ? null : this.#monotonicMs() + this.#offsetMs
  }

  /** How long ago a moment of Redis's clock is; 0 while that is not known. */
  ageMs(redisMs: number): number {
    return Math.max(0, (this.nowMs() ?? redisMs) - redisMs)
  }
}
