import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reservationIdOf } from '../../contracts/ids.ts'
import { keysOf } from '../../lua/keys.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import { Metrics } from '../../platform/metrics.ts'
import {
  freshDatabasePrefix,
  type OwnInfra,
  startOwnInfra,
  uniqueName,
  waitFor,
} from '../../platform/testing/infra.ts'
import type { Show } from '../shows/show.ts'
import {
  checkout,
  hold,
  newShow,
  outboxOf,
  type Stores,
  startEngine,
  type TestEngine,
} from '../testing/engine.ts'
import {
  type OtherServices,
  paymentRefund,
  startOtherServices,
  ticketCancel,
  ticketConfirm,
} from '../testing/sagaMessages.ts'
import { SagaHandler } from './handler.ts'

describe('the saga in the seat service', () => {
  let own: OwnInfra
  let stores: Stores
  let one: TestEngine
  let others: OtherServices
  const group = uniqueName('reservation')

  beforeAll(async () => {
    own = await startOwnInfra()
    const { redisUrl, mysqlUrl, kafkaBrokers } = own
    stores = {
      ...{ redisUrl, mysqlUrl, kafkaBrokers, group },
      database: `${freshDatabasePrefix()}_reservation`,
    }
    others = await startOtherServices(kafkaBrokers)
    one = await startEngine(stores)
    await one.allOpen()
  })
  afterAll(async () => {
    await one?.stop()
    await others?.stop()
    await own?.stop()
  })

  const statusOf = async ({ reservationId }: ReservationRecord) =>
    (await one.engine.reservations.find(reservationId))?.status

  const becomes = (record: ReservationRecord, status: string) =>
    waitFor(`${record.reservationId} ${status}`, async () => (await statusOf(record)) === status)

  /** Takes a record away from Redis, as 24 hours would. */
  const forget = (record: ReservationRecord, show: Show) =>
    one.redis.del(keysOf(show.shard).reservation(record.reservationId))

  const topicsOf = async ({ reservationId }: ReservationRecord) =>
    (await outboxOf(one.db))
      .filter((row) => row.event_key === reservationId)
      .map((row) => row.topic)

  it('confirms, refuses and refunds, each message twice, with one effect', async () => {
    const show = await newShow(one)
    const sold = await checkout(one, await hold(one, show, [0, 1]))
    const lost = await checkout(one, await hold(one, show, [2]))
    const confirmation = ticketConfirm(sold, show)
    const refusal = ticketCancel(lost, show, 'payment_declined')
    await others.publish(confirmation, refusal, confirmation, refusal)
    await becomes(sold, 'confirmed')
    await becomes(lost, 'cancelled')
    const back = ticketCancel(lost, show, 'late_payment')
    await others.publish(back, back)
    await becomes(lost, 'refunding')
    const refund = paymentRefund(lost, show)
    await others.publish(refund, refund)
    await becomes(lost, 'refunded')
    await waitFor('the commits', async () => (await others.uncommitted(group)) === 0)
    expect(await topicsOf(sold)).toEqual(['payment_request', 'seat_confirm'])
    expect(await topicsOf(lost)).toEqual(['payment_request', 'seat_cancel', 'seat_cancel'])
    await waitFor('the publication', async () => (await others.count('seat_cancel')) >= 2)
  })

  it('keeps the order of the messages of a reservation, whatever shares a call', async () => {
    const show = await newShow(one)
    const { scripts, engine } = one
    const handler = new SagaHandler({
      ...{ scripts, reservations: engine.reservations, findShow: async () => show },
      ...{ shards: engine.gate.shards, metrics: new Metrics() },
    })
    const buy = async (seat: number) => checkout(one, await hold(one, show, [seat]))
    const [sold, lost, third] = [await buy(0), await buy(1), await buy(2)]
    const declined = (record: ReservationRecord) => ticketCancel(record, show, 'payment_declined')
    const effects = await handler.handle([
      ticketConfirm(third, show),
      ticketConfirm(sold, show),
      declined(sold),
      declined(lost),
      ticketConfirm(lost, show),
    ])
    expect(effects.map(({ version }) => version !== null)).toEqual([true, true, false, true, false])
    await becomes(sold, 'confirmed')
    await becomes(lost, 'cancelled')
  })

  it('commits an offset only when SQL has the effect, and so for what has none', async () => {
    const show = await newShow(one)
    const paying = await checkout(one, await hold(one, show, [0]))
    await becomes(paying, 'paying')
    await waitFor('quiet', async () => (await others.uncommitted(group)) === 0)
    // Whoever holds the position rows keeps the projector from committing.
    const released = await one.db.transaction(async (tx) => {
      await tx.query('SELECT * FROM projector_positions FOR UPDATE')
      const confirmation = ticketConfirm(paying, show)
      await others.publish(confirmation, confirmation)
      await waitFor('the effect in Redis', async () => {
        const found = await one.scripts.readReservation({
          shard: show.shard,
          reservationId: paying.reservationId,
        })
        return found.type === 'found' && found.record.status === 'confirmed'
      })
      // Several commit intervals of the consumer, seen through what it does do in that time.
      const ticks = await watchTicks(one, 4)
      expect(await others.uncommitted(group)).toBe(2)
      expect(await statusOf(paying)).toBe('paying')
      return ticks
    })
    expect(released).toBe(4)
    await becomes(paying, 'confirmed')
    await waitFor('the commits', async () => (await others.uncommitted(group)) === 0)
  })

  it('loads a reservation that Redis has forgotten from the projection', async () => {
    const show = await newShow(one)
    const lost = await checkout(one, await hold(one, show, [0]))
    await others.publish(ticketCancel(lost, show, 'payment_declined'))
    await becomes(lost, 'cancelled')
    await forget(lost, show)
    await others.publish(ticketCancel(lost, show, 'late_payment'), paymentRefund(lost, show))
    await becomes(lost, 'refunded')
    const record = await one.engine.reservations.find(lost.reservationId)
    expect(record).toMatchObject({ checkoutKey: 'key-1', contact: { locale: 'ko' } })
  })

  it('takes a reservation that nobody knows as expired: its seats are free, it gets them', async () => {
    const show = await newShow(one)
    const unknown = ghost(show, [4, 5])
    await others.publish(ticketConfirm(unknown, show))
    await becomes(unknown, 'confirmed')
    expect(await topicsOf(unknown)).toEqual(['seat_confirm'])
    const { held, sold } = await one.engine.maps.snapshot(show)
    expect([held, sold]).toEqual([0, 2])
  })

  it('refunds a reservation that nobody knows when a seat of it is taken', async () => {
    const show = await newShow(one)
    await hold(one, show, [5])
    const unknown = ghost(show, [4, 5])
    await others.publish(ticketConfirm(unknown, show))
    await becomes(unknown, 'refunding')
    await others.publish(paymentRefund(unknown, show))
    await becomes(unknown, 'refunded')
    const { held, sold } = await one.engine.maps.snapshot(show)
    expect([held, sold]).toEqual([1, 0])
  })

  it('gives a message of an unknown show to the dead letters, and goes on with its neighbours', async () => {
    const show = await newShow(one)
    const sold = await checkout(one, await hold(one, show, [0]))
    const nowhere = { ...show, showId: 'no-such-show' }
    const before = await others.count('ticket_confirm.DLQ')
    await others.publish(
      ticketConfirm(ghost(nowhere, [0]), nowhere),
      ticketConfirm(sold, show),
      ticketConfirm(ghost({ ...show, shard: 77 }, [0]), show),
    )
    await becomes(sold, 'confirmed')
    await waitFor('the dead letters', async () => {
      return (await others.count('ticket_confirm.DLQ')) === before + 2
    })
  })

  it('waits while Redis is frozen, loses nothing and buries nothing', async () => {
    const show = await newShow(one)
    const before = await others.count('ticket_confirm.DLQ')
    const sold = await checkout(one, await hold(one, show, [0]))
    await becomes(sold, 'paying')
    await own.redis.kill('SIGSTOP')
    try {
      await waitFor('the gate', () => !one.engine.gate.isOpen(show.shard))
      await others.publish(ticketConfirm(sold, show))
    } finally {
      await own.redis.kill('SIGCONT')
    }
    await becomes(sold, 'confirmed')
    expect(await others.count('ticket_confirm.DLQ')).toBe(before)
  })

  it('waits while SQL is dead, and projects everything afterwards', async () => {
    const show = await newShow(one)
    const sold = await checkout(one, await hold(one, show, [0]))
    await becomes(sold, 'paying')
    await waitFor('quiet', async () => (await others.uncommitted(group)) === 0)
    await own.mariadb.kill('SIGKILL')
    await others.publish(ticketConfirm(sold, show))
    await waitFor('the effect in Redis', async () => {
      const { shard } = show
      const { reservationId } = sold
      const found = await one.scripts.readReservation({ shard, reservationId })
      return found.type === 'found' && found.record.status === 'confirmed'
    })
    const later = await hold(one, show, [1])
    const paying = await checkout(one, later)
    expect(await others.uncommitted(group)).toBe(1)
    await own.mariadb.restart()
    await waitFor('the confirmation', async () => (await statusOf(sold)) === 'confirmed', {
      timeoutMs: 30_000,
    })
    await waitFor('the payment', async () => (await statusOf(paying)) === 'paying')
    await waitFor('the commits', async () => (await others.uncommitted(group)) === 0, {
      timeoutMs: 20_000,
    })
    expect(await topicsOf(sold)).toEqual(['payment_request', 'seat_confirm'])
  })
})

/** A reservation of which neither Redis nor SQL knows anything. */
function ghost(show: Show, seats: number[]): ReservationRecord {
  return {
    reservationId: reservationIdOf(show.shard, randomBytes(16)),
    status: 'expired',
    showId: show.showId,
    customerId: 'c-ghost',
    seats,
    amount: { currency: 'KRW', value: 100 * seats.length },
    requestHash: '',
    createdMs: 0,
    deadlineMs: 0,
    version: '0-0',
    owns: false,
  }
}

/** Waits for `count` rounds of lease renewals (400 ms each), by what they leave in Redis. */
async function watchTicks({ redis, engine }: TestEngine, count: number): Promise<number> {
  const heartbeat = () => redis.zscore('holdfast:members', engine.leases.token)
  let last = await heartbeat()
  for (let seen = 0; seen < count; seen++) {
    last = await waitFor('the next heartbeat', async () => {
      const next = await heartbeat()
      return next === last ? null : next
    })
  }
  return count
}
