/** A token bucket for each buyer: `perSMax` requests a second, and as many in a burst. */

export const BUCKETS_MAX = 50_000

interface Bucket {
  /** Requests that may still be made, as of `atMs`. */
  left: number
  atMs: number
}

export class RateLimiter {
  readonly #perSMax: number
  readonly #buckets = new Map<string, Bucket>()

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
    const bucket = this.#buckets.get(customerId)
    if (!bucket) {
      this.#add(customerId, { left: perSMax - 1, atMs: nowMs })
      return true
    }
    // The clock may be set back; then nothing is added.
    const elapsedMs = Math.max(0, nowMs - bucket.atMs)
    bucket.left = Math.min(perSMax, bucket.left + (elapsedMs * perSMax) / 1000)
    bucket.atMs = nowMs
    if (bucket.left < 1) return false
    bucket.left -= 1
    return true
  }

  #add(customerId: string, bucket: Bucket): void {
    if (this.#buckets.size >= BUCKETS_MAX) this.#evict(bucket.atMs)
    this.#buckets.set(customerId, bucket)
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
