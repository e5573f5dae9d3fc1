/**
 * Buyers who watch a show's map, and hold and give back seats over the same connection, for k6:
 * all of it through the SDK that browsers have. `npm run bench -- fanout` writes the plan.
 *
 *   k6 run -e PLAN=<file> loadtest/k6/feed.ts
 */
import './platform.ts'
import encoding from 'k6/encoding'
import exec from 'k6/execution'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import { WebSocket } from 'k6/websockets'
import {
  type Connection,
  connect,
  type Outcome,
  type Watch,
  type WebSocketConstructor,
} from '../../client/holdfast.ts'
import type { FeedPlan, FeedSummary } from './plan.ts'
import {
  countIn,
  isWithin,
  openWindow,
  type SummaryData,
  TREND_STATS,
  trendIn,
  type Window,
} from './window.ts'

const HELD = 1
/** Nobody presses faster than this, and on average half as fast. */
const THINK_MS = 500
/** A change that has not come by then is missing. */
const CHANGE_MS_MAX = 5_000
/** At quiet a map has so long to become the server's. */
const QUIET_MS_MAX = 10_000
const LOOK_EVERY_MS = 250

const plan: FeedPlan = JSON.parse(open(__ENV.PLAN as string))

const deltas = new Counter('deltas')
const changes = new Counter('changes')
const gaps = new Counter('gaps')
const lost = new Counter('lost')
const failed = new Counter('failed')
const missing = new Counter('missing')
const same = new Counter('same')
const commandMs = new Trend('command_ms')
const seenMs = new Trend('seen_ms')

export const options = {
  scenarios: {
    feed: {
      executor: 'per-vu-iterations',
      exec: 'follow',
      vus: plan.watchers,
      iterations: 1,
      maxDuration: `${plan.warmUpS + plan.seconds + 60}s`,
    },
  },
  systemTags: [],
  summaryTrendStats: TREND_STATS,
}

export const setup = (): Window => openWindow(plan)

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** One buyer, from the door to the end of the window. */
export async function follow(window: Window): Promise<void> {
  const buyer = exec.vu.idInTest - 1
  const connection = connect({
    url: plan.http,
    token: plan.tokens[buyer % plan.tokens.length] as string,
    // Its types say that it takes no protocols; it does.
    WebSocket: WebSocket as unknown as WebSocketConstructor,
  })
  const watch = connection.watch(plan.showId)
  count(connection, watch, window)
  await untilLive(watch)
  for (let turn = 0; Date.now() < window.untilMs; turn++) {
    await pause(THINK_MS * (1 + 2 * Math.random()))
    await press({ connection, watch, window }, { buyer, number: turn % plan.seatsPerRow })
  }
  if (await isTheServers(watch)) same.add(1)
  connection.close()
}

function count(connection: Connection, watch: Watch, window: Window): void {
  let wasLive = false
  watch.on('state', (state) => {
    // The line is there and the map is not right: a delta did not follow upon the one before.
    if (state === 'stale' && wasLive && connection.state.type === 'open') gaps.add(1)
    wasLive ||= state === 'live'
  })
  connection.on('state', ({ type }) => {
    if (type === 'waiting') lost.add(1)
  })
  watch.on('change', (change) => {
    if (change.kind !== 'delta' || !isWithin(window, Date.now())) return
    deltas.add(1)
    changes.add(change.changes.length)
  })
}

const untilLive = (watch: Watch): Promise<void> =>
  new Promise((resolve) => {
    const stop = watch.on('state', (state) => {
      if (state !== 'live') return
      stop()
      resolve()
    })
  })

/** Holds a seat of one's own row, sees it held, and gives it back. */
async function press(
  { connection, watch, window }: { connection: Connection; watch: Watch; window: Window },
  { buyer, number }: { buyer: number; number: number },
): Promise<void> {
  const startedAt = Date.now()
  const isCounting = isWithin(window, startedAt)
  const seen = untilSeen(watch, buyer * plan.seatsPerRow + number)
  const held = await timed(isCounting, () =>
    connection.hold(plan.showId, [`A-${buyer + 1}-${number + 1}`]),
  )
  if (held.type !== 'done') return
  const seenAt = await seen
  if (seenAt === null) missing.add(1)
  else if (isCounting) seenMs.add(seenAt - startedAt)
  await timed(isCounting, () => connection.release(held.reservation.reservationId))
}

async function timed(isCounting: boolean, give: () => Promise<Outcome>): Promise<Outcome> {
  const startedAt = Date.now()
  const outcome = await give()
  if (outcome.type !== 'done') failed.add(1)
  else if (isCounting) commandMs.add(Date.now() - startedAt)
  return outcome
}

/** When the map showed the seat as held, or null when it did not. */
const untilSeen = (watch: Watch, index: number): Promise<number | null> =>
  new Promise((resolve) => {
    const end = (atMs: number | null) => {
      clearTimeout(limit)
      stop()
      resolve(atMs)
    }
    const limit = setTimeout(() => end(null), CHANGE_MS_MAX)
    const stop = watch.on('change', (change) => {
      if (change.changes.some((one) => one.index === index && one.to === HELD)) end(Date.now())
    })
  })

/** Whether the map becomes the server's own, now that nobody presses any more. */
async function isTheServers({ map }: Watch): Promise<boolean> {
  const url = `${plan.http}/v1/shows/${plan.showId}/seats`
  for (let waitedMs = 0; waitedMs < QUIET_MS_MAX; waitedMs += LOOK_EVERY_MS) {
    await pause(LOOK_EVERY_MS)
    const server = http.get(url, { responseType: 'text' }).json() as {
      version: string
      states: string
    }
    if (server.version !== map.version) continue
    return server.states === encoding.b64encode(map.bytes.slice().buffer)
  }
  return false
}

export function handleSummary(data: SummaryData): Record<string, string> {
  const summary: FeedSummary = {
    deltas: countIn(data, 'deltas'),
    changes: countIn(data, 'changes'),
    gaps: countIn(data, 'gaps'),
    lost: countIn(data, 'lost'),
    failed: countIn(data, 'failed'),
    missing: countIn(data, 'missing'),
    same: countIn(data, 'same'),
    commandMs: trendIn(data, 'command_ms'),
    seenMs: trendIn(data, 'seen_ms'),
  }
  return { [plan.summaryFile]: JSON.stringify(summary) }
}
