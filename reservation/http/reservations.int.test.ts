import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Reservation, SeatMap, Session, Show, Ticket } from '../../contracts/http.ts'
import { ticketIdOf } from '../../contracts/ids.ts'
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

describe('reading a reservation', () => {
  test('is for its customer alone: 404 for others and for operators, 401 for nobody', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const path = `GET /v1/reservations/${held.reservationId}`
    expect(await call(edge, path, buyer)).toMatchObject({ status: 200, body: held })
    expect((await call(edge, path, await guest(edge))).status).toBe(404)
    expect((await call(edge, path, { token: edge.adminToken })).status).toBe(404)
    expect((await call(edge, path)).status).toBe(401)
  })

  test.each([
    'nonsense',
    'r00_00000000000000000000000000',
    'r99_00000000000000000000000000',
    '%00',
  ])('answers 404 for the id %s', async (id) => {
    expect(await call(edge, `GET /v1/reservations/${id}`, buyer)).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    })
  })

  test('waits, when asked to, until the reservation is neither held nor paying', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const paying = await checkOutOf(edge, held.reservationId, buyer.token)
    const waiting = call<Reservation>(edge, `GET /v1/reservations/${held.reservationId}`, {
      token: buyer.token,
      headers: { prefer: 'respond-async, wait=20' },
    })
    await waitFor('somebody to wait', () => waitingRequests())
    await confirm(edge, paying)
    const begun = performance.now()
    const answered = await waiting
    expect(performance.now() - begun).toBeLessThan(2_000)
    expect(answered.headers.get('preference-applied')).toBe('wait=20')
    expect(answered.body).toMatchObject({
      status: 'confirmed',
      payment: { status: 'captured' },
      tickets: [{ ticketId: ticketIdOf(held.reservationId, 1), seatId: held.seatIds[0] }],
    })
    expect(answered.body).not.toHaveProperty('expiresAt')
  })

  test('answers at once when there is nothing to wait for', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    await call(edge, `DELETE /v1/reservations/${held.reservationId}`, buyer)
    const headers = { prefer: 'wait=30' }
    const path = `GET /v1/reservations/${held.reservationId}`
    const begun = performance.now()
    expect((await call(edge, path, { token: buyer.token, headers })).body).toMatchObject({
      status: 'released',
    })
    const nowhere = 'GET /v1/reservations/r00_00000000000000000000000000'
    expect((await call(edge, nowhere, { token: buyer.token, headers })).status).toBe(404)
    expect(performance.now() - begun).toBeLessThan(5_000)
  })

  test('answers with the state as it is when the time is up', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const begun = performance.now()
    const answered = await call<Reservation>(edge, `GET /v1/reservations/${held.reservationId}`, {
      token: buyer.token,
      headers: { prefer: 'wait=1' },
    })
    expect(performance.now() - begun).toBeGreaterThan(950)
    expect(answered.body).toMatchObject({ status: 'held' })
  })

  test('asks Redis before it waits and after, and not in between', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const before = edge.commandsSent()
    await call(edge, `GET /v1/reservations/${held.reservationId}`, {
      token: buyer.token,
      headers: { prefer: 'wait=1' },
    })
    // The record and the epoch, each time.
    expect(edge.commandsSent()).toBe(before + 4)
  })

  test('forgets a client that went away while it waited', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const leaving = new AbortController()
    const waiting = fetch(`${edge.url}/v1/reservations/${held.reservationId}`, {
      headers: { authorization: `Bearer ${buyer.token}`, prefer: 'wait=30' },
      signal: leaving.signal,
    }).catch((error: Error) => error.name)
    await waitFor('somebody to wait', () => waitingRequests())
    leaving.abort()
    expect(await waiting).toBe('AbortError')
    await waitFor('nobody to wait', async () => (await waitingRequests()) === 0)
  })
})

/** How many requests wait, as the metrics have it. */
async function waitingRequests(): Promise<number> {
  const text = await (await fetch(`${edge.url}/metrics`)).text()
  return Number(/^holdfast_waiting_requests (\d+)$/m.exec(text)?.[1])
}

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

describe('tickets', () => {
  test('are live from the moment the reservation is confirmed, void once it is refunded', async () => {
    const fresh = await newShow(edge)
    const held = await holdOf(edge, fresh.showId, buyer.token, ['A-1-5', 'B-1-1'])
    const ticketId = ticketIdOf(held.reservationId, 2)
    const read = (token?: string) =>
      call<Ticket>(edge, `GET /v1/tickets/${ticketId}`, token === undefined ? {} : { token })
    expect((await read(buyer.token)).status).toBe(404)
    await checkOutOf(edge, held.reservationId, buyer.token)
    expect((await read(buyer.token)).status).toBe(404)
    await confirm(edge, held)
    const live = {
      ticketId,
      showId: fresh.showId,
      seatId: 'B-1-1',
      status: 'live',
      reservationId: held.reservationId,
    }
    expect(await read(buyer.token)).toMatchObject({ status: 200, body: live })
    expect(await read(edge.adminToken)).toMatchObject({ status: 200, body: live })
    expect((await read((await guest(edge)).token)).status).toBe(404)
    expect((await read()).status).toBe(401)
    await cancel(edge, held, { input: 'refund', reason: 'show_cancelled' })
    expect((await read(buyer.token)).body).toEqual({ ...live, status: 'void' })
  })

  test('that were never issued do not exist', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    await checkOutOf(edge, held.reservationId, buyer.token)
    await confirm(edge, held)
    for (const id of [ticketIdOf(held.reservationId, 2), 'nonsense', held.reservationId]) {
      expect((await call(edge, `GET /v1/tickets/${id}`, buyer)).status).toBe(404)
    }
  })
})
