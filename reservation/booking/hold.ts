/** Hold seats: all of them or none. */
import type { Reservation } from '../../contracts/http.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import { EXPIRIES_PER_CALL_MAX, type HoldOutcome, type HoldRequest } from '../../lua/seatVerbs.ts'
import type { ShardBatcher } from '../../lua/shardBatcher.ts'
import { OperationalError } from '../../platform/errors.ts'
import type { Show } from '../shows/show.ts'
import type { Ground } from './ground.ts'
import { holdHashOf, holdIdOf } from './identity.ts'
import { done, type Outcome, type Refused, refused } from './outcome.ts'
import { viewOf } from './view.ts'

export interface HoldCommand {
  readonly customerId: string
  readonly showId: string
  /** The client's idempotency key; it must have been checked against its pattern. */
  readonly key: string
  readonly seatIds: readonly string[]
  readonly traceparent?: string
}

/** A hold may find overdue holds in its way, expire them, and meet the next ones, so often. */
const ATTEMPTS_MAX = 3

/** Holds of one shard that arrive in the same turn share a script call. */
export type HoldBatcher = ShardBatcher<HoldRequest, HoldOutcome>

/** What became of a hold, for the metrics: the outcome's type. */
export type HoldTally = (outcome: string) => void

export async function hold(
  ground: Ground,
  batcher: HoldBatcher,
  tally: HoldTally,
  command: HoldCommand,
): Promise<Outcome<Reservation>> {
  const show = ground.shows.peek(command.showId) ?? (await ground.shows.find(command.showId))
  if (!show) return refused('not-found', 'there is no such show')
  const chosen = chooseSeats(show, command.seatIds)
  if (chosen.type === 'refused') return chosen
  const request = requestOf(show, command, chosen.seats)
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    ground.demandOpen(show.shard)
    const answer = await batcher.add(show.shard, request)
    tally(answer.type)
    switch (answer.type) {
      case 'held':
      case 'exists':
        return done(taken(ground, show, answer.record))
      case 'reused':
        return refused('idempotency-key-reused', 'the key was used for other seats')
      case 'taken':
        return refused('seats-taken', undefined, { seatIds: seatIdsOf(show, answer.seats) })
      case 'buyer_limit':
        return refused('buyer-limit', undefined, {
          max: show.policy.seatsPerBuyerMax,
          have: answer.have,
        })
      case 'overdue':
        await expireAll(ground, show, answer.reservationIds)
        break
      case 'no_epoch':
        return ground.refuseShard(show.shard)
    }
  }
  const detail = 'overdue holds are in the way'
  throw new OperationalError('STATE_UNKNOWN', { retriable: true, detail })
}

type Chosen = { type: 'chosen'; seats: number[] } | Refused

/** The indexes of the seats, when they are distinct, not too many, and all there. */
function chooseSeats(show: Show, seatIds: readonly string[]): Chosen {
  if (new Set(seatIds).size < seatIds.length) {
    const repeated = seatIds.filter((seatId, at) => seatIds.indexOf(seatId) !== at)
    return refused('duplicate-seats', undefined, { seatIds: [...new Set(repeated)] })
  }
  const { seatsPerHoldMax: max } = show.policy
  if (seatIds.length > max) return refused('too-many-seats', undefined, { max })
  const seats = seatIds.map((seatId) => show.layout.indexOf(seatId))
  if (seats.includes(-1)) {
    const unknown = seatIds.filter((_, at) => seats[at] === -1)
    return refused('unknown-seat', undefined, { seatIds: unknown })
  }
  return { type: 'chosen', seats }
}

function requestOf(show: Show, command: HoldCommand, seats: readonly number[]): HoldRequest {
  const { shard, showId, currency, policy, layout } = show
  const { customerId, key, traceparent } = command
  return {
    reservationId: holdIdOf({ shard, customerId, key, showId }),
    showId,
    customerId,
    seats,
    amount: { currency, value: seats.reduce((sum, seat) => sum + layout.priceAt(seat), 0) },
    requestHash: holdHashOf(seats),
    ttlMs: policy.holdTtlMs,
    buyerSeatsMax: policy.seatsPerBuyerMax,
    ...(traceparent && { traceparent }),
  }
}

function taken(ground: Ground, show: Show, record: ReservationRecord): Reservation {
  ground.remember(record)
  return viewOf(record, show)
}

const seatIdsOf = (show: Show, seats: readonly number[]): string[] =>
  seats.map((seat) => show.layout.seatIdAt(seat))

async function expireAll(ground: Ground, show: Show, reservationIds: readonly string[]) {
  for (let from = 0; from < reservationIds.length; from += EXPIRIES_PER_CALL_MAX) {
    await ground.expire(show, reservationIds.slice(from, from + EXPIRIES_PER_CALL_MAX))
  }
}
