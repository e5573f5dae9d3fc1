/**
 * The verbs of a shard on real Redis: one method each, one script call each. Nothing here decides
 * anything; the scripts do.
 */
import { Cluster } from 'ioredis'
import type { RedisClient } from './client.ts'
import { loadedScripts } from './defineScript.ts'
import { faultOf } from './errors.ts'
import { keysOf } from './keys.ts'
import { parseRecord } from './record.ts'
import { extendHold, holdSeats, releaseSeats, startCheckout } from './scripts/buyer.ts'
import { dueHolds, expireHolds } from './scripts/expiry.ts'
import {
  clearKeys,
  dropEpoch,
  moveLog,
  openShard,
  releaseLease,
  setPosition,
  takeLease,
  trimLog,
} from './scripts/running.ts'
import { cancelSeats, confirmSeats, settleRefund } from './scripts/saga.ts'
import { readSeats, restore } from './scripts/state.ts'
import {
  type Answered,
  type Cancellation,
  CHECKOUTS_PER_CALL_MAX,
  type Checkout,
  type CheckoutBatch,
  CONFIRMATIONS_PER_CALL_MAX,
  type Confirmation,
  type ConfirmBatch,
  type DueQuery,
  EXPIRIES_PER_CALL_MAX,
  type Expiry,
  type Extension,
  type FoundReservation,
  HOLDS_PER_CALL_MAX,
  type HoldBatch,
  type NoEpoch,
  RESTORES_PER_CALL_MAX,
  type Release,
  type Restoration,
  type SeatVerbs,
  type Settlement,
  type ShardVerbs,
} from './seatVerbs.ts'

const DUE_PER_CALL_MAX = 1_000
const SCAN_COUNT = 1_000

export class SeatScripts implements SeatVerbs, ShardVerbs {
  private readonly client: RedisClient

  /** `client` comes from createClient. Whenever it (re)connects, all scripts are sent to it. */
  constructor(client: RedisClient) {
    this.client = client
    const sendAll = () => {
      // Only a matter of speed: a script that did not get there is sent with its first call.
      this.load().catch(() => {})
    }
    client.on('ready', sendAll)
    if (client instanceof Cluster) client.on('+node', sendAll)
    if (client.status === 'ready') sendAll()
  }

  /** Sends all scripts to Redis, on a Cluster to every master. Throws RedisUnavailable. */
  async load(): Promise<void> {
    const nodes = this.client instanceof Cluster ? this.client.nodes('master') : [this.client]
    const loads = nodes.flatMap((node) =>
      loadedScripts().map((script) => node.script('LOAD', script.source)),
    )
    await guarded(Promise.all(loads))
  }

  async holdSeats(batch: HoldBatch) {
    limit('holds', batch.requests.length, HOLDS_PER_CALL_MAX)
    return holdSeats.run(this.client, batch)
  }

  releaseSeats(release: Release) {
    return releaseSeats.run(this.client, release)
  }

  extendHold(extension: Extension) {
    return extendHold.run(this.client, extension)
  }

  async startCheckout({ shard, ...one }: Checkout) {
    return onlyOf(await this.startAll({ shard, checkouts: [one] }))
  }

  async startAll(batch: CheckoutBatch) {
    limit('checkouts', batch.checkouts.length, CHECKOUTS_PER_CALL_MAX)
    return startCheckout.run(this.client, batch)
  }

  async confirmSeats({ shard, permit, ...one }: Confirmation) {
    const confirmations = [one]
    return onlyOf(await this.confirmAll({ shard, confirmations, ...(permit && { permit }) }))
  }

  async confirmAll(batch: ConfirmBatch) {
    limit('confirmations', batch.confirmations.length, CONFIRMATIONS_PER_CALL_MAX)
    return confirmSeats.run(this.client, batch)
  }

  cancelSeats(cancellation: Cancellation) {
    return cancelSeats.run(this.client, cancellation)
  }

  settleRefund(settlement: Settlement) {
    return settleRefund.run(this.client, settlement)
  }

  async dueHolds(query: DueQuery) {
    limit('due holds', query.limit, DUE_PER_CALL_MAX)
    return dueHolds.run(this.client, query)
  }

  async expireHolds(expiry: Expiry) {
    limit('expiries', expiry.reservationIds.length, EXPIRIES_PER_CALL_MAX)
    return expireHolds.run(this.client, expiry)
  }

  readSeats(query: { shard: number; showId: string }) {
    return readSeats.run(this.client, query)
  }

  async readReservation(query: {
    shard: number
    reservationId: string
  }): Promise<FoundReservation> {
    const keys = keysOf(query.shard)
    // The record comes first: if Redis is emptied in between, the absent epoch tells of it.
    const [flat, epoch] = await guarded(
      Promise.all([
        this.client.call('HGETALL', keys.reservation(query.reservationId)),
        this.client.get(keys.epoch),
      ]),
    )
    if (epoch === null) return { type: 'no_epoch' }
    const record = parseRecord(query.reservationId, flat as string[])
    return record ? { type: 'found', record } : { type: 'missing' }
  }

  async restore(restoration: Restoration) {
    limit('restored reservations', restoration.reservations.length, RESTORES_PER_CALL_MAX)
    if (restoration.reservations.some((record) => record.showId !== restoration.showId)) {
      throw new TypeError('one call restores reservations of one show')
    }
    return restore.run(this.client, restoration)
  }

  takeLease(lease: { shard: number; token: string; ttlMs: number }) {
    return takeLease.run(this.client, lease)
  }

  releaseLease(lease: { shard: number; token: string }) {
    return releaseLease.run(this.client, lease)
  }

  moveLog(move: { shard: number; token: string; pastId: string }) {
    return moveLog.run(this.client, move)
  }

  openShard(opening: { shard: number; token: string; pastId: string }) {
    return openShard.run(this.client, opening)
  }

  dropEpoch(drop: { shard: number; token?: string; projectedId?: string }) {
    return dropEpoch.run(this.client, drop)
  }

  async clearShard(clearing: { shard: number; token: string }) {
    const { all, lease, log, position } = keysOf(clearing.shard)
    const spared = new Set([lease, log, position])
    const nodes = this.client instanceof Cluster ? this.client.nodes('master') : [this.client]
    let keys = 0
    for (const node of nodes) {
      let cursor = '0'
      do {
        const [next, found] = await guarded(node.scan(cursor, 'MATCH', all, 'COUNT', SCAN_COUNT))
        cursor = next
        const names = found.filter((key) => !spared.has(key))
        const outcome = await clearKeys.run(this.client, { ...clearing, names })
        if (outcome.type === 'answered') throw new TypeError('clearKeys answers for the whole call')
        if (outcome.type !== 'cleared') return outcome
        keys += outcome.keys
      } while (cursor !== '0')
    }
    return { type: 'cleared', keys } as const
  }

  trimLog(trim: { shard: number; keepMs: number }) {
    return trimLog.run(this.client, trim)
  }

  setPosition(position: { shard: number; logId: string }) {
    return setPosition.run(this.client, position)
  }

  async readPosition(query: { shard: number }): Promise<string> {
    return (await guarded(this.client.get(keysOf(query.shard).position))) ?? '0-0'
  }

  async readTip(query: { shard: number }): Promise<string> {
    // XREVRANGE would not do: the tip counts even after its entry was trimmed.
    try {
      const info = (await this.client.xinfo('STREAM', keysOf(query.shard).log)) as unknown[]
      return String(info[info.indexOf('last-generated-id') + 1])
    } catch (error) {
      if (error instanceof Error && error.message.includes('no such key')) return '0-0'
      throw faultOf(error)
    }
  }

  readEpoch(query: { shard: number }): Promise<string | null> {
    return guarded(this.client.get(keysOf(query.shard).epoch))
  }
}

function limit(what: string, count: number, max: number): void {
  if (count < 1 || count > max) throw new TypeError(`${count} ${what} in one call, not 1..${max}`)
}

/** The outcome of a batch of one. */
function onlyOf<Outcome>(answer: Answered<Outcome>): Outcome | NoEpoch {
  return answer.type === 'answered' ? (answer.outcomes[0] as Outcome) : answer
}

async function guarded<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply
  } catch (error) {
    throw faultOf(error)
  }
}
