/** The names of all keys in Redis. Everything of one shard shares its hash tag. */
import { shardTagOf } from '../contracts/ids.ts'

export interface ShardKeys {
  /** `s07`, the hash tag without its braces. */
  readonly tag: string
  readonly epoch: string
  readonly log: string
  readonly deadlines: string
  readonly position: string
  readonly lease: string
  seats(showId: string): string
  version(showId: string): string
  buyers(showId: string): string
  reservation(reservationId: string): string
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
  const seats = `{${tag}}:seats:`
  const version = `{${tag}}:ver:`
  const buyers = `{${tag}}:buyers:`
  const reservation = `{${tag}}:r:`
  return {
    tag,
    epoch: `{${tag}}:epoch`,
    log: `{${tag}}:log`,
    deadlines: `{${tag}}:deadlines`,
    position: `{${tag}}:pos`,
    lease: `{${tag}}:lease`,
    seats: (showId) => seats + showId,
    version: (showId) => version + showId,
    buyers: (showId) => buyers + showId,
    reservation: (reservationId) => reservation + reservationId,
  }
}
