/**
 * What a client is told of an exception: that a dependency is down and the same command may be
 * given again, or that something is wrong here. The log gets the rest.
 */
import { type Problem, problemOf } from '../../contracts/problem.ts'
import { RedisUnavailable } from '../../lua/errors.ts'
import { isDependencyDown } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'

const WARN_EVERY_MS = 1_000

export class Faults {
  readonly #log: Log
  #warnedMs = 0

  constructor(log: Log) {
    this.#log = log
  }

  /** @param route what was asked for, for the log */
  problemOf(error: unknown, route: string): Problem {
    if (error instanceof RedisUnavailable || isDependencyDown(error)) {
      // A dependency that is down fails thousands of requests: one line a second says enough.
      const nowMs = Date.now()
      if (nowMs - this.#warnedMs >= WARN_EVERY_MS) {
        this.#warnedMs = nowMs
        this.#log.warn({ err: error, route }, 'a dependency is down')
      }
      return problemOf('unavailable', 'try again with the same Idempotency-Key')
    }
    this.#log.error({ err: error, route }, 'a request failed')
    return problemOf('internal')
  }
}
