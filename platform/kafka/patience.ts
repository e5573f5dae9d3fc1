/** Asking a broker again that is starting, moving a partition, or away for a moment. */
import { setTimeout as pause } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { OperationalError } from '../errors.ts'

const RETRY_MS = 250

/** Errors that kafkajs calls final although they only say that a broker is not to be had now. */
const BROKER_TROUBLE = new Set([
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSNumberOfRetriesExceeded',
])

/** True when the broker is away or not ready yet, as opposed to a bug or a refusal. */
export function isBrokerTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (BROKER_TROUBLE.has(error.name)) return true
  if (isBrokerTrouble(error.cause)) return true
  return error instanceof kafkajs.KafkaJSError && error.retriable
}

/** The fault to report when a broker is not to be had. */
export const kafkaUnavailable = (cause: unknown): OperationalError =>
  cause instanceof OperationalError
    ? cause
    : new OperationalError('KAFKA_UNAVAILABLE', {
        retriable: true,
        detail: cause instanceof Error ? cause.message : String(cause),
        cause,
      })

/**
 * Runs `action` until it succeeds, for as long as the broker is the trouble and `limitMs` are not
 * over.
 *
 * @throws OperationalError KAFKA_UNAVAILABLE when the time is up; other errors at once
 */
export async function untilAnswered<T>(action: () => Promise<T>, limitMs: number): Promise<T> {
  const deadline = Date.now() + limitMs
  for (;;) {
    try {
      return await action()
    } catch (error) {
      if (!isBrokerTrouble(error)) throw error
      if (Date.now() > deadline) throw kafkaUnavailable(error)
      await pause(RETRY_MS)
    }
  }
}
