/**
 * The provider tells outcomes by itself: a second way to learn one, never a second effect. An
 * event goes through the same decision as the answer to our own call, so one that is repeated,
 * late or early changes nothing. One that names another amount than we asked for touches nothing
 * and is refused.
 */
import { isDependencyDown } from '../platform/errors.ts'
import type { RouteRequest, RouteResponse, Routes } from '../platform/health.ts'
import type { Log } from '../platform/log.ts'
import { LATE, within } from '../platform/within.ts'
import type { Verdict } from './book.ts'
import type { PaymentEvent } from './events.ts'
import type { Figures } from './figures.ts'
import type { PaymentGateway, ProviderEvent } from './gateway.ts'
import type { OutcomeWriter } from './outcomes.ts'

export const WEBHOOK_PATH = '/v1/webhooks/payments'
/** The provider is told to come again when the events cannot be written in this time. */
const ANSWER_MS_MAX = 2_000

export function webhookRoutes(options: {
  gateway: PaymentGateway
  outcomes: OutcomeWriter
  figures: Figures
  log: Log
}): Routes {
  const { gateway, outcomes, figures, log } = options

  const judge = async (event: ProviderEvent): Promise<Verdict> =>
    // In the usual case the call's own answer came first and is written: no need to ask SQL.
    outcomes.isWritten(event) ? 'unchanged' : outcomes.add(eventOf(event))

  const answer = async ({ headers, body }: RouteRequest): Promise<RouteResponse> => {
    const reading = gateway.readWebhook({ headers, rawBody: body, nowMs: Date.now() })
    if (reading.type === 'unsigned') return problem(401, 'unauthenticated', reading.detail)
    if (reading.type === 'malformed') return problem(400, 'bad-request', reading.detail)
    const verdicts = await within(Promise.all(reading.events.map(judge)), ANSWER_MS_MAX)
    if (verdicts === LATE) return unavailable()
    const mismatches = reading.events.filter((_, index) => verdicts[index] === 'mismatch')
    if (mismatches.length > 0) {
      const reservationIds = mismatches.map((event) => event.reservationId)
      log.error({ reservationIds }, 'a webhook names another amount than was asked for')
      return problem(422, 'amount-mismatch', `not the amount of ${reservationIds.join(', ')}`)
    }
    const changed = verdicts.filter((verdict) => verdict === 'changed').length
    return { status: 200, body: { received: verdicts.length + reading.ignored, changed } }
  }

  const serve = async (request: RouteRequest): Promise<RouteResponse> => {
    let response: RouteResponse
    try {
      response = await answer(request)
    } catch (error) {
      if (!isDependencyDown(error)) throw error
      response = unavailable()
    }
    figures.webhook(String(response.status))
    if (response.status === 401) log.warn('a webhook without a valid signature was refused')
    return response
  }

  return { [`POST ${WEBHOOK_PATH}`]: serve }
}

function eventOf(event: ProviderEvent): PaymentEvent {
  const { reservationId } = event
  if (event.type === 'declined') return { type: 'declined', reservationId, amount: event.amount }
  return { type: event.type, reservationId, receipt: event.receipt }
}

function problem(status: number, code: string, detail: string): RouteResponse {
  const type = `urn:holdfast:problem:${code}`
  const title = 'The webhook is refused'
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { type, title, status, code, detail },
  }
}

function unavailable(): RouteResponse {
  const response = problem(503, 'unavailable', 'nothing is lost: send it again')
  return { ...response, headers: { ...response.headers, 'retry-after': '5' } }
}
