import { OperationalError } from '../platform/errors.ts'

/** How long a request waits for SQL before it is told to come again. */
export const SQL_MS_MAX = 900

/**
 * The result of `work`, or OperationalError SQL_UNAVAILABLE when it takes longer than `limitMs`:
 * a server that hangs must not keep a buyer waiting. The work itself goes on and is ignored.
 */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const detail = `no answer within ${limitMs} ms`
      reject(new OperationalError('SQL_UNAVAILABLE', { retriable: true, detail }))
    }, limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
