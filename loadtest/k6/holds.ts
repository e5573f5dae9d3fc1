/**
 * Holds of one seat each in a closed loop, for k6. `npm run bench -- holds` writes the plan.
 *
 *   k6 run -e PLAN=<file> loadtest/k6/holds.ts
 */
import exec from 'k6/execution'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import type { HoldsPlan, HoldsSummary } from './plan.ts'
import {
  countIn,
  isWithin,
  openWindow,
  type SummaryData,
  TREND_STATS,
  trendIn,
  type Window,
} from './window.ts'

const plan: HoldsPlan = JSON.parse(open(__ENV.PLAN as string))

const accepted = new Counter('accepted')
const failed = new Counter('failed')
const holdMs = new Trend('hold_ms')

export const options = {
  scenarios: {
    holds: {
      executor: 'constant-vus',
      exec: 'hold',
      vus: plan.buyers,
      duration: `${plan.warmUpS + plan.seconds}s`,
    },
  },
  discardResponseBodies: true,
  noUsageReport: true,
  systemTags: [],
  summaryTrendStats: TREND_STATS,
}

export const setup = (): Window => openWindow(plan)

export function hold(window: Window): void {
  const turn = exec.scenario.iterationInTest
  const showId = plan.showIds[turn % plan.showIds.length]
  const seat = Math.floor(turn / plan.showIds.length)
  const seatId = `A-${Math.floor(seat / plan.seatsPerRow) + 1}-${(seat % plan.seatsPerRow) + 1}`
  const startedAt = Date.now()
  const answer = http.post(
    `${plan.http}/v1/shows/${showId}/reservations`,
    JSON.stringify({ seatIds: [seatId] }),
    {
      headers: {
        Authorization: `Bearer ${plan.tokens[turn % plan.tokens.length]}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': `${plan.keyPrefix}-${turn}`,
      },
    },
  )
  const endedAt = Date.now()
  if (!isWithin(window, endedAt)) return
  if (answer.status !== 201) {
    failed.add(1)
    return
  }
  accepted.add(1)
  holdMs.add(endedAt - startedAt)
}

export function handleSummary(data: SummaryData): Record<string, string> {
  const summary: HoldsSummary = {
    accepted: countIn(data, 'accepted'),
    failed: countIn(data, 'failed'),
    holdMs: trendIn(data, 'hold_ms'),
  }
  return { [plan.summaryFile]: JSON.stringify(summary) }
}
