/** Arrivals at a constant rate, whatever becomes of those who have arrived. */

const TICK_MS = 2
/** Whoever finds all of them at work is dropped. */
export const WORKERS_MAX = 4_000

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

export interface ArrivalOptions<Worker extends { close(): void }> {
  ratePerS: number
  /** Makes one more worker, when all are at work and there are fewer than WORKERS_MAX. */
  open: () => Worker
  work: (worker: Worker, dueAt: number) => Promise<void>
  onDropped: () => void
}

/**
 * Gives each arrival a worker of its own, such as a connection. Answers how to end it: that waits
 * for what was begun, and closes the workers. Rejects with the first error of `work`.
 */
export function serveArrivals<Worker extends { close(): void }>(
  options: ArrivalOptions<Worker>,
): () => Promise<void> {
  const { ratePerS, open, work, onDropped } = options
  const idle: Worker[] = []
  const underWay = new Set<Promise<void>>()
  let workers = 0
  let failure: { error: unknown } | null = null

  const take = (): Worker | null => {
    const free = idle.pop()
    if (free || workers === WORKERS_MAX) return free ?? null
    workers += 1
    return open()
  }
  const serve = async (worker: Worker, dueAt: number): Promise<void> => {
    try {
      await work(worker, dueAt)
    } catch (error) {
      failure ??= { error }
    }
    idle.push(worker)
  }
  const stopArrivals = startArrivals(ratePerS, (dueAt) => {
    const worker = take()
    if (!worker) return onDropped()
    const served = serve(worker, dueAt).finally(() => underWay.delete(served))
    underWay.add(served)
  })
  return async () => {
    stopArrivals()
    await Promise.all(underWay)
    for (const worker of idle) worker.close()
    if (failure) throw failure.error
  }
}
