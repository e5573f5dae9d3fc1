/**
 * How a call to Redis can fail without being wrong. Everything else that is thrown here is a bug.
 */

/**
 * Redis could not be asked, or its answer was lost; the same call may be made again.
 *
 * `REDIS_UNAVAILABLE`: the call certainly changed nothing (it was never sent, or Redis refused it:
 * loading, out of memory, cluster down).
 * `STATE_UNKNOWN`: the call was sent and no answer came, so it may have run. Make it again with
 * the same ids, or read.
 */
export class RedisUnavailable extends Error {
  readonly code: 'REDIS_UNAVAILABLE' | 'STATE_UNKNOWN'
  readonly retriable = true

  constructor(code: 'REDIS_UNAVAILABLE' | 'STATE_UNKNOWN', options: { cause: Error }) {
    super(`${code}: ${options.cause.message}`, options)
    this.name = 'RedisUnavailable'
    this.code = code
  }
}

/** Replies with which Redis refuses a command for its own condition, not for the command. */
const CONDITIONS = [
  'LOADING',
  'OOM',
  'BUSY',
  'MISCONF',
  'READONLY',
  'MASTERDOWN',
  'NOREPLICAS',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'MOVED',
  'ASK',
]

/** What ioredis says about a command that it never sent. */
const NEVER_SENT = /enableOfflineQueue options? is false|None of startup nodes|refresh slots cache/

/**
 * The fault that an error of ioredis stands for. Errors that Redis answers to a wrong command, and
 * errors that are not about Redis at all, are bugs and come back as they are.
 */
export function faultOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RedisUnavailable) return error
  if (error instanceof TypeError || error instanceof RangeError) return error
  if (error.name === 'ReplyError') {
    const word = error.message.split(' ', 1)[0] ?? ''
    const refused = CONDITIONS.includes(word)
    return refused ? new RedisUnavailable('REDIS_UNAVAILABLE', { cause: error }) : error
  }
  const code = NEVER_SENT.test(error.message) ? 'REDIS_UNAVAILABLE' : 'STATE_UNKNOWN'
  return new RedisUnavailable(code, { cause: error })
}
