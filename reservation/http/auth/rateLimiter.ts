/** A token bucket for each buyer: `perSMax` requests a second, and as many in a burst. */

export const BUCKETS_MAX = 50_000

/** What one client may still do: `perSMax` a second, and as many in a burst. */
export class TokenBucket {
  #left: number
  #atMs: number

  constructor(perSMax: number, nowMs: number) {
    this.#left = perSMax
    this.#atMs = nowMs
  }

  /** When something was last taken, or tried to. */
  get atMs(): number {
    return this.#atMs
  }

  /** Takes one; false when there is none. */
  take(perSMax: number, nowMs: number): boolean {
    // The clock may be set back; then nothing is added.
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#left = Math.min(perSMax, this.#left + (elapsedMs * perSMax) / 1000)
    this.#atMs = nowMs
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}

export class RateLimiter {
  readonly #perSMax: number
  readonly #buckets = new Map<string, TokenBucket>()

  /** @param perSMax 0 switches the limit off */
  constructor(perSMax: number) {
    this.#perSMax = perSMax
  }

  /** Buyers that are remembered. */
  get size(): number {
    return this.#buckets.size
  }

  /** Takes one request from a buyer's bucket; false when it is empty. */
  take(customerId: string, nowMs: number): boolean {
    const perSMax = this.#perSMax
    if (perSMax === 0) return true
    let bucket = this.#buckets.get(customerId)
    if (!bucket) {
      if (this.#buckets.size >= BUCKETS_MAX) this.#evict(nowMs)
      bucket = new TokenBucket(perSMax, nowMs)
      this.#buckets.set(customerId, bucket)
    }
    return bucket.take(perSMax, nowMs)
  }

  /** Forgets buckets that are full again; when none is, the oldest tenth. */
  #evict(nowMs: number): void {
    for (const [customerId, { atMs }] of this.#buckets) {
      if (nowMs - atMs >= 1_000) this.#buckets.delete(customerId)
    }
    for (const customerId of this.#buckets.keys()) {
      if (this.#buckets.size <= BUCKETS_MAX * 0.9) return
      this.#buckets.delete(customerId)
    }
  }
}
