/** What SQL errors mean: a server that is away, a conflict that a retry solves, or neither. */
import { OperationalError } from '../errors.ts'

interface SqlError extends Error {
  code?: string
  errno?: number
  fatal?: boolean
  sqlMessage?: string
}

/** The server or the way to it is gone; the same statement may succeed later. */
const UNAVAILABLE = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  'ER_QUERY_INTERRUPTED',
  'ER_NET_READ_ERROR',
  'ER_NET_READ_INTERRUPTED',
  'ER_CONNECTION_KILLED',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'ER_DISK_FULL',
  'ER_RECORD_FILE_FULL',
  'ER_OUT_OF_RESOURCES',
  'ER_CLIENT_INTERACTION_TIMEOUT',
])

/** Refusals of the log-in: fatal for the connection, but waiting does not help. */
const REFUSED = new Set([
  'ER_ACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_NOT_SUPPORTED_AUTH_MODE',
  'HANDSHAKE_NO_SSL_SUPPORT',
])

const CONFLICTS = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD'])

const codeOf = (error: unknown): string => (error as SqlError | null)?.code ?? ''

/** True when the server is away: a lost connection, a shutdown, a full disk. */
export function isConnectionLoss(error: unknown): boolean {
  const code = codeOf(error)
  if (UNAVAILABLE.has(code)) return true
  // The pool's own words when too many wait for a connection; it gives them no code.
  if ((error as Error | null)?.message === 'Queue limit reached.') return true
  return (error as SqlError | null)?.fatal === true && !REFUSED.has(code)
}

/** True when a concurrent transaction was in the way: the whole transaction may be tried again. */
export const isConflict = (error: unknown): boolean => CONFLICTS.has(codeOf(error))

/**
 * True for a duplicate key; with `key`, only when it is the key (index) of that name.
 * MySQL names it `table.key`, MariaDB `key` alone.
 */
export function isDuplicateKey(error: unknown, key?: string): boolean {
  if (codeOf(error) !== 'ER_DUP_ENTRY') return false
  if (key === undefined) return true
  const named = /for key '(?:[^'.]*\.)?([^']*)'$/.exec((error as SqlError).sqlMessage ?? '')
  return named?.[1] === key
}

/** Wraps errors of an absent server; everything else is answered unchanged. */
export function asOperational(error: unknown): unknown {
  if (error instanceof OperationalError || !isConnectionLoss(error)) return error
  const detail = `${codeOf(error)} ${(error as Error).message}`.trim()
  return new OperationalError('SQL_UNAVAILABLE', { retriable: true, detail, cause: error })
}
