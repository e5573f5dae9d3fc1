/**
 * Which shards this process leads. A lease is a key with a time to live and our token in it; the
 * leader of a shard projects its log and expires its holds. Processes share the shards evenly:
 * each registers with a heartbeat and takes no more than its share.
 *
 * A process that could not renew in time stops leading by its own monotonic clock, before Redis
 * lets somebody else in. One that was frozen finds that out when it asks `leads` before it writes.
 * Should two lead for a moment all the same, the SQL position row admits only one of them.
 */
import { randomUUID } from 'node:crypto'
import type { RedisClient } from '../../lua/client.ts'
import { faultOf } from '../../lua/errors.ts'
import type { LeaseOutcome, ShardVerbs } from '../../lua/seatVerbs.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { RedisClock } from './redisClock.ts'
import { Wake } from './wake.ts'

/** All processes that may lead, by when their heartbeat runs out (Redis's clock). */
export const MEMBERS_KEY = 'holdfast:members'

export interface LeaseListener {
  /** The shard is ours now; what is known of it from an earlier term may be stale. */
  taken?(shard: number): void
  lost?(shard: number): void
}

export interface LeasesOptions {
  client: RedisClient
  scripts: Pick<ShardVerbs, 'takeLease' | 'releaseLease'>
  shards: number
  clock: RedisClock
  log: Log
  metrics: Metrics
  /** How long a lease lasts that is not renewed. Default 6,000. */
  ttlMs?: number
  /** Whether a shard is not to be given up just now, even if others have fewer. */
  isNeeded?: (shard: number) => boolean
  /** How often leases are renewed, and lapsed ones of others noticed. Default 2,000. */
  renewMs?: number
}

const TTL_MS = 6_000
const RENEW_MS = 2_000
/** How long before Redis we consider a lease as lapsed, as a part of its time. */
const MARGIN_PART = 1 / 6
const RETRY_MS = 250

export class Leases implements Component {
  readonly name = 'leases'
  /** Our name on every lease, new with each start of a process. */
  readonly token = randomUUID()
  readonly #options: LeasesOptions
  readonly #ttlMs: number
  readonly #renewMs: number
  /** By shard led: until when, by our monotonic clock. */
  readonly #untilMs = new Map<number, number>()
  readonly #listeners = new Set<LeaseListener>()
  readonly #wake = new Wake()
  #loop: Promise<void> | null = null

  constructor(options: LeasesOptions) {
    this.#options = options
    this.#ttlMs = options.ttlMs ?? TTL_MS
    this.#renewMs = options.renewMs ?? RENEW_MS
    options.metrics.gauge('holdfast_shards_led', 'Shards whose lease this process holds', {
      collect: (gauge) => gauge.set(this.led().length),
    })
  }

  /** Whether this process leads the shard at this very moment. Ask right before writing. */
  leads(shard: number): boolean {
    const untilMs = this.#untilMs.get(shard)
    return untilMs !== undefined && performance.now() < untilMs
  }

  led(): number[] {
    return [...this.#untilMs.keys()].filter((shard) => this.leads(shard))
  }

  subscribe(listener: LeaseListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Looks at the leases at once, for one of them may be free. */
  poke(): void {
    this.#wake.call()
  }

  async start(): Promise<void> {
    this.#loop = this.#run()
  }

  /** Gives every lease back, so that others need not wait for it to lapse. */
  async stop(): Promise<void> {
    this.#wake.end()
    await this.#loop
    const led = [...this.#untilMs.keys()]
    for (const shard of led) this.#lose(shard)
    const { client, log } = this.#options
    try {
      await Promise.all([
        ...led.map((shard) => this.#release(shard)),
        client.zrem(MEMBERS_KEY, this.token),
      ])
    } catch (error) {
      log.info({ err: error }, 'leases could not be given back and will lapse')
    }
  }

  async #run(): Promise<void> {
    let isFailing = false
    while (!this.#wake.isEnded) {
      try {
        await this.#round()
        isFailing = false
      } catch (error) {
        if (!isFailing) this.#options.log.warn({ err: faultOf(error) }, 'leases cannot be renewed')
        isFailing = true
      }
      this.#dropLapsed()
      await this.#wake.sleep(isFailing ? RETRY_MS : this.#renewMs)
    }
  }

  async #round(): Promise<void> {
    this.#dropLapsed()
    const share = await this.#share()
    const led = [...this.#untilMs.keys()]
    await this.#take(led)
    const kept = [...this.#untilMs.keys()]
    const { isNeeded = () => false } = this.#options
    const surplus = kept
      .filter((shard) => !isNeeded(shard))
      .slice(0, Math.max(0, kept.length - share))
    for (const shard of surplus) this.#lose(shard)
    await Promise.all(surplus.map((shard) => this.#release(shard)))
    await this.#claim(share)
  }

  /** Beats our heart and answers how many shards are ours to lead. */
  async #share(): Promise<number> {
    const { client, clock, shards } = this.#options
    const [seconds = '0', micros = '0'] = (await client.time()).map(String)
    const nowMs = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
    clock.observe(nowMs)
    const [, , members] = await Promise.all([
      client.zadd(MEMBERS_KEY, nowMs + this.#ttlMs, this.token),
      client.zremrangebyscore(MEMBERS_KEY, '-inf', nowMs),
      client.zcard(MEMBERS_KEY),
    ])
    return Math.ceil(shards / Math.max(1, members))
  }

  /** Tries shards that we do not lead until our share is full or none is left. */
  async #claim(share: number): Promise<void> {
    const candidates = Array.from({ length: this.#options.shards }, (_, shard) => shard).filter(
      (shard) => !this.#untilMs.has(shard),
    )
    while (candidates.length > 0 && this.#untilMs.size < share) {
      await this.#take(candidates.splice(0, share - this.#untilMs.size))
    }
  }

  async #take(shards: readonly number[]): Promise<void> {
    const { scripts } = this.#options
    const askedAtMs = performance.now()
    const outcomes = await Promise.allSettled(
      shards.map((shard) => scripts.takeLease({ shard, token: this.token, ttlMs: this.#ttlMs })),
    )
    const untilMs = askedAtMs + this.#ttlMs * (1 - MARGIN_PART)
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') this.#note(shards[at] as number, outcome.value, untilMs)
    }
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
  }

  #note(shard: number, outcome: LeaseOutcome, untilMs: number): void {
    const isLed = this.#untilMs.has(shard)
    if (isLed && outcome.type !== 'renewed') this.#lose(shard)
    if (outcome.type === 'busy') return
    this.#untilMs.set(shard, untilMs)
    // A lease that we gave up in time but Redis did not is as good as a new one.
    if (!isLed || outcome.type === 'taken') {
      for (const listener of this.#listeners) listener.taken?.(shard)
    }
  }

  #dropLapsed(): void {
    for (const shard of [...this.#untilMs.keys()]) if (!this.leads(shard)) this.#lose(shard)
  }

  #lose(shard: number): void {
    if (!this.#untilMs.delete(shard)) return
    for (const listener of this.#listeners) listener.lost?.(shard)
  }

  #release(shard: number) {
    return this.#options.scripts.releaseLease({ shard, token: this.token })
  }
}
