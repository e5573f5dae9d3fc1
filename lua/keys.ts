/** The names of all keys in Redis. Everything of one shard shares its hash tag. */
import { shardTagOf } from '../contracts/ids.ts'

/** What the scripts call the keys, their types and their patterns; `sNN` is the shard. */
export const KEY_KINDS = {
  epoch: { type: 'string', pattern: '{sNN}:epoch' },
  log: { type: 'stream', pattern: '{sNN}:log' },
  position: { type: 'string', pattern: '{sNN}:pos' },
  lease: { type: 'string', pattern: '{sNN}:lease' },
  deadlines: { type: 'zset', pattern: '{sNN}:deadlines' },
  seats: { type: 'hash', pattern: '{sNN}:seats:<showId>' },
  version: { type: 'string', pattern: '{sNN}:ver:<showId>' },
  buyers: { type: 'hash', pattern: '{sNN}:buyers:<showId>' },
  reservation: { type: 'hash', pattern: '{sNN}:r:<reservationId>' },
  /** Any key of the shard, where the script looks at none of them. */
  key: { type: 'any', pattern: '{sNN}:*' },
} as const satisfies Record<string, { type: string; pattern: `{sNN}:${string}` }>

export type KeyName = keyof typeof KEY_KINDS

export interface ShardKeys {
  readonly epoch: string
  readonly log: string
  readonly position: string
  readonly lease: string
  readonly deadlines: string
  seats(showId: string): string
  version(showId: string): string
  buyers(showId: string): string
  reservation(reservationId: string): string
  /** Pattern of all keys of the shard, for SCAN. */
  readonly all: string
}

const built = new Map<number, ShardKeys>()

/** The keys of a shard (0..99); built once per shard. */
export function keysOf(shard: number): ShardKeys {
  const known = built.get(shard)
  if (known) return known
  const keys = buildKeys(shardTagOf(shard))
  built.set(shard, keys)
  return keys
}

function buildKeys(tag: string): ShardKeys {
  const prefixOf = (pattern: string) => pattern.replace('sNN', tag).replace(/[<*].*$/, '')
  const seats = prefixOf(KEY_KINDS.seats.pattern)
  const version = prefixOf(KEY_KINDS.version.pattern)
  const buyers = prefixOf(KEY_KINDS.buyers.pattern)
  const reservation = prefixOf(KEY_KINDS.reservation.pattern)
  return {
    epoch: prefixOf(KEY_KINDS.epoch.pattern),
    log: prefixOf(KEY_KINDS.log.pattern),
    position: prefixOf(KEY_KINDS.position.pattern),
    lease: prefixOf(KEY_KINDS.lease.pattern),
    deadlines: prefixOf(KEY_KINDS.deadlines.pattern),
    seats: (showId) => seats + showId,
    version: (showId) => version + showId,
    buyers: (showId) => buyers + showId,
    reservation: (reservationId) => reservation + reservationId,
    all: `${prefixOf(KEY_KINDS.key.pattern)}*`,
  }
}

/** What the name of a key may have to be made of. */
export interface Place {
  shard: number
  showId?: string | undefined
  reservationId?: string | undefined
  /** A key that is named outright. */
  key?: string | undefined
}

/** The key that a script calls `name`. Throws TypeError when the place lacks what it needs. */
export function keyOf(name: KeyName, place: Place): string {
  const keys = keysOf(place.shard)
  switch (name) {
    case 'seats':
    case 'version':
    case 'buyers':
      return keys[name](known(place, 'showId'))
    case 'reservation':
      return keys.reservation(known(place, 'reservationId'))
    case 'key':
      return known(place, 'key')
    default:
      return keys[name]
  }
}

function known(place: Place, part: 'showId' | 'reservationId' | 'key'): string {
  const value = place[part]
  if (!value) throw new TypeError(`a key cannot be named without ${part}`)
  return value
}
