/**
 * The server's clock, as far as answers tell: each carries the time at which it was sent, so the
 * server is at least that far. The least delayed one of a connection is the best.
 */
export class ServerClock {
  #offsetMs: number | null = null

  /** Forgets what it knows: the device may have slept, or another server answers. */
  reset(): void {
    this.#offsetMs = null
  }

  /** Takes note of the server's time in an answer that has just arrived (RFC 3339). */
  observe(time: string): void {
    const offsetMs = Date.parse(time) - Date.now()
    if (Number.isFinite(offsetMs)) this.#offsetMs = Math.max(this.#offsetMs ?? offsetMs, offsetMs)
  }

  /** Milliseconds since the epoch by the server's clock, by this device's before any answer. */
  nowMs(): number {
    return Date.now() + (this.#offsetMs ?? 0)
  }
}

/**
 * Calls `onTick` with the milliseconds left until `expiresAt`: at once, then whenever a whole
 * second less is left, and a last time with 0. Answers how to stop it.
 */
export function countDown(
  clock: Pick<ServerClock, 'nowMs'>,
  expiresAt: string,
  onTick: (leftMs: number) => void,
): () => void {
  const endMs = Date.parse(expiresAt)
  let timer: ReturnType<typeof setTimeout> | undefined
  const tick = () => {
    const leftMs = Math.max(0, endMs - clock.nowMs())
    // Asked again at least each second, so a clock that is set right meanwhile is followed.
    if (leftMs > 0) timer = setTimeout(tick, leftMs % 1_000 || 1_000)
    onTick(leftMs)
  }
  tick()
  return () => clearTimeout(timer)
}
