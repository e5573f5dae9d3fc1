import { OperationalError } from '../platform/errors.ts'
import { LATE, within } from '../platform/within.ts'

/** How long a request waits for SQL before it is told to come again, in ms. */
const SQL_MS_MAX = 900

/**
 * The result of `work`, or OperationalError SQL_UNAVAILABLE when it takes longer than 900 ms: a
 * server that hangs must not keep a buyer waiting. The work itself goes on and is ignored.
 */
export async function sqlInTime<T>(work: Promise<T>): Promise<T> {
  const result = await within(work, SQL_MS_MAX)
  if (result !== LATE) return result
  const detail = `no answer within ${SQL_MS_MAX} ms`
  throw new OperationalError('SQL_UNAVAILABLE', { retriable: true, detail })
}
