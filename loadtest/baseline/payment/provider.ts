/** The payment provider, through a declared client; what it says becomes one of four answers. */
import type { Log } from '../../../platform/log.ts'
import { refundIdOf } from '../api.ts'
import type { ClientLogLevel } from '../client/callLog.ts'
import { defineClient, type FailedAnswer, post } from '../client/defineClient.ts'
import { ClientError } from '../client/errors.ts'
import type { Payment } from './book.ts'

/**
 * `refused`: the provider certainly did nothing. `unknown`: anything may have happened, and the
 * same key must be asked again.
 */
export type ChargeOutcome =
  | { type: 'captured'; providerRef: string }
  | { type: 'declined' }
  | { type: 'refused' }
  | { type: 'unknown' }

export type RefundOutcome = { type: 'refunded'; refundRef: string } | { type: 'unknown' }

export interface Provider {
  charge(payment: Payment): Promise<ChargeOutcome>
  refund(payment: Payment): Promise<RefundOutcome>
  close(): Promise<void>
}

class Declined extends Error {}
class Refused extends Error {}

const CONNECT_TIMEOUT_MS = 1_000
const CONNECTIONS_MAX = 512

interface ChargeCall {
  reservationId: string
  amount: Payment['amount']
  token: string
}

export function createProvider(options: {
  url: string
  /** After this a call counts as unanswered. */
  readTimeoutMs: number
  log: Log
  logLevel: ClientLogLevel
}): Provider {
  const { url, readTimeoutMs, log, logLevel } = options
  const client = defineClient({
    name: 'provider',
    baseUrls: [url],
    calls: {
      charge: post<ChargeCall, { chargeId: string }>('/v1/charges'),
      refund: post<{ chargeId: string; amount: Payment['amount'] }, { refundId: string }>(
        '/v1/refunds',
      ),
    },
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    readTimeoutMs,
    connectionsMax: CONNECTIONS_MAX,
    errorDecoder: decode,
    breaker: { failurePercentMax: 50, callsMin: 50, windowMs: 10_000, resetMs: 1_000 },
    log,
    logLevel,
  })
  return {
    async charge({ paymentId, reservationId, amount, token }) {
      const headers = { 'idempotency-key': paymentId }
      try {
        const { chargeId } = await client.charge({ reservationId, amount, token }, { headers })
        return { type: 'captured', providerRef: chargeId }
      } catch (error) {
        if (error instanceof Declined) return { type: 'declined' }
        return isRefusal(error) ? { type: 'refused' } : unknown(error)
      }
    },
    async refund({ paymentId, providerRef, amount }) {
      const headers = { 'idempotency-key': refundIdOf(paymentId) }
      try {
        const call = { chargeId: providerRef as string, amount }
        const { refundId } = await client.refund(call, { headers })
        return { type: 'refunded', refundRef: refundId }
      } catch (error) {
        return isRefusal(error) ? { type: 'unknown' } : unknown(error)
      }
    },
    close: () => client.close(),
  }
}

/** Only the provider's own words are a refusal: a 503 of something in between proves nothing. */
function decode({ status, body }: FailedAnswer): Error | null {
  const { code } = codeIn(body)
  if (status === 402 && code === 'card-declined') return new Declined()
  if (status === 503 && (code === 'provider-down' || code === 'overloaded')) return new Refused()
  return null
}

function codeIn(body: string): { code?: unknown } {
  try {
    return JSON.parse(body) as { code?: unknown }
  } catch {
    // Whoever wrote this was not the provider, and it is treated so.
    return {}
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof Refused || (error instanceof ClientError && !error.mayHaveRun)

function unknown(error: unknown): { type: 'unknown' } {
  if (error instanceof ClientError) return { type: 'unknown' }
  throw error
}
