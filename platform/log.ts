/** Structured logs: one JSON object per line on stdout, for people through any pino viewer. */
import pino from 'pino'

export type Log = pino.Logger

const CAUSES_MAX = 16

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/**
 * The log of a process. Errors given as `err` are written with stack and causes.
 *
 * @param service appears in every line as `service`
 * @param level lines below it are dropped; one of LOG_LEVELS
 */
export function createLog(service: string, level: string): Log {
  return pino({
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: withoutStatements },
  })
}

/**
 * An error with stack and causes, but without the `sql` that the driver puts on it: the statement
 * with all its values, and so with people's addresses and payment tokens.
 */
export function withoutStatements(error: Error): object {
  const serialized: Record<string, unknown> = { ...pino.stdSerializers.errWithCause(error) }
  let part: unknown = serialized
  for (let depth = 0; depth < CAUSES_MAX && typeof part === 'object' && part; depth += 1) {
    delete (part as Record<string, unknown>).sql
    part = (part as Record<string, unknown>).cause
  }
  return serialized
}
