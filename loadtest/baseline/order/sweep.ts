/**
 * What must happen without a request: shards are opened, holds expire, logs are trimmed, and
 * orders that a crash or an outage left are brought to their end.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { RedisUnavailable } from '../../../lua/errors.ts'
import type { SeatScripts } from '../../../lua/seatScripts.ts'
import { isDependencyDown } from '../../../platform/errors.ts'
import type { Check } from '../../../platform/health.ts'
import type { Component } from '../../../platform/lifecycle.ts'
import type { Log } from '../../../platform/log.ts'
import type { Checkout } from './checkout.ts'
import type { OrderStore } from './store.ts'

const LEASE_TTL_MS = 5_000
const EXPIRIES_MAX = 100
/** Nobody reads the logs here; the scripts write them because they are the same scripts. */
const LOG_KEPT_MS = 60_000
const ORDERS_AT_ONCE_MAX = 32

/** Declares the shards of an empty Redis complete. */
export async function openShards(scripts: SeatScripts, shards: number): Promise<void> {
  const token = randomUUID()
  for (let shard = 0; shard < shards; shard++) {
    if ((await scripts.readEpoch({ shard })) !== null) continue
    await scripts.takeLease({ shard, token, ttlMs: LEASE_TTL_MS })
    await scripts.openShard({ shard, token, pastId: '0-0' })
    await scripts.releaseLease({ shard, token })
  }
}

/** For readiness: Redis answers, and has the state that was declared complete. */
export async function checkRedis(scripts: SeatScripts): Promise<Check> {
  const epoch = await scripts.readEpoch({ shard: 0 })
  return epoch === null ? { ok: false, detail: 'there is no epoch' } : { ok: true }
}

/** Runs `round` again and again; what a dependency that is down prevents is done in a later one. */
export function repeatedly(options: {
  name: string
  everyMs: number
  round: () => Promise<void>
  log: Log
}): Component {
  const { name, everyMs, round, log } = options
  const stopped = new AbortController()
  let running: Promise<void> | null = null
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await round()
      } catch (error) {
        const isPassing = error instanceof RedisUnavailable || isDependencyDown(error)
        log[isPassing ? 'debug' : 'error']({ err: error, sweep: name }, 'a round failed')
      }
      await pause(everyMs, undefined, { signal: stopped.signal }).catch(() => {
        // Woken by the stop.
      })
    }
  }
  return {
    name,
    start: async () => {
      running = run()
    },
    stop: async () => {
      stopped.abort()
      await running
    },
  }
}

/** Expires what is due, show by show, and trims the log behind it. */
export async function sweepShards(scripts: SeatScripts, shards: number): Promise<void> {
  for (let shard = 0; shard < shards; shard++) {
    const due = await scripts.dueHolds({ shard, limit: EXPIRIES_MAX })
    if (due.type === 'due' && due.holds.length > 0) {
      const byShow = new Map<string, string[]>()
      for (const { showId, reservationId } of due.holds) {
        byShow.set(showId, [...(byShow.get(showId) ?? []), reservationId])
      }
      for (const [showId, reservationIds] of byShow) {
        await scripts.expireHolds({ shard, showId, reservationIds })
      }
    }
    await scripts.setPosition({ shard, logId: await scripts.readTip({ shard }) })
    await scripts.trimLog({ shard, keepMs: LOG_KEPT_MS })
  }
}

/** Takes up orders that nobody has in hand, and brings each as far as it gets. */
export async function sweepOrders(options: {
  store: OrderStore
  checkout: Checkout
  leaseMs: number
  log: Log
}): Promise<void> {
  const { store, checkout, leaseMs, log } = options
  const due = await store.findDue(ORDERS_AT_ONCE_MAX)
  const finish = due.map(async (order) => {
    if (!(await store.claim(order.reservationId, leaseMs))) return
    try {
      const { status } = await checkout.settle(order)
      log.info({ reservationId: order.reservationId, from: order.state, status }, 'finished')
    } catch (error) {
      log.debug({ err: error, reservationId: order.reservationId }, 'still unfinished')
    }
  })
  await Promise.all(finish)
}
