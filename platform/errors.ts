/**
 * Faults of operation carry a code and whether trying again helps. Expected outcomes are values,
 * and bugs are plain errors (TypeError and the like), so the three are never confused.
 */

/** Codes of operational faults. A new one is added here before it is thrown. */
export const OPERATIONAL_CODES = [
  'SQL_UNAVAILABLE',
  'SQL_CONFLICT',
  'KAFKA_UNAVAILABLE',
  'REDIS_UNAVAILABLE',
  'STATE_UNKNOWN',
  'PROVIDER_UNAVAILABLE',
  'CONFIG_INVALID',
  'STARTUP_FAILED',
] as const
export type OperationalCode = (typeof OPERATIONAL_CODES)[number]

export class OperationalError extends Error {
  readonly code: OperationalCode
  /** True when the same call may succeed later: a dependency is down, not the call wrong. */
  readonly retriable: boolean

  constructor(
    code: OperationalCode,
    options: { retriable: boolean; detail?: string; cause?: unknown },
  ) {
    super(options.detail ? `${code}: ${options.detail}` : code, { cause: options.cause })
    this.name = 'OperationalError'
    this.code = code
    this.retriable = options.retriable
  }
}

/** True for faults of a dependency that is down: pause and retry, never dead-letter. */
export const isDependencyDown = (error: unknown): boolean =>
  error instanceof OperationalError && error.retriable
