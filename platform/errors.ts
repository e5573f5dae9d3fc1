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

/** What sockets say when nobody is there. Libraries throw these bare, or as a cause. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
])

/**
 * True for faults of a dependency that is down: pause and retry, never dead-letter. An
 * OperationalError says so itself; any other error counts when a socket is at its root (fetch
 * throws a TypeError for that).
 */
export function isDependencyDown(error: unknown): boolean {
  if (error instanceof OperationalError) return error.retriable
  if (!(error instanceof Error)) return false
  const { code } = error as Error & { code?: unknown }
  if (typeof code === 'string' && NETWORK_CODES.has(code)) return true
  return isDependencyDown(error.cause)
}
