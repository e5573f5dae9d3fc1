import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ServerFrame } from '../../contracts/feed.ts'
import type { Reservation, SeatMap, Session, Show } from '../../contracts/http.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import {
  call,
  cancel,
  checkOutOf,
  confirm,
  type Edge,
  guest,
  holdOf,
  startEdge,
} from '../testing/edge.ts'
import {
  mapFrom,
  rowOf,
  seatAt,
  statesOf,
  type Tap,
  type TapOptions,
  tap,
} from '../testing/feedTap.ts'

let edge: Edge
let buyer: Session
const open: Tap[] = []

beforeAll(async () => {
  edge = await startEdge()
  buyer = await guest(edge)
})
afterAll(() => edge.stop())
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function connect(to: Edge = edge, options: TapOptions = {}): Promise<Tap> {
  const one = await tap(to, options)
  open.push(one)
  return one
}

const hold = (show: Show, ...seats: number[]) =>
  holdOf(edge, show.showId, buyer.token, seats.map(seatAt))

const release = ({ reservationId }: Reservation) =>
  call(edge, `DELETE /v1/reservations/${reservationId}`, { token: buyer.token })

const mapOf = async (of: Edge, { showId }: Show) =>
  (await call<SeatMap>(of, `GET /v1/shows/${showId}/seats`)).body

/** Waits until the connection has the version that the server has, and compares the maps. */
async function expectSame(one: Tap, show: Show, frames: () => readonly ServerFrame[]) {
  const truth = await mapOf(edge, show)
  await waitFor('the last delta', () => mapFrom(frames()).version === truth.version)
  expect(mapFrom(one.frames).states).toEqual(statesOf(Buffer.from(truth.states, 'base64')))
}

describe('a subscription', () => {
  it('begins with the whole map, and goes on with what changes', async () => {
    const show = await rowOf(edge, 40)
    await hold(show, 3)
    const one = await connect()
    const { version, states } = await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
    expect(await mapOf(edge, show)).toMatchObject({ version, states })
    const second = await hold(show, 1, 5)
    const delta = await one.next('delta')
    expect(delta).toEqual({
      op: 'delta',
      showId: show.showId,
      prev: version,
      version: second.version,
      changes: [
        [0, 1],
        [4, 1],
      ],
    })
    await release(second)
    expect((await one.next('delta')).prev).toBe(second.version)
    await expectSame(one, show, () => one.frames)
  })

  it('is answered afresh when it is asked for again', async () => {
    const show = await rowOf(edge, 40)
    const one = await connect()
    const first = await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
    await hold(show, 1)
    await one.next('delta')
    const again = await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
    expect(again.version).not.toBe(first.version)
    await hold(show, 2)
    // Once, although it was subscribed twice.
    await expectSame(one, show, () => one.frames)
    expect(one.frames.filter(({ op }) => op === 'delta')).toHaveLength(2)
  })

  it('of a show that is not there is an error that names it', async () => {
    const one = await connect()
    const error = await one.ask({ op: 'subscribe', showId: 'nowhere' }, 'error')
    expect(error).toMatchObject({ showId: 'nowhere', problem: { code: 'not-found', status: 404 } })
    expect(error.id).toBeUndefined()
  })

  it('while the state is unknown is an error that says unavailable', async () => {
    const show = await rowOf(edge, 40)
    const shard = Array.from({ length: 4 }, (_, n) => n)
    for (const n of shard) edge.gate.refuse(n, 'redis_unavailable')
    const one = await connect()
    const error = await one.ask({ op: 'subscribe', showId: show.showId }, 'error')
    for (const n of shard) edge.gate.open(n, (await edge.scripts.readEpoch({ shard: n })) as string)
    expect(error).toMatchObject({ showId: show.showId, problem: { code: 'unavailable' } })
    await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
  })

  it('ends when it is taken back, in the order in which things were said', async () => {
    const show = await rowOf(edge, 40)
    const one = await connect()
    const { showId } = show
    one.send({ op: 'subscribe', showId })
    one.send({ op: 'unsubscribe', showId })
    await one.next('unsubscribed')
    const other = await connect()
    await other.ask({ op: 'subscribe', showId }, 'snapshot')
    await hold(show, 1)
    await other.next('delta')
    expect(one.frames.map(({ op }) => op)).toEqual(['snapshot', 'unsubscribed'])
  })
})

describe('a tick', () => {
  it('has the net change of each seat, and moves the version when there is none', async () => {
    const show = await rowOf(edge, 40)
    const one = await connect()
    await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
    // The first change opens a tick; everything else falls into the next one.
    const first = await hold(show, 1)
    const passing = await hold(show, 2)
    await release(passing)
    const lasting = await hold(show, 2, 3)
    await release(lasting)
    await release(first)
    await expectSame(one, show, () => one.frames)
    const deltas = one.frames.filter((frame) => frame.op === 'delta')
    expect(deltas[0]?.changes).toEqual([[0, 1]])
    expect(deltas.flatMap(({ changes }) => changes).length).toBeLessThanOrEqual(6)
    const last = deltas.at(-1)
    expect(last?.prev).not.toBe(last?.version)
  })
})

describe('what happens to a buyer’s own reservations', () => {
  const told = (one: Tap) => one.frames.filter((frame) => frame.op === 'reservation')

  it('is told to all their connections and to nobody else, whatever brought it about', async () => {
    const show = await rowOf(edge, 10)
    const other = await guest(edge)
    const [one, two, stranger, nobody] = await Promise.all([
      connect(edge, buyer),
      connect(edge, buyer),
      connect(edge, other),
      connect(),
    ])
    const held = await hold(show, 1, 2)
    const extended = await call<Reservation>(
      edge,
      `POST /v1/reservations/${held.reservationId}/extend`,
      { token: buyer.token, body: {} },
    )
    await checkOutOf(edge, held.reservationId, buyer.token)
    await confirm(edge, held)
    const late = await hold(show, 3)
    await release(late)
    const declined = await hold(show, 4)
    await checkOutOf(edge, declined.reservationId, buyer.token)
    await cancel(edge, declined, { reason: 'payment_declined' })
    expect(extended.body.version).not.toBe(held.version)
    const found = await call<Reservation>(edge, `GET /v1/reservations/${held.reservationId}`, buyer)
    for (const tap of [one, two]) {
      await waitFor('the last change', () => told(tap).length >= 9)
      const reservations = told(tap).map(({ reservation }) => reservation)
      expect(reservations.map(({ status }) => status)).toEqual([
        ...['held', 'held', 'paying', 'confirmed'],
        ...['held', 'released'],
        ...['held', 'paying', 'cancelled'],
      ])
      expect(reservations[3]).toEqual(found.body)
    }
    expect([...stranger.frames, ...nobody.frames]).toEqual([])
  })

  it('comes with the clock of the server', async () => {
    const show = await rowOf(edge, 10)
    const one = await connect(edge, buyer)
    await hold(show, 1)
    const { now } = await one.next('reservation')
    expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(5_000)
    expect((await one.ask({ op: 'ping' }, 'pong')).now >= now).toBe(true)
  })
})
