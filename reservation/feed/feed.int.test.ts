import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ServerFrame } from '../../contracts/feed.ts'
import type { Reservation, SeatMap, Session, Show } from '../../contracts/http.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { call, type Edge, guest, holdOf, newShow, startEdge } from '../testing/edge.ts'
import { FramedMap, statesOf, type Tap, type TapOptions, tap } from '../testing/feedTap.ts'

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

const bigShow = (of: Edge = edge, seats = 40) =>
  newShow(of, {
    sections: [{ id: 'A', name: 'Hall', price: 100, rows: [{ id: '1', seats }] }],
    policy: { seatsPerBuyerMax: 1_000, seatsPerHoldMax: 1_000 },
  })
const seat = (number: number) => `A-1-${number}`

const hold = (show: Show, ...seats: number[]) =>
  holdOf(edge, show.showId, buyer.token, seats.map(seat))

const release = ({ reservationId }: Reservation) =>
  call(edge, `DELETE /v1/reservations/${reservationId}`, { token: buyer.token })

const mapOf = async (of: Edge, { showId }: Show) =>
  (await call<SeatMap>(of, `GET /v1/shows/${showId}/seats`)).body

/** The maps that a connection's frames lead to; throws at a gap. */
function mapFrom(frames: readonly ServerFrame[]): FramedMap {
  const map = new FramedMap()
  for (const frame of frames) map.apply(frame)
  return map
}

/** Waits until the connection has the version that the server has, and compares the maps. */
async function expectSame(one: Tap, show: Show, frames: () => readonly ServerFrame[]) {
  const truth = await mapOf(edge, show)
  await waitFor('the last delta', () => mapFrom(frames()).version === truth.version)
  expect(mapFrom(one.frames).states).toEqual(statesOf(Buffer.from(truth.states, 'base64')))
}

describe('a subscription', () => {
  it('begins with the whole map, and goes on with what changes', async () => {
    const show = await bigShow()
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
    const show = await bigShow()
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
    const show = await bigShow()
    const shard = Array.from({ length: 4 }, (_, n) => n)
    for (const n of shard) edge.gate.refuse(n, 'redis_unavailable')
    const one = await connect()
    const error = await one.ask({ op: 'subscribe', showId: show.showId }, 'error')
    for (const n of shard) edge.gate.open(n, (await edge.scripts.readEpoch({ shard: n })) as string)
    expect(error).toMatchObject({ showId: show.showId, problem: { code: 'unavailable' } })
    await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
  })

  it('ends when it is taken back, in the order in which things were said', async () => {
    const show = await bigShow()
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
    const show = await bigShow()
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
