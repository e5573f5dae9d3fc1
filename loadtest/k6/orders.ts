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
import type { OrdersPlan, OrdersSummary, TrendSummary } from './plan.ts'

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
  summaryTrendStats: ['count', 'avg', 'p(50)', 'p(90)', 'p(99)', 'p(99.9)', 'max'],
}

interface Window {
  fromMs: number
  untilMs: number
}

/** Tells the bench when the window is. */
export function setup(): Window {
  const fromMs = Date.now() + plan.warmUpS * 1000
  const untilMs = fromMs + plan.seconds * 1000
  console.log(`window ${fromMs} ${untilMs}`)
  return { fromMs, untilMs }
}

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
  const isCounting = startedAt >= window.fromMs && startedAt < window.untilMs
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

interface SummaryData {
  metrics: Record<string, { values: Record<string, number> } | undefined>
}

export function handleSummary({ metrics }: SummaryData): Record<string, string> {
  const count = (name: string): number => metrics[name]?.values.count ?? 0
  const trend = (name: string): TrendSummary | null => {
    const values = metrics[name]?.values
    if (!values?.count) return null
    const value = (stat: string): number => values[stat] ?? Number.NaN
    return {
      count: value('count'),
      mean: value('avg'),
      p50: value('p(50)'),
      p90: value('p(90)'),
      p99: value('p(99)'),
      p999: value('p(99.9)'),
      max: value('max'),
    }
  }
  const summary: OrdersSummary = {
    accepted: count('accepted'),
    refused: count('refused'),
    failed: count('failed'),
    dropped: count('dropped_iterations'),
    holdMs: trend('hold_ms'),
    checkoutMs: trend('checkout_ms'),
    ticketMs: trend('ticket_ms'),
  }
  return { [plan.summaryFile]: JSON.stringify(summary) }
}
