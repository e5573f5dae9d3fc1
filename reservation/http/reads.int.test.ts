import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Reservation, Session, Show, Ticket } from '../../contracts/http.ts'
import { ticketIdOf } from '../../contracts/ids.ts'
import type { ReservationEntry } from '../../lua/logEntry.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { ProjectedReservations } from '../projection/reservations.ts'
import {
  call,
  cancel,
  checkOutOf,
  confirm,
  type Edge,
  guest,
  holdOf,
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

/** How many requests wait, as the metrics have it. */
async function waitingRequests(): Promise<number> {
  const text = await (await fetch(`${edge.url}/metrics`)).text()
  return Number(/^holdfast_waiting_requests (\d+)$/m.exec(text)?.[1])
}

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

describe('a reservation that Redis has forgotten', () => {
  /** Writes what the projector would have written, and lets Redis forget the record. */
  async function forgotten(held: Reservation, change: Partial<ReservationEntry>): Promise<string> {
    const { reservationId, showId, customerId, amount } = held
    const atMs = Date.now()
    const entries: ReservationEntry[] = [
      {
        id: `${atMs}-0`,
        type: 'expired',
        status: 'expired',
        showId,
        prev: held.version,
        reservationId,
        customerId,
        seats: [0],
        moved: [],
        owns: false,
        amount,
        createdMs: atMs,
        deadlineMs: atMs,
        atMs,
        ...change,
      },
    ]
    const projection = new ProjectedReservations(edge.db)
    await edge.db.transaction((tx) => projection.write(tx, entries))
    await edge.redis.del(`{s${reservationId.slice(1, 3)}}:r:${reservationId}`)
    return reservationId
  }

  test('is read from SQL, by its customer alone', async () => {
    const id = await forgotten(await holdOf(edge, show.showId, buyer.token, [nextSeat()]), {})
    const path = `GET /v1/reservations/${id}`
    expect(await call(edge, path, buyer)).toMatchObject({
      status: 200,
      body: { reservationId: id, status: 'expired', seatIds: ['A-1-1'] },
    })
    expect((await call(edge, path, await guest(edge))).status).toBe(404)
  })

  test('refuses what its last state refuses', async () => {
    const first = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const second = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const expired = await forgotten(first, {})
    const refunded = await forgotten(second, { type: 'refunded', status: 'refunded' })
    const remove = (id: string, of: Session) => call(edge, `DELETE /v1/reservations/${id}`, of)
    expect(await remove(expired, buyer)).toMatchObject({ body: { code: 'hold-expired' } })
    expect(await remove(refunded, buyer)).toMatchObject({
      status: 409,
      body: { code: 'wrong-state', reservationStatus: 'refunded' },
    })
    expect((await remove(refunded, await guest(edge))).status).toBe(404)
  })

  test('still answers for its tickets', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const ticketId = ticketIdOf(held.reservationId, 1)
    const tickets = [{ ticketId, seatId: 'A-1-1' }]
    await forgotten(held, { type: 'confirmed', status: 'confirmed', owns: true, tickets })
    expect(await call<Ticket>(edge, `GET /v1/tickets/${ticketId}`, buyer)).toMatchObject({
      status: 200,
      body: { ticketId, status: 'live' },
    })
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
