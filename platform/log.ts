/** Structured logs: one JSON object per line on stdout, for people through any pino viewer. */
import pino from 'pino'

export type Log = pino.Logger

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

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
    serializers: { err: pino.stdSerializers.errWithCause },
  })
}
