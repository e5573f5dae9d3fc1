/**
 * Expires holds and payments whose deadline has passed, for the shards that this process leads.
 * It sleeps until the next deadline, which it knows from Redis and from what the tail hears. Only
 * Redis's clock decides what is due: deadlines are turned into intervals by the time that Redis
 * gave along with them, so an application clock that is wrong does not matter.
 */
import { RedisUnavailable } from '../../lua/errors.ts'
import type { LogEntry } from '../../lua/logEntry.ts'
import { EXPIRIES_PER_CALL_MAX, type SeatVerbs } from '../../lua/seatVerbs.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Gate } from '../rebuild/gate.ts'
import type { Leases } from './leases.ts'
import type { RedisClock } from './redisClock.ts'
import type { LogTail } from './tail.ts'
import { Wake } from './wake.ts'

/** Holds listed at a time; the rest of what is due follows at once. */
const LISTED_MAX = 1_000
/** Expiring calls of a shard under way at a time: buyers' commands get their turn in between. */
const CALLS_AT_ONCE = 4
/** Deadlines that fall together within this time are swept together. */
const GATHER_MS = 10
/** A shard is looked at this often even if nothing is known to be due. */
const IDLE_LOOK_MS = 15_000
const RETRY_MS = 250

export interface SweeperOptions {
  scripts: Pick<SeatVerbs, 'dueHolds' | 'expireHolds'>
  tail: LogTail
  leases: Leases
  gate: Gate
  clock: RedisClock
  log: Log
  metrics: Metrics
}

export class Sweeper implements Component {
  readonly name = 'sweeper'
  readonly #options: SweeperOptions
  readonly #wake = new Wake()
  /** By shard led: when to look next, by our monotonic clock. */
  readonly #nextMs = new Map<number, number>()
  readonly #lagSeconds
  #unsubscribe: (() => void)[] = []
  #loop: Promise<void> | null = null

  constructor(options: SweeperOptions) {
    this.#options = options
    this.#lagSeconds = options.metrics.histogram(
      'holdfast_expiry_lag_seconds',
      "From a hold's deadline to its expiry, by Redis's clock",
    )
  }

  async start(): Promise<void> {
    const { tail, leases, gate } = this.#options
    this.#unsubscribe = [
      tail.subscribe((shard, entries) => this.#hear(shard, entries)),
      leases.subscribe({
        taken: (shard) => this.#lookWithin(shard, 0),
        lost: (shard) => this.#nextMs.delete(shard),
      }),
      gate.subscribe({ opened: (shard) => leases.leads(shard) && this.#lookWithin(shard, 0) }),
    ]
    for (const shard of leases.led()) this.#lookWithin(shard, 0)
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#wake.end()
    await this.#loop
  }

  #hear(shard: number, entries: readonly LogEntry[]): void {
    if (!this.#options.leases.leads(shard)) return
    for (const entry of entries) {
      if (entry.type === 'held' || entry.type === 'extended' || entry.type === 'paying') {
        this.#lookWithin(shard, entry.deadlineMs - entry.atMs)
      } else if (entry.type === 'expired') {
        this.#lagSeconds.observe(Math.max(0, entry.atMs - entry.deadlineMs) / 1_000)
      }
    }
  }

  /** Sees to it that the shard is looked at in `ms` milliseconds or earlier. */
  #lookWithin(shard: number, ms: number): void {
    const atMs = performance.now() + ms
    const knownMs = this.#nextMs.get(shard)
    if (knownMs !== undefined && knownMs <= atMs) return
    const isEarliest = [...this.#nextMs.values()].every((otherMs) => atMs < otherMs)
    this.#nextMs.set(shard, atMs)
    if (isEarliest) this.#wake.call()
  }

  async #run(): Promise<void> {
    while (!this.#wake.isEnded) {
      const nowMs = performance.now()
      const due = [...this.#nextMs].filter(([, atMs]) => atMs <= nowMs).map(([shard]) => shard)
      for (const shard of due) this.#nextMs.set(shard, nowMs + IDLE_LOOK_MS)
      await Promise.all(due.map((shard) => this.#sweep(shard)))
      const restMs = Math.min(...this.#nextMs.values()) - performance.now()
      const waitMs = Number.isFinite(restMs) ? Math.max(GATHER_MS, restMs) : undefined
      await this.#wake.sleep(waitMs)
    }
  }

  async #sweep(shard: number): Promise<void> {
    const { leases, gate, log } = this.#options
    // The gate wakes us when the shard opens, the lease when it is ours again.
    if (!leases.leads(shard) || !gate.isOpen(shard)) return
    try {
      while (await this.#sweepOnce(shard)) if (!leases.leads(shard)) return
    } catch (error) {
      if (error instanceof RedisUnavailable) log.debug({ err: error, shard }, 'a sweep was cut off')
      else log.error({ err: error, shard }, 'a sweep failed')
      this.#lookWithin(shard, RETRY_MS)
    }
  }

  /** Expires what is due, up to a limit; true when more is due already. */
  async #sweepOnce(shard: number): Promise<boolean> {
    const { scripts, clock, gate } = this.#options
    const found = await scripts.dueHolds({ shard, limit: LISTED_MAX })
    if (found.type === 'no_epoch') {
      gate.refuse(shard, 'no_epoch')
      return false
    }
    clock.observe(found.nowMs)
    if (found.nextMs !== null) this.#lookWithin(shard, found.nextMs - found.nowMs)
    const batches = batchesOf(found.holds)
    for (let at = 0; at < batches.length; at += CALLS_AT_ONCE) {
      await Promise.all(
        batches.slice(at, at + CALLS_AT_ONCE).map(async (batch) => {
          const answer = await scripts.expireHolds({ shard, ...batch })
          if (answer.type === 'no_epoch') gate.refuse(shard, 'no_epoch')
        }),
      )
    }
    return found.holds.length === LISTED_MAX && gate.isOpen(shard)
  }
}

/** By show, in portions that one script call may take. */
function batchesOf(
  holds: readonly { showId: string; reservationId: string }[],
): { showId: string; reservationIds: string[] }[] {
  const byShow = new Map<string, string[]>()
  for (const { showId, reservationId } of holds) {
    const ids = byShow.get(showId)
    if (ids) ids.push(reservationId)
    else byShow.set(showId, [reservationId])
  }
  return [...byShow].flatMap(([showId, ids]) =>
    Array.from({ length: Math.ceil(ids.length / EXPIRIES_PER_CALL_MAX) }, (_, portion) => ({
      showId,
      reservationIds: ids.slice(
        portion * EXPIRIES_PER_CALL_MAX,
        (portion + 1) * EXPIRIES_PER_CALL_MAX,
      ),
    })),
  )
}
