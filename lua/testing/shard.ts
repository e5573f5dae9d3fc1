/** A shard on real Redis for one test file, and short ways to say what the tests say often. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { Money } from '../../contracts/payloads.ts'
import { openProcessRegistry } from '../../platform/infra/processes.ts'
import { startRedis } from '../../platform/infra/redis.ts'
import type { RunningServer } from '../../platform/infra/server.ts'
import { freshRedisUrl, uniqueName } from '../../platform/testing/infra.ts'
import { registriesOf } from '../../platform/testing/runs.ts'
import { createClient, type RedisClient, whenReady } from '../client.ts'
import { keysOf, type ShardKeys } from '../keys.ts'
import { type LogEntry, parseLogEntry } from '../logEntry.ts'
import type { ReservationRecord } from '../record.ts'
import { SeatScripts } from '../seatScripts.ts'
import type { HoldOutcome, HoldRequest } from '../seatVerbs.ts'

const READY_MS = 5_000
export const FOREVER_MS = 1_000_000_000
export const PRICE: Money = { currency: 'KRW', value: 120_000 }

export interface TestShard {
  url: string
  shard: number
  client: RedisClient
  seats: SeatScripts
  keys: ShardKeys
  /** The token of the lease. */
  token: string
  /** The reservation id that stands for `n`. */
  id: (n: number) => string
  /** A request for seats of `show` by customer `ann`, on hold for ever. */
  request: (n: number, seats: readonly number[], changes?: Partial<HoldRequest>) => HoldRequest
  /** Holds in a call of its own and answers the one outcome. */
  hold: (
    n: number,
    seats: readonly number[],
    changes?: Partial<HoldRequest>,
  ) => Promise<HoldOutcome>
  /** Names reservation `n` of `show` as its owner would. */
  mine: (n: number) => {
    shard: number
    reservationId: string
    showId: string
    customerId: string
  }
  /** What the seats of reservation `n` carry while it holds them. */
  owner: (n: number) => string
  entries: (afterId?: string) => Promise<LogEntry[]>
  /** The hash of reservation `n` as it stands in Redis. */
  raw: (n: number) => Promise<Record<string, string>>
  record: (n: number) => Promise<ReservationRecord>
  /** Starts again with nothing in the database but the lease and a new epoch. */
  empty: () => Promise<void>
  close: () => void
}

/** An open, empty shard in a database of its own (or in the server at `url`). */
export async function openTestShard(url?: string): Promise<TestShard> {
  const redisUrl = url ?? (await freshRedisUrl())
  const client = createClient({ url: redisUrl })
  await whenReady(client, READY_MS)
  const seats = new SeatScripts(client)
  const shard = 7
  const token = uniqueName('token')
  const world = { url: redisUrl, ...worldOf(client, seats, shard, token) }
  await world.empty()
  return world
}

function worldOf(
  client: RedisClient,
  seats: SeatScripts,
  shard: number,
  token: string,
): Omit<TestShard, 'url'> {
  const keys = keysOf(shard)
  const id = (n: number) => `r07_${String(n).padStart(26, '0')}`
  const request = (n: number, indexes: readonly number[], changes?: Partial<HoldRequest>) => ({
    reservationId: id(n),
    showId: 'show',
    customerId: 'ann',
    seats: indexes,
    amount: PRICE,
    requestHash: `hash of ${indexes.join()}`,
    ttlMs: FOREVER_MS,
    buyerSeatsMax: 100,
    ...changes,
  })
  return {
    shard,
    client,
    seats,
    keys,
    token,
    id,
    request,
    async hold(n, indexes, changes) {
      const requests = [request(n, indexes, changes)]
      const answer = await seats.holdSeats({ shard, requests })
      if (answer.type !== 'answered') throw new Error(`the call was refused: ${answer.type}`)
      return answer.outcomes[0]!
    },
    owner: (n) => `h${id(n)}`,
    raw: (n) => client.hgetall(keys.reservation(id(n))),
    mine: (n) => ({ shard, reservationId: id(n), showId: 'show', customerId: 'ann' }),
    async entries(afterId) {
      const start = afterId === undefined ? '-' : `(${afterId}`
      const found = await client.xrange(keys.log, start, '+')
      return found.map(([entryId, fields]) => parseLogEntry(entryId, fields))
    },
    async record(n) {
      const found = await seats.readReservation({ shard, reservationId: id(n) })
      if (found.type !== 'found') throw new Error(`reservation ${n}: ${found.type}`)
      return found.record
    },
    async empty() {
      await client.call('FLUSHDB')
      await seats.takeLease({ shard, token, ttlMs: FOREVER_MS })
      await seats.openShard({ shard, token, pastId: '0-0' })
    },
    close: () => client.disconnect(),
  }
}

/** A redis-server for the calling test alone. `end()` stops it and removes its data. */
export async function startOwnRedis(
  args: readonly string[] = [],
): Promise<{ server: RunningServer; end: () => Promise<void> }> {
  const { runDir } = inject('holdfast')
  const name = uniqueName('redis')
  const dataDir = join(runDir, name)
  const registry = openProcessRegistry(join(registriesOf(runDir), `${name}.json`))
  const server = await startRedis({ dataDir, args, registry, logFile: `${dataDir}.log` })
  return {
    server,
    async end() {
      await server.stop()
      registry.clear()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
