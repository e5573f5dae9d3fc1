/**
 * Redis and its pure twin side by side. Every command is run on Redis first; the twin is then told
 * the ids and the time that Redis's log shows, so that both must come to exactly the same.
 */
import { expect } from 'vitest'
import {
  buyersOf,
  deadlinesOf,
  type Moment,
  ownerOf,
  recordsBySeat,
} from '../../reservation/domain/bookState.ts'
import { SeatBook } from '../../reservation/domain/seatBook.ts'
import type { LogEntry } from '../logEntry.ts'
import {
  fieldsOf,
  PAID_RECORD_RETENTION_MS,
  RECORD_RETENTION_MS,
  type ReservationRecord,
} from '../record.ts'
import type { SeatVerbs } from '../seatVerbs.ts'
import type { TestShard } from './shard.ts'

type Verb = Exclude<keyof SeatVerbs, 'readReservation'>
/** What a verb is asked, without the shard. */
export type Asked<V extends Verb> = Omit<Parameters<SeatVerbs[V]>[0], 'shard'>

type AnyOutcome = { type: string; nowMs?: number; outcomes?: { type: string }[] }

export class Twins {
  readonly redis: TestShard
  readonly book = new SeatBook()
  private tip: string
  private readonly seen: Map<string, number>

  private constructor(redis: TestShard, epoch: LogEntry, seen: Map<string, number>) {
    this.redis = redis
    this.seen = seen
    this.tip = epoch.id
    this.book.state.lease = redis.token
    this.book.open({ nowMs: epoch.atMs, nextLogId: () => epoch.id })
  }

  /** Starts both from nothing, in the database of `redis`; outcomes are counted in `seen`. */
  static async begin(redis: TestShard, seen: Map<string, number>): Promise<Twins> {
    await redis.empty()
    const [epoch] = await redis.entries()
    return new Twins(redis, epoch!, seen)
  }

  /** Runs one verb on both, and compares outcome, log and state. */
  async run<V extends Verb>(verb: V, asked: Asked<V>): Promise<void> {
    const options = { shard: this.redis.shard, ...asked } as never
    // One connection keeps the order, so the three need not wait for each other.
    const [beforeMs, outcome, entries] = await Promise.all([
      this.nowMs(),
      this.redis.seats[verb](options) as Promise<AnyOutcome>,
      this.redis.entries(this.tip),
    ])
    this.count(verb, outcome)
    const at = this.momentOf(entries, outcome.nowMs ?? beforeMs)
    const logged = this.book.state.log.length
    expect(this.book[verb](options, at), `${verb} ${JSON.stringify(asked)}`).toEqual(outcome)
    expect(this.book.state.log.slice(logged)).toEqual(entries)
    await this.compareState()
  }

  /** Loses Redis, restores what was projected, runs `meanwhile` under the permit, and reopens. */
  async rebuild(meanwhile: (permit: string) => Promise<void>): Promise<void> {
    const { client, seats, shard, token } = this.redis
    const projected = Object.values(this.book.state.records).filter(isProjected)
    await client.call('FLUSHDB')
    Object.assign(this.book.state, { epoch: null, records: {}, versions: {} })
    await seats.takeLease({ shard, token, ttlMs: RECORD_RETENTION_MS })
    await seats.moveLog({ shard, token, pastId: this.tip })
    for (const showId of new Set(projected.map((record) => record.showId))) {
      const reservations = projected.filter((record) => record.showId === showId)
      await this.run('restore', { showId, permit: 'not the token', reservations })
      await this.run('restore', { showId, permit: token, reservations })
      await this.run('restore', { showId, permit: token, reservations })
    }
    await meanwhile(token)
    await seats.openShard({ shard, token, pastId: this.tip })
    const [epoch] = await this.redis.entries(this.tip)
    this.book.open(this.momentOf(epoch ? [epoch] : [], 0))
    await this.compareState()
  }

  private count(verb: string, outcome: AnyOutcome): void {
    for (const { type } of outcome.outcomes ?? [outcome]) {
      const name = `${verb} ${type}`
      this.seen.set(name, (this.seen.get(name) ?? 0) + 1)
    }
  }

  private async nowMs(): Promise<number> {
    const [seconds, micros] = (await this.redis.client.call('TIME')) as [string, string]
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
  }

  private momentOf(entries: readonly LogEntry[], beforeMs: number): Moment {
    const ids = entries.map((entry) => entry.id)
    this.tip = ids.at(-1) ?? this.tip
    return { nowMs: entries[0]?.atMs ?? beforeMs, nextLogId: () => ids.shift() ?? 'not logged' }
  }

  /** Everything that Redis keeps next to the records must follow from them. */
  private async compareState(): Promise<void> {
    const { client, keys } = this.redis
    const records = Object.values(this.book.state.records)
    const shows = new Set(records.map((record) => record.showId))
    const [deadlines] = await Promise.all([
      client.call('ZRANGE', keys.deadlines, '0', '-1', 'WITHSCORES'),
      ...[...shows].map((showId) => this.compareShow(showId)),
      ...records.map((record) => this.compareRecord(record)),
    ])
    const derived = [...deadlinesOf(this.book.state)].map(([name, ms]) => [name, String(ms)])
    expect(Object.fromEntries(fieldsOf(deadlines as string[]))).toEqual(Object.fromEntries(derived))
  }

  private async compareShow(showId: string): Promise<void> {
    const { client, keys } = this.redis
    const state = this.book.state
    const [seats, buyers, version] = await Promise.all([
      client.hgetall(keys.seats(showId)),
      client.hgetall(keys.buyers(showId)),
      client.get(keys.version(showId)),
    ])
    const owned = [...recordsBySeat(state, showId)].map(([seat, record]) => {
      return [String(seat), ownerOf(record)]
    })
    expect(seats).toEqual(Object.fromEntries(owned))
    const counts = [...buyersOf(state, showId)].map(([name, count]) => [name, String(count)])
    expect(buyers).toEqual(Object.fromEntries(counts))
    expect(version).toBe(state.versions[showId] ?? null)
  }

  private async compareRecord(record: ReservationRecord): Promise<void> {
    const { client, keys, seats, shard } = this.redis
    const { reservationId } = record
    if (this.book.state.epoch) {
      const found = await seats.readReservation({ shard, reservationId })
      expect(found).toEqual(this.book.readReservation({ reservationId }))
    }
    const remainingMs = await client.pttl(keys.reservation(reservationId))
    const isKept = record.owns || record.status === 'refunding'
    if (isKept) expect(remainingMs, `${record.status} stays`).toBe(-1)
    else expect(remainingMs, `${record.status} disappears`).toBeGreaterThan(leastMsOf(record))
    expect(remainingMs).toBeLessThanOrEqual(PAID_RECORD_RETENTION_MS)
  }
}

/** A lost Redis takes the holds along that are not yet in checkout; SQL knows the rest. */
const isProjected = ({ status }: ReservationRecord): boolean => status !== 'held'

/** What reached checkout stays longer than a hold that merely ended. */
const leastMsOf = ({ status, checkoutKey }: ReservationRecord): number =>
  status === 'cancelled' || status === 'refunded' || checkoutKey ? RECORD_RETENTION_MS : 0
