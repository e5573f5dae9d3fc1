import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Reservation, SeatMap, Session, Show } from '../../contracts/http.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { call, type Edge, guest, holdOf, newKey, newShow, startEdge } from '../testing/edge.ts'

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

describe('holding seats', () => {
  test('answers 201 with the reservation, its place, its price and its deadline', async () => {
    const fresh = await newShow(edge)
    const before = Date.now()
    const held = await call<Reservation>(edge, holdPath(fresh), {
      token: buyer.token,
      key: newKey(),
      body: { seatIds: ['B-1-10', 'A-1-3'] },
    })
    expect(held.status).toBe(201)
    expect(held.headers.get('location')).toBe(`/v1/reservations/${held.body.reservationId}`)
    expect(held.headers.get('content-type')).toBe('application/json')
    expect(held.body).toEqual({
      reservationId: expect.stringMatching(/^r0[0-3]_[0-9a-z]{26}$/),
      showId: fresh.showId,
      customerId: buyer.customerId,
      seatIds: ['B-1-10', 'A-1-3'],
      amount: { currency: 'KRW', value: 170 },
      status: 'held',
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      version: expect.any(String),
    })
    const ttlMs = Date.parse(held.body.expiresAt as string) - before
    expect(ttlMs).toBeGreaterThan(299_000)
    expect(ttlMs).toBeLessThan(305_000)
  })

  test('gives the first answer again for the same key and body, and takes no second seat', async () => {
    const fresh = await newShow(edge)
    const request = { token: buyer.token, key: newKey(), body: { seatIds: ['A-1-1', 'A-1-2'] } }
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => call<Reservation>(edge, holdPath(fresh), request)),
    )
    answers.push(await call<Reservation>(edge, holdPath(fresh), request))
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]))
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
    expect(await seatsOf(fresh)).toMatchObject({ held: 2, free: 48 })
  })

  test('refuses the same key with another body, also when only the order differs', async () => {
    const key = newKey()
    const [a, b] = [nextSeat(), nextSeat()]
    const hold = (seatIds: string[]) =>
      call(edge, holdPath(show), { token: buyer.token, key, body: { seatIds } })
    expect((await hold([a, b])).status).toBe(201)
    for (const other of [[a], [b, a], [nextSeat()]]) {
      expect(await hold(other)).toMatchObject({
        status: 422,
        body: { code: 'idempotency-key-reused' },
      })
    }
  })

  test('keeps keys of other customers and other shows apart', async () => {
    const [first, second] = await Promise.all([newShow(edge), newShow(edge)])
    const other = await guest(edge)
    const key = newKey()
    const ask = (of: Show, token: string, seatId: string) =>
      call<Reservation>(edge, holdPath(of), { token, key, body: { seatIds: [seatId] } })
    const answers = [
      await ask(first, buyer.token, 'A-1-1'),
      await ask(second, buyer.token, 'A-1-1'),
      await ask(first, other.token, 'A-1-2'),
    ]
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201])
    expect(new Set(answers.map((answer) => answer.body.reservationId)).size).toBe(3)
  })

  test('does not remember a refusal: the key may be used again', async () => {
    const other = await guest(edge)
    const seatId = nextSeat()
    const blocking = await holdOf(edge, show.showId, other.token, [seatId])
    const request = { token: buyer.token, key: newKey(), body: { seatIds: [seatId] } }
    expect((await call(edge, holdPath(show), request)).status).toBe(409)
    await call(edge, `DELETE /v1/reservations/${blocking.reservationId}`, { token: other.token })
    expect((await call(edge, holdPath(show), request)).status).toBe(201)
  })

  test('names exactly the seats that are not free, and holds none of the others', async () => {
    const fresh = await newShow(edge)
    const other = await guest(edge)
    await holdOf(edge, fresh.showId, other.token, ['A-1-2', 'A-1-4'])
    const refused = await call(edge, holdPath(fresh), {
      token: buyer.token,
      key: newKey(),
      body: { seatIds: ['A-1-1', 'A-1-4', 'A-1-3', 'A-1-2'] },
    })
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'seats-taken', seatIds: ['A-1-4', 'A-1-2'] },
    })
    expect(await seatsOf(fresh)).toMatchObject({ held: 2, free: 48 })
  })

  test('has one winner among 200 who want the same seats at once', async () => {
    const fresh = await newShow(edge)
    const buyers = await Promise.all(Array.from({ length: 200 }, () => guest(edge)))
    const answers = await Promise.all(
      buyers.map(({ token }) =>
        call<Reservation & { code: string; seatIds: string[] }>(edge, holdPath(fresh), {
          token,
          key: 'same',
          body: { seatIds: ['A-1-7', 'A-1-8'] },
        }),
      ),
    )
    const winners = answers.filter((answer) => answer.status === 201)
    const losers = answers.filter((answer) => answer.status === 409)
    expect([winners.length, losers.length]).toEqual([1, 199])
    for (const { body } of losers) {
      expect(body).toMatchObject({ code: 'seats-taken', seatIds: ['A-1-7', 'A-1-8'] })
    }
    expect(await seatsOf(fresh)).toMatchObject({ held: 2, free: 48 })
  })

  test('takes a seat whose hold is overdue, though nobody has swept it', async () => {
    const fresh = await newShow(edge, { policy: { holdTtlMs: 500 } })
    const other = await guest(edge)
    const overdue = [
      await holdOf(edge, fresh.showId, other.token, ['A-1-1']),
      await holdOf(edge, fresh.showId, other.token, ['A-1-2', 'A-1-3']),
    ]
    const taken = await waitFor('both holds to be overdue', async () => {
      const answer = await call<Reservation>(edge, holdPath(fresh), {
        token: buyer.token,
        key: newKey(),
        body: { seatIds: ['A-1-1', 'A-1-2'] },
      })
      return answer.status === 201 ? answer : null
    })
    expect(taken.body.seatIds).toEqual(['A-1-1', 'A-1-2'])
    for (const { reservationId } of overdue) {
      const found = await call(edge, `GET /v1/reservations/${reservationId}`, other)
      expect(found.body).toMatchObject({ status: 'expired' })
    }
    expect(await seatsOf(fresh)).toMatchObject({ held: 2, free: 48 })
  })

  test.each([
    [['A-1-1', 'A-1-2', 'A-1-1'], 'duplicate-seats', { seatIds: ['A-1-1'] }],
    [['A-1-1', 'C-1-1', 'A-1-21'], 'unknown-seat', { seatIds: ['C-1-1', 'A-1-21'] }],
    [['A-1-1', 'A-1-01'], 'unknown-seat', { seatIds: ['A-1-01'] }],
    [['A-1-1', 'A-1-2', 'A-1-3', 'A-1-4'], 'too-many-seats', { max: 3 }],
  ])('refuses %j: %s', async (seatIds, code, extra) => {
    const fresh = await newShow(edge, { policy: { seatsPerHoldMax: 3 } })
    const refused = await call(edge, holdPath(fresh), {
      token: buyer.token,
      key: newKey(),
      body: { seatIds },
    })
    expect(refused).toMatchObject({ status: 422, body: { code, ...extra } })
    expect(await seatsOf(fresh)).toMatchObject({ held: 0 })
  })

  test('refuses what is over the buyer’s limit, and says how many he has', async () => {
    const fresh = await newShow(edge, { policy: { seatsPerBuyerMax: 3 } })
    await holdOf(edge, fresh.showId, buyer.token, ['A-1-1', 'A-1-2'])
    const refused = await call(edge, holdPath(fresh), {
      token: buyer.token,
      key: newKey(),
      body: { seatIds: ['A-1-3', 'A-1-4'] },
    })
    expect(refused).toMatchObject({ status: 422, body: { code: 'buyer-limit', max: 3, have: 2 } })
  })

  test.each<[string, unknown, string]>([
    ['no seats', {}, '/seatIds'],
    ['an empty list', { seatIds: [] }, '/seatIds'],
    ['a text', { seatIds: 'A-1-1' }, '/seatIds'],
    ['a number among them', { seatIds: ['A-1-1', 7] }, '/seatIds/1'],
    ['a list', [], '/'],
    ['null', null, '/'],
    ['no JSON', '{"seatIds":', '/'],
    ['NaN', '{"seatIds":[NaN]}', '/'],
    ['a name twice', '{"seatIds":["A-1-1"],"seatIds":["A-1-2"]}', '/'],
    ['__proto__', '{"seatIds":["A-1-1"],"__proto__":{"isOperator":true}}', '/'],
    ['depth', `{"seatIds":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, '/'],
  ])('refuses a body with %s: 400 naming the place', async (_, body, path) => {
    const refused = await call(edge, holdPath(show), { token: buyer.token, key: newKey(), body })
    expect(refused).toMatchObject({
      status: 400,
      body: { code: 'bad-request', errors: [{ path, message: expect.any(String) }] },
    })
  })

  test('refuses a body that is not UTF-8', async () => {
    const response = await fetch(`${edge.url}/v1/shows/${show.showId}/reservations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${buyer.token}`, 'idempotency-key': newKey() },
      body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    })
    expect(response.status).toBe(400)
    await response.arrayBuffer()
  })

  test('needs a key, and one that is well formed', async () => {
    const body = { seatIds: [nextSeat()] }
    const { token } = buyer
    expect(await call(edge, holdPath(show), { token, body })).toMatchObject({
      status: 400,
      body: { code: 'idempotency-key-missing' },
    })
    for (const key of ['a b', 'a/b', 'x'.repeat(65)]) {
      expect(await call(edge, holdPath(show), { token, body, key })).toMatchObject({
        status: 400,
        body: { code: 'bad-request' },
      })
    }
    expect((await call(edge, holdPath(show), { token, body, key: 'x'.repeat(64) })).status).toBe(
      201,
    )
  })

  test('answers 404 for a show that does not exist, but 401 and 400 come first', async () => {
    const path = 'POST /v1/shows/nowhere/reservations'
    const body = { seatIds: ['A-1-1'] }
    const { token } = buyer
    expect(await call(edge, path, { token, key: newKey(), body })).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    })
    expect((await call(edge, path, { key: newKey(), body: {} })).status).toBe(401)
    expect((await call(edge, path, { token, key: newKey(), body: {} })).status).toBe(400)
  })
})
