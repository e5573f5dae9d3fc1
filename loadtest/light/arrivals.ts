/** Arrivals at a constant rate, whatever becomes of those who have arrived. */

const TICK_MS = 2

/**
 * Calls `arrive` for every arrival, with the moment it was due by performance.now(); a process that
 * was busy makes up for what it missed, and the due times tell. Answers how to end it.
 */
export function startArrivals(ratePerS: number, arrive: (dueAt: number) => void): () => void {
  const startedAt = performance.now()
  const everyMs = 1_000 / ratePerS
  let next = 0
  const timer = setInterval(() => {
    const now = performance.now()
    for (let dueAt = startedAt + next * everyMs; dueAt <= now; dueAt = startedAt + next * everyMs) {
      next += 1
      arrive(dueAt)
    }
  }, TICK_MS)
  return () => clearInterval(timer)
}
