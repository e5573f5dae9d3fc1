import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Reservation, SeatMap, Session, Show } from '../../contracts/http.ts'
import { shardOfReservation } from '../../contracts/ids.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import {
  call,
  cancel,
  checkOutOf,
  confirm,
  type Edge,
  guest,
  holdOf,
  newKey,
  newShow,
  startEdge,
} from '../testing/edge.ts'

let edge: Edge
let show: Show
let buyer: Session

beforeAll(async () => {
  edge = await startEdge()
  show = await newShow(edge, { policy: { seatsPerBuyerMax: 1_000 } })
  buyer = await guest(edge)
})

afterAll(() => edge.stop())

let seat = 0
/** A seat of section A that no other test of this file has. */
const nextSeat = () => {
  seat += 1
  return `A-${seat > 20 ? 2 : 1}-${seat > 20 ? seat - 20 : seat}`
}
const holdPath = (of: Show) => `POST /v1/shows/${of.showId}/reservations`
const seatsOf = async (of: Show) =>
  (await call<SeatMap>(edge, `GET /v1/shows/${of.showId}/seats`)).body

describe('extending a hold', () => {
  test('moves the deadline to now + ttl, up to the limit counted from the beginning', async () => {
    const fresh = await newShow(edge, { policy: { holdTtlMs: 1_000, holdExtensionMaxMs: 600 } })
    const held = await holdOf(edge, fresh.showId, buyer.token, ['A-1-1'])
    const first = Date.parse(held.expiresAt as string)
    const path = `POST /v1/reservations/${held.reservationId}/extend`
    const extended = await waitFor('the limit', async () => {
      const answer = await call<Reservation>(edge, path, { token: buyer.token, body: {} })
      expect(answer.status).toBe(200)
      const byMs = Date.parse(answer.body.expiresAt as string) - first
      expect(byMs).toBeGreaterThanOrEqual(0)
      expect(byMs).toBeLessThanOrEqual(600)
      return byMs === 600 ? answer : null
    })
    expect(extended.body).toMatchObject({ status: 'held', seatIds: ['A-1-1'] })
  })

  test('takes no body for an empty one', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const path = `POST /v1/reservations/${held.reservationId}/extend`
    expect((await call(edge, path, { token: buyer.token })).status).toBe(200)
    expect((await call(edge, path, { token: buyer.token, body: '7' })).status).toBe(400)
  })
})

describe('giving a hold back', () => {
  test('frees its seats: 204, and 204 again', async () => {
    const fresh = await newShow(edge)
    const held = await holdOf(edge, fresh.showId, buyer.token, ['A-1-1', 'A-1-2'])
    const path = `DELETE /v1/reservations/${held.reservationId}`
    expect(await call(edge, path, buyer)).toMatchObject({ status: 204, body: null })
    expect(await call(edge, path, buyer)).toMatchObject({ status: 204, body: null })
    expect(await seatsOf(fresh)).toMatchObject({ held: 0, free: 50 })
  })
})

/** Waits until the process has read its own log so far. */
const seen = (at: Edge, { reservationId }: Reservation, version: string) =>
  at.tail.reached(shardOfReservation(reservationId), version, { timeoutMs: 5_000 })

describe('checking out', () => {
  test('answers 202, fences the hold and gives the time that the show allows', async () => {
    const fresh = await newShow(edge, { policy: { paymentWindowMs: 60_000 } })
    const held = await holdOf(edge, fresh.showId, buyer.token, ['A-1-1'])
    const before = Date.now()
    const paying = await call<Reservation>(
      edge,
      `POST /v1/reservations/${held.reservationId}/checkout`,
      {
        token: buyer.token,
        key: newKey(),
        body: {
          payment: { token: 'tok_ok' },
          contact: { email: 'a@example.org', locale: 'ko-KR' },
          amount: { currency: 'KRW', value: 1 },
        },
      },
    )
    expect(paying.status).toBe(202)
    expect(paying.headers.get('location')).toBe(`/v1/reservations/${held.reservationId}`)
    expect(paying.body).toMatchObject({
      status: 'paying',
      amount: { currency: 'KRW', value: 100 },
      payment: { status: 'pending' },
    })
    const windowMs = Date.parse(paying.body.expiresAt as string) - before
    expect(Math.abs(windowMs - 60_000)).toBeLessThan(3_000)
  })

  test('gives the first answer again under the same key, and refuses another body', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const path = `POST /v1/reservations/${held.reservationId}/checkout`
    const request = { token: buyer.token, key: newKey(), body: { payment: { token: 'tok_ok' } } }
    const first = await call(edge, path, request)
    const second = await call(edge, path, request)
    expect([first.status, second.status]).toEqual([202, 202])
    expect(second.body).toEqual(first.body)
    for (const body of [
      { payment: { token: 'tok_declined' } },
      { payment: { token: 'tok_ok' }, contact: { email: 'a@b' } },
    ]) {
      expect(await call(edge, path, { ...request, body })).toMatchObject({
        status: 422,
        body: { code: 'idempotency-key-reused' },
      })
    }
    const other = await call(edge, path, { ...request, key: newKey() })
    expect(other).toMatchObject({ status: 409, body: { code: 'wrong-state' } })
  })

  test('is refused for a moment when too many payments are under way, and costs no hold', async () => {
    const full = await startEdge({ checkoutsUnderWayMax: 1 })
    try {
      const hall = await newShow(full)
      const { token } = await guest(full)
      const first = await holdOf(full, hall.showId, token, ['A-1-1'])
      const second = await holdOf(full, hall.showId, token, ['A-1-2'])
      const pay = ({ reservationId }: Reservation) =>
        call<Reservation>(full, `POST /v1/reservations/${reservationId}/checkout`, {
          ...{ token, key: 'pay', body: { payment: { token: 'tok_ok' } } },
        })
      const paying = await pay(first)
      expect(paying.status).toBe(202)
      await seen(full, first, paying.body.version)
      const refused = await pay(second)
      expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } })
      expect(refused.headers.get('retry-after')).toBe('1')
      expect((await pay(first)).body).toEqual(paying.body)

      await confirm(full, first)
      const { body } = await call<Reservation>(
        full,
        `GET /v1/reservations/${first.reservationId}`,
        {
          token,
        },
      )
      await seen(full, first, body.version)
      expect((await pay(second)).status).toBe(202)
    } finally {
      await full.stop()
    }
  })

  test('may use the key of its hold, for keys belong to one operation', async () => {
    const key = newKey()
    const held = await call<Reservation>(edge, holdPath(show), {
      token: buyer.token,
      key,
      body: { seatIds: [nextSeat()] },
    })
    const path = `POST /v1/reservations/${held.body.reservationId}/checkout`
    const body = { payment: { token: 'tok_ok' } }
    expect((await call(edge, path, { token: buyer.token, key, body })).status).toBe(202)
  })

  test.each<[string, unknown, string]>([
    ['no payment', {}, '/payment'],
    ['no token', { payment: {} }, '/payment/token'],
    ['an empty token', { payment: { token: '' } }, '/payment/token'],
    ['a token with spaces', { payment: { token: 'a b' } }, '/payment/token'],
    [
      'no mail address',
      { payment: { token: 'a' }, contact: { email: 'nobody' } },
      '/contact/email',
    ],
    [
      'a header in the address',
      { payment: { token: 'a' }, contact: { email: 'a@b\r\nBcc: c@d' } },
      '/contact/email',
    ],
    [
      'a locale that is none',
      { payment: { token: 'a' }, contact: { email: 'a@b', locale: '../../x' } },
      '/contact/locale',
    ],
  ])('refuses a body with %s: 400', async (_, body, path) => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const target = `POST /v1/reservations/${held.reservationId}/checkout`
    expect(await call(edge, target, { token: buyer.token, key: newKey(), body })).toMatchObject({
      status: 400,
      body: { code: 'bad-request', errors: [{ path }] },
    })
  })

  test('needs a key', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const path = `POST /v1/reservations/${held.reservationId}/checkout`
    const body = { payment: { token: 'tok_ok' } }
    expect(await call(edge, path, { token: buyer.token, body })).toMatchObject({
      status: 400,
      body: { code: 'idempotency-key-missing' },
    })
  })
})

describe('what may be done in which state', () => {
  const commands = {
    release: (id: string) => `DELETE /v1/reservations/${id}`,
    extend: (id: string) => `POST /v1/reservations/${id}/extend`,
    checkout: (id: string) => `POST /v1/reservations/${id}/checkout`,
  }
  const bodies = { release: undefined, extend: {}, checkout: { payment: { token: 'tok_ok' } } }
  type Command = keyof typeof commands
  const send = (command: Command, id: string, token: string) =>
    call(edge, commands[command](id), { token, key: newKey(), body: bodies[command] })

  /** Brings a new reservation into a state. */
  async function reservationThatIs(status: string): Promise<Reservation> {
    const ttl = status === 'expired' ? { holdTtlMs: 500 } : {}
    const fresh = await newShow(edge, { policy: ttl })
    const held = await holdOf(edge, fresh.showId, buyer.token, ['A-1-1'])
    const id = held.reservationId
    if (status === 'released') await send('release', id, buyer.token)
    if (['paying', 'confirmed', 'cancelled', 'refunding', 'refunded'].includes(status)) {
      await checkOutOf(edge, id, buyer.token)
    }
    if (['confirmed', 'refunding', 'refunded'].includes(status)) await confirm(edge, held)
    if (status === 'cancelled') await cancel(edge, held, { reason: 'payment_declined' })
    if (['refunding', 'refunded'].includes(status)) {
      await cancel(edge, held, { input: 'refund', reason: 'show_cancelled' })
    }
    if (status === 'refunded') {
      await edge.scripts.settleRefund({
        shard: Number(id.slice(1, 3)),
        reservationId: id,
        showId: held.showId,
        cause: 'refunded',
        paymentId: `pay-${id}`,
        reason: 'show_cancelled',
      })
    }
    return held
  }

  test.each<[string, Command, object]>([
    ['released', 'extend', { code: 'wrong-state', reservationStatus: 'released' }],
    ['released', 'checkout', { code: 'wrong-state', reservationStatus: 'released' }],
    ['expired', 'release', { code: 'hold-expired', status: 410 }],
    ['expired', 'extend', { code: 'hold-expired', status: 410 }],
    ['expired', 'checkout', { code: 'hold-expired', status: 410 }],
    ...['paying', 'confirmed', 'cancelled', 'refunding', 'refunded'].flatMap((status) =>
      (['release', 'extend', 'checkout'] as const).map((command): [string, Command, object] => [
        status,
        command,
        { code: 'wrong-state', status: 409, reservationStatus: status },
      ]),
    ),
  ])('a reservation that is %s refuses %s', async (status, command, problem) => {
    const { reservationId, expiresAt } = await reservationThatIs(status)
    if (status === 'expired') {
      // Nobody sweeps here: the command itself finds the hold overdue and expires it.
      const overdue = Date.parse(expiresAt as string)
      await waitFor('the deadline', async () => {
        const [seconds = 0, micros = 0] = (await edge.redis.time()).map(Number)
        return seconds * 1_000 + Math.floor(micros / 1_000) >= overdue
      })
    }
    const refused = await send(command, reservationId, buyer.token)
    expect(refused.body).toMatchObject(problem)
    const path = `GET /v1/reservations/${reservationId}`
    expect((await call(edge, path, buyer)).body).toMatchObject({ status })
  })

  test.each(Object.keys(commands) as Command[])(
    'nobody else’s reservation can be touched: %s is 404',
    async (command) => {
      const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
      for (const token of [(await guest(edge)).token, edge.adminToken]) {
        expect(await send(command, held.reservationId, token)).toMatchObject({
          status: 404,
          body: { code: 'not-found' },
        })
      }
      const path = `GET /v1/reservations/${held.reservationId}`
      expect((await call(edge, path, buyer)).body).toEqual(held)
    },
  )

  test.each(Object.keys(commands) as Command[])(
    '%s is 404 for an id that does not exist',
    async (command) => {
      for (const id of ['nonsense', 'r00_00000000000000000000000000']) {
        expect((await send(command, id, buyer.token)).status).toBe(404)
      }
    },
  )

  test('a process that has not taken the hold can change it too', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const { customerId } = buyer
    // Another process on the same Redis knows nothing of this one's holds.
    const second = await startEdge({ redisUrl: edge.redisUrl, db: edge.db })
    try {
      const { reservationId } = held
      const outcome = await second.booking.release({ reservationId, customerId })
      expect(outcome).toMatchObject({ type: 'done', value: { status: 'released' } })
    } finally {
      await second.stop()
    }
  })
})
