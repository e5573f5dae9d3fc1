/** When a delivery that failed is tried again. */

/** After this many attempts, about twelve hours after the first, a delivery is given up. */
export const ATTEMPTS_MAX = 20
const FACTOR = 4
const DELAY_MS_MAX = 3_600_000

/**
 * Milliseconds from a failed attempt to the next: `baseMs`, then four times as long each time, at
 * most an hour; null when it was the last one.
 * @param attempts how many attempts there have been, this one included
 */
export function retryDelayMs(attempts: number, baseMs: number): number | null {
  if (attempts >= ATTEMPTS_MAX) return null
  return Math.min(baseMs * FACTOR ** (attempts - 1), DELAY_MS_MAX)
}
