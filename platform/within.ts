/** What `within` answers when the time was up first. */
export const LATE = Symbol('late')

/**
 * Waits for `work`, but no longer than `limitMs` (milliseconds). Work that is late goes on, and
 * what it settles with then is ignored; what it throws in time is thrown here.
 */
export async function within<T>(work: Promise<T>, limitMs: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
