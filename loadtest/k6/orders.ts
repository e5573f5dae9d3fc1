/**
 * Orders in a closed loop, for k6: hold two seats, check out, and every so often wait for the
 * ticket. `npm run bench -- goodput` writes the plan, runs this, and counts what was completed.
 *
 *   k6 run -e PLAN=<file> loadtest/k6/orders.ts
 */

import { sleep } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import type { OrdersPlan, OrdersSummary } from './plan.ts'
import {
  countIn,
  isWithin,
  openWindow,
  type SummaryData,
  TREND_STATS,
  trendIn,
  type Window,
} from './window.ts'

const SEATS_PER_ORDER = 2
const RETRY_S_MAX = 2
const WAIT_S = 30
/** The last orders of a window are finished before k6 ends. */
const GRACE_S = 1

const plan: OrdersPlan = JSON.parse(open(__ENV.PLAN as string))
const checkoutBody = JSON.stringify({ payment: { token: 'tok_ok' } })

const accepted = new Counter('accepted')
const refused = new Counter('refused')
const failed = new Counter('failed')
const holdMs = new Trend('hold_ms')
const checkoutMs = new Trend('checkout_ms')
const ticketMs = new Trend('ticket_ms')

export const options = {
  scenarios: {
    orders: {
      executor: 'constant-vus',
      exec: 'order',
      vus: plan.buyers,
      duration: `${plan.warmUpS + plan.seconds + GRACE_S}s`,
      gracefulStop: '30s',
    },
  },
  discardResponseBodies: true,
  noUsageReport: true,
  systemTags: [],
  summaryTrendStats: TREND_STATS,
}

export const setup = (): Window => openWindow(plan)

function seatsOf(turn: number): { showId: string; seatIds: string[] } {
  const showId = plan.showIds[turn % plan.showIds.length] as string
  const seat = Math.floor(turn / plan.showIds.length) * SEATS_PER_ORDER
  const row = `A-${Math.floor(seat / plan.seatsPerRow) + 1}`
  const number = (seat % plan.seatsPerRow) + 1
  return { showId, seatIds: [`${row}-${number}`, `${row}-${number + 1}`] }
}

type Answer = ReturnType<typeof http.post>

/** Asks until there is an answer other than 503 with Retry-After; null for a failure. */
function ask(isCounting: boolean, request: () => Answer): Answer | null {
  for (;;) {
    const answer = request()
    if (answer.status >= 200 && answer.status < 300) return answer
    const retryS = answer.status === 503 ? Number(answer.headers['Retry-After'] ?? Number.NaN) : NaN
    if (Number.isNaN(retryS)) {
      if (isCounting) failed.add(1)
      return null
    }
    if (isCounting) refused.add(1)
    sleep(Math.min(retryS, RETRY_S_MAX))
  }
}

/** One order of one buyer. */
export function order(window: Window): void {
  const turn = exec.scenario.iterationInTest
  const { showId, seatIds } = seatsOf(turn)
  const startedAt = Date.now()
  const isCounting = isWithin(window, startedAt)
  const headers = {
    Authorization: `Bearer ${plan.tokens[turn % plan.tokens.length]}`,
    'Content-Type': 'application/json',
    'Idempotency-Key': `${plan.keyPrefix}-${turn}`,
  }
  const holdUrl = `${plan.http}/v1/shows/${showId}/reservations`
  const held = ask(isCounting, () => http.post(holdUrl, JSON.stringify({ seatIds }), { headers }))
  if (held === null) return
  const heldAt = Date.now()
  const url = `${plan.http}${held.headers.Location}`
  const paid = ask(isCounting, () => http.post(`${url}/checkout`, checkoutBody, { headers }))
  if (paid === null) return
  if (isCounting) {
    accepted.add(1)
    holdMs.add(heldAt - startedAt)
    checkoutMs.add(Date.now() - heldAt)
  }
  // 200: the answer came with the tickets.
  if (paid.status === 200) {
    if (isCounting) ticketMs.add(Date.now() - heldAt)
  } else if (plan.waitEvery > 0 && isTurnToWait())
    waitForTicket({ url, headers, heldAt, isCounting })
}

/** Buyers wait at different points of their rounds, so that they do not do so in step. */
const isTurnToWait = (): boolean =>
  (exec.vu.iterationInScenario + exec.vu.idInTest) % plan.waitEvery === 0

function waitForTicket(one: {
  url: string
  headers: Record<string, string>
  heldAt: number
  isCounting: boolean
}): void {
  const headers = { Authorization: one.headers.Authorization as string, Prefer: `wait=${WAIT_S}` }
  const responseType = 'text' as const
  const answer = ask(one.isCounting, () => http.get(one.url, { headers, responseType }))
  const isConfirmed = String(answer?.body).includes('"status":"confirmed"')
  if (!one.isCounting || answer === null) return
  if (isConfirmed) ticketMs.add(Date.now() - one.heldAt)
  else failed.add(1)
}

export function handleSummary(data: SummaryData): Record<string, string> {
  const summary: OrdersSummary = {
    accepted: countIn(data, 'accepted'),
    refused: countIn(data, 'refused'),
    failed: countIn(data, 'failed'),
    dropped: countIn(data, 'dropped_iterations'),
    holdMs: trendIn(data, 'hold_ms'),
    checkoutMs: trendIn(data, 'checkout_ms'),
    ticketMs: trendIn(data, 'ticket_ms'),
  }
  return { [plan.summaryFile]: JSON.stringify(summary) }
}
