/**
 * The use cases of a buyer, one implementation for every way in. Each answers an outcome: its
 * result, or a problem of the contract. What is thrown is a dependency that is down (retriable:
 * the same command again is safe) or a bug.
 */
import type { Reservation, Ticket } from '../../contracts/http.ts'
import { CHECKOUTS_PER_CALL_MAX, HOLDS_PER_CALL_MAX } from '../../lua/seatVerbs.ts'
import { ShardBatcher } from '../../lua/shardBatcher.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { COUNT_BUCKETS } from '../../platform/metrics.ts'
import {
  type ChangeCommand,
  type CheckoutCommand,
  checkout,
  extend,
  release,
  type Till,
} from './change.ts'
import {
  type FindCommand,
  find,
  findTicket,
  type TicketCommand,
  type WaitCommand,
  wait,
} from './find.ts'
import { Ground, type GroundOptions, type Tail } from './ground.ts'
import { type HoldBatcher, type HoldCommand, type HoldTally, hold } from './hold.ts'
import type { Outcome } from './outcome.ts'
import { CheckoutsUnderWay } from './underWay.ts'
import { Waiters } from './waiters.ts'

export interface BookingOptions extends GroundOptions {
  readonly tail: Tail
  readonly metrics: Metrics
  /** With so many payments under way no further one is begun. */
  readonly checkoutsUnderWayMax: number
}

export class Booking {
  readonly #ground: Ground
  readonly #holds: HoldBatcher
  readonly #till: Till
  readonly #waiters: Waiters
  readonly #tally: HoldTally

  constructor(options: BookingOptions) {
    const { tail, metrics, scripts } = options
    this.#ground = new Ground(options)
    this.#waiters = new Waiters(tail)
    const batches = metrics.histogram('holdfast_hold_batch_size', 'Holds in one script call', {
      buckets: COUNT_BUCKETS,
    })
    this.#holds = new ShardBatcher({
      callMax: HOLDS_PER_CALL_MAX,
      call: (shard, requests) => {
        batches.observe(requests.length)
        return scripts.holdSeats({ shard, requests })
      },
    })
    const underWay = new CheckoutsUnderWay(tail, options.checkoutsUnderWayMax)
    const batcher: Till['batcher'] = new ShardBatcher({
      callMax: CHECKOUTS_PER_CALL_MAX,
      call: (shard, checkouts) => scripts.startAll({ shard, checkouts }),
    })
    this.#till = { batcher, underWay }
    metrics.gauge(
      'holdfast_checkouts_under_way',
      'Payments begun and not ended, of all processes',
      {
        collect: (gauge) => gauge.set(underWay.size),
      },
    )
    const holds = metrics.counter('holdfast_holds_total', 'Holds asked of Redis, by outcome', [
      'outcome',
    ])
    this.#tally = (outcome) => holds.inc({ outcome })
    metrics.gauge('holdfast_waiting_requests', 'Requests that wait for a reservation to change', {
      collect: (gauge) => gauge.set(this.#waiters.size),
    })
  }

  /** Holds seats, all or none. Safe to repeat under the same key. */
  hold(command: HoldCommand): Promise<Outcome<Reservation>> {
    return hold(this.#ground, this.#holds, this.#tally, command)
  }

  /** Gives a hold back. Safe to repeat. */
  release(command: ChangeCommand): Promise<Outcome<Reservation>> {
    return release(this.#ground, command)
  }

  /** Moves a hold's deadline, within the show's limit. */
  extend(command: ChangeCommand): Promise<Outcome<Reservation>> {
    return extend(this.#ground, command)
  }

  /** Asks to pay. Safe to repeat under the same key. The one place where payments begin. */
  checkout(command: CheckoutCommand): Promise<Outcome<Reservation>> {
    return checkout(this.#ground, this.#till, command)
  }

  find(command: FindCommand): Promise<Outcome<Reservation>> {
    return find(this.#ground, command)
  }

  /** Like find, once the reservation is neither held nor paying, or the time is up. */
  wait(command: WaitCommand): Promise<Outcome<Reservation>> {
    return wait(this.#ground, this.#waiters, command)
  }

  findTicket(command: TicketCommand): Promise<Outcome<Ticket>> {
    return findTicket(this.#ground, command)
  }

  /** The newest version of a show that this process has answered anybody. */
  versionSeen(showId: string): string | undefined {
    return this.#ground.versionSeen(showId)
  }

  /** Answers everyone who waits, because the process is about to stop. */
  sendWaitersHome(): void {
    this.#waiters.close()
  }
}
