/** Redis's faults as the consumer chain knows faults: a dependency that is down pauses it. */
import { RedisUnavailable } from '../../lua/errors.ts'
import { OperationalError } from '../../platform/errors.ts'

/** The OperationalError of an absent Redis; any other error comes back as it is. */
export function asOperational(error: unknown): unknown {
  if (!(error instanceof RedisUnavailable)) return error
  return new OperationalError(error.code, { retriable: true, detail: error.message, cause: error })
}
