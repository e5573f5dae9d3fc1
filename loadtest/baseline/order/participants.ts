/** The services that a checkout calls, through declared clients; failures come as named outcomes. */
import type { Log } from '../../../platform/log.ts'
import {
  ChargeAnswer,
  type ChargeRequest,
  IssueAnswer,
  type IssueRequest,
  NoticeAnswer,
  type NoticeRequest,
  RefundAnswer,
  type RefundRequest,
  VoidAnswer,
} from '../api.ts'
import type { BreakerOptions } from '../client/breaker.ts'
import type { ClientLogLevel } from '../client/callLog.ts'
import { defineClient, type FailedAnswer, post } from '../client/defineClient.ts'
import { ClientError } from '../client/errors.ts'

/** `not_charged`: certainly nothing was captured. `unknown`: it may have been. */
export type Charged = { status: 'captured' | 'declined' | 'not_charged' | 'unknown' }
/** `refused`: a seat has another ticket. `not_issued`: certainly nothing was written. */
export type Issued = { status: 'issued' | 'refused' | 'not_issued' | 'unknown' }
export type Refunded = { status: 'refunded' | 'none' | 'unknown' }
export type Voided = { status: 'void' | 'unknown' }
export type Told = { status: 'kept' | 'unknown' }

export interface ParticipantOptions {
  paymentUrls: readonly string[]
  ticketUrls: readonly string[]
  notificationUrls: readonly string[]
  paymentReadMsMax: number
  clientLogLevel: ClientLogLevel
  log: Log
}

class PaymentDeclined extends Error {}
class NotCharged extends Error {}
class Refused extends Error {}

const CONNECT_TIMEOUT_MS = 1_000
const READ_TIMEOUT_MS = 3_000
const CONNECTIONS_MAX = 512
const BREAKER: BreakerOptions = {
  failurePercentMax: 50,
  callsMin: 50,
  windowMs: 10_000,
  resetMs: 1_000,
}

export type Participants = ReturnType<typeof createParticipants>

export function createParticipants(options: ParticipantOptions) {
  const { log, clientLogLevel } = options
  const common = {
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    connectionsMax: CONNECTIONS_MAX,
    breaker: BREAKER,
    logLevel: clientLogLevel,
    log,
  }
  const payment = defineClient({
    ...common,
    name: 'payment',
    baseUrls: options.paymentUrls,
    readTimeoutMs: options.paymentReadMsMax,
    calls: {
      charge: post<ChargeRequest, Charged>('/charges', ChargeAnswer),
      refund: post<RefundRequest, Refunded>('/refunds', RefundAnswer),
    },
    errorDecoder: decodePayment,
    fallback: { charge: chargedInstead, refund: (error) => unknown(error) },
  })
  const ticket = defineClient({
    ...common,
    name: 'ticket',
    baseUrls: options.ticketUrls,
    readTimeoutMs: READ_TIMEOUT_MS,
    calls: {
      issue: post<IssueRequest, Issued>('/tickets', IssueAnswer),
      void: post<IssueRequest, Voided>('/tickets/void', VoidAnswer),
    },
    errorDecoder: ({ status }) => (status === 409 ? new Refused() : null),
    fallback: { issue: issuedInstead, void: (error) => unknown(error) },
  })
  const notification = defineClient({
    ...common,
    name: 'notification',
    baseUrls: options.notificationUrls,
    readTimeoutMs: READ_TIMEOUT_MS,
    calls: { tell: post<NoticeRequest, Told>('/notices', NoticeAnswer) },
    fallback: { tell: (error) => unknown(error) },
  })
  const close = async (): Promise<void> => {
    await Promise.all([payment.close(), ticket.close(), notification.close()])
  }
  return { payment, ticket, notification, close }
}

function decodePayment({ status, body }: FailedAnswer): Error | null {
  if (status === 402) return new PaymentDeclined()
  if (status === 503 && body.includes('"not-charged"')) return new NotCharged()
  return null
}

function chargedInstead(error: Error): Charged {
  if (error instanceof PaymentDeclined) return { status: 'declined' }
  if (error instanceof NotCharged) return { status: 'not_charged' }
  return isCertainlyNothing(error) ? { status: 'not_charged' } : unknown(error)
}

function issuedInstead(error: Error): Issued {
  if (error instanceof Refused) return { status: 'refused' }
  return isCertainlyNothing(error) ? { status: 'not_issued' } : unknown(error)
}

const isCertainlyNothing = (error: Error): boolean =>
  error instanceof ClientError && !error.mayHaveRun

function unknown(error: Error): { status: 'unknown' } {
  if (error instanceof ClientError) return { status: 'unknown' }
  throw error
}
