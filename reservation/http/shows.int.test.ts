import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SeatMap, Session, Show, ShowList } from '../../contracts/http.ts'
import { uniqueName } from '../../platform/testing/infra.ts'
import { Shows } from '../shows/shows.ts'
import {
  call,
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
let buyer: Session

beforeAll(async () => {
  edge = await startEdge()
  buyer = await guest(edge)
})

afterAll(() => edge.stop())

const bodyOf = <T extends Record<string, unknown>>(change: T = {} as T) => ({
  showId: uniqueName('show'),
  name: 'Große Nacht 큰 밤 🎭',
  startsAt: '2030-05-01T19:30:00+09:00',
  currency: 'EUR',
  sections: [{ id: 'A', name: 'Parkett', price: 4_500, rows: [{ id: '1', seats: 5 }] }],
  ...change,
})
const create = (body: unknown, token: string | undefined = edge.adminToken) =>
  call<Show>(edge, 'POST /v1/shows', { ...(token && { token }), body })
const seatsOf = async (showId: string) =>
  (await call<SeatMap>(edge, `GET /v1/shows/${showId}/seats`)).body

/** The states of a snapshot, seat by seat. */
function unpacked({ states, total }: Pick<SeatMap, 'states' | 'total'>): number[] {
  const bytes = Buffer.from(states, 'base64')
  return Array.from(
    { length: total },
    (_, seat) => ((bytes[seat >> 2] ?? 0) >> ((seat & 3) * 2)) & 3,
  )
}

describe('creating a show', () => {
  test('answers 201 with everything filled in, and 200 for the same show again', async () => {
    const body = bodyOf({ policy: { holdTtlMs: 2_000 } })
    const created = await create(body)
    expect(created.status).toBe(201)
    expect(created.headers.get('location')).toBe(`/v1/shows/${body.showId}`)
    const expected = {
      ...body,
      startsAt: '2030-05-01T10:30:00.000Z',
      total: 5,
      policy: {
        holdTtlMs: 2_000,
        paymentWindowMs: 120_000,
        seatsPerHoldMax: 8,
        seatsPerBuyerMax: 8,
        holdExtensionMaxMs: 600_000,
      },
    }
    expect(created.body).toEqual(expected)
    expect(await create(body)).toMatchObject({ status: 200, body: expected })
    expect((await call<Show>(edge, `GET /v1/shows/${body.showId}`)).body).toEqual(expected)
  })

  test('refuses another body under the same id: 409', async () => {
    const body = bodyOf()
    await create(body)
    for (const other of [
      { ...body, name: 'Other' },
      { ...body, startsAt: '2030-05-01T19:30:00Z' },
      { ...body, policy: { holdTtlMs: 1_000 } },
      { ...body, sections: [{ ...body.sections[0], price: 1 }] },
    ]) {
      expect(await create(other)).toMatchObject({ status: 409, body: { code: 'show-exists' } })
    }
  })

  test('tells ids apart by their case', async () => {
    const showId = uniqueName('Case')
    expect((await create(bodyOf({ showId }))).status).toBe(201)
    expect((await create(bodyOf({ showId: showId.toLowerCase(), name: 'b' }))).status).toBe(201)
  })

  test('has one creator among many at once, and everybody gets the same show', async () => {
    const body = bodyOf()
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(body)))
    const statuses = answers.map((answer) => answer.status).sort()
    expect(statuses).toEqual([...Array(7).fill(200), 201])
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
  })

  test('spreads shows evenly over the shards', async () => {
    await Promise.all(Array.from({ length: 12 }, () => newShow(edge)))
    // Those who create at the same moment may choose the same shard; the next ones even it out.
    for (let n = 0; n < 24; n++) await newShow(edge)
    const rows = await edge.db.query<{ shows: number }>(
      'SELECT COUNT(*) AS shows FROM shows GROUP BY shard',
    )
    const counts = rows.map((row) => row.shows)
    expect(counts).toHaveLength(4)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  })

  test('is for operators: 401 for nobody, 403 for buyers', async () => {
    expect(await call(edge, 'POST /v1/shows', { body: bodyOf() })).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    })
    expect(await create(bodyOf(), buyer.token)).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    })
  })

  const rows = [{ id: '1', seats: 1 }]
  test.each<[string, Record<string, unknown>, string]>([
    ['no name', { name: undefined }, '/name'],
    ['a day that does not exist', { startsAt: '2030-02-30T10:00:00Z' }, '/startsAt'],
    ['no time zone', { startsAt: '2030-02-20T10:00:00' }, '/startsAt'],
    ['a currency in lower case', { currency: 'eur' }, '/currency'],
    ['an id with a slash', { showId: 'a/b' }, '/showId'],
    ['no sections', { sections: [] }, '/sections'],
    [
      'a dash in a section',
      { sections: [{ id: 'a-b', name: 'A', price: 1, rows }] },
      '/sections/0/id',
    ],
    [
      'a broken price',
      { sections: [{ id: 'a', name: 'A', price: 1.5, rows }] },
      '/sections/0/price',
    ],
    [
      'a negative price',
      { sections: [{ id: 'a', name: 'A', price: -1, rows }] },
      '/sections/0/price',
    ],
    [
      'a row without seats',
      { sections: [{ id: 'a', name: 'A', price: 1, rows: [{ id: '1', seats: 0 }] }] },
      '/sections/0/rows/0/seats',
    ],
    [
      'a row twice',
      { sections: [{ id: 'a', name: 'A', price: 1, rows: [...rows, ...rows] }] },
      '/sections/0/rows/1/id',
    ],
    [
      'too many seats',
      {
        sections: [
          {
            id: 'a',
            name: 'A',
            price: 1,
            rows: [
              { id: '1', seats: 200_000 },
              { id: '2', seats: 1 },
            ],
          },
        ],
      },
      '/sections',
    ],
    ['a duration under the least', { policy: { holdTtlMs: 499 } }, '/policy/holdTtlMs'],
    [
      'a duration over the most',
      { policy: { paymentWindowMs: 86_400_001 } },
      '/policy/paymentWindowMs',
    ],
    ['a limit of none', { policy: { seatsPerHoldMax: 0 } }, '/policy/seatsPerHoldMax'],
    ['a limit over the most', { policy: { seatsPerBuyerMax: 1_001 } }, '/policy/seatsPerBuyerMax'],
    ['a misspelt policy', { policy: { holdTTLMs: 1_000 } }, '/policy/holdTTLMs'],
    ['seats of no size', { geometry: { seatSize: 0 } }, '/geometry/seatSize'],
    ['a row that is nowhere', { geometry: { seatSize: 1 } }, '/sections/0/rows/0'],
    [
      'a place that is no number',
      {
        geometry: { seatSize: 1 },
        sections: [{ id: 'a', name: 'A', price: 1, rows: [{ ...rows[0], places: [1, '2'] }] }],
      },
      '/sections/0/rows/0/places/1',
    ],
    [
      'an outline of two points',
      {
        geometry: { seatSize: 1 },
        sections: [
          {
            id: 'a',
            name: 'A',
            price: 1,
            rows: [{ ...rows[0], places: [1, 2] }],
            outline: [1, 1, 2, 2],
          },
        ],
      },
      '/sections/0/outline',
    ],
  ])('refuses a show with %s: 400 naming the place', async (_, change, path) => {
    expect(await create(bodyOf(change))).toMatchObject({
      status: 400,
      body: { code: 'bad-request', errors: [{ path, message: expect.any(String) }] },
    })
  })

  test('of 100,000 seats takes less than 3 s, and its map is small both ways', async () => {
    const sections = Array.from({ length: 100 }, (_, s) => ({
      id: `S${s}`,
      name: `Section ${s}`,
      price: 1_000,
      rows: Array.from({ length: 50 }, (_, r) => ({ id: `${r}`, seats: 20 })),
    }))
    const begun = performance.now()
    const created = await create(bodyOf({ sections }))
    expect(performance.now() - begun).toBeLessThan(3_000)
    expect(created).toMatchObject({ status: 201, body: { total: 100_000 } })
    const path = `${edge.url}/v1/shows/${created.body.showId}/seats`
    const text = await (await fetch(path)).text()
    expect(text.length).toBeLessThanOrEqual(34 * 1_024)
    const bytes = await (
      await fetch(path, { headers: { accept: 'application/octet-stream' } })
    ).arrayBuffer()
    expect(bytes.byteLength).toBe(25_000)
  })

  test('keeps where its seats stand, and is the same show with them alone', async () => {
    const rows = [
      { id: '1', seats: 2, curve: [0, 0, 5, 1.5, 10, 0] },
      { id: '2', seats: 1, places: [-7, 3] },
    ]
    const outline = [0, 0, 9, 0, 9, 9]
    const sections = [{ id: 'A', name: 'Parkett', price: 4_500, rows, outline }]
    const body = bodyOf({ sections, geometry: { seatSize: 4, stage: outline } })
    const { status, body: made } = await create(body)
    expect(status).toBe(201)
    expect(made).toMatchObject({ sections, geometry: body.geometry })
    expect((await call<Show>(edge, `GET /v1/shows/${body.showId}`)).body).toEqual(made)
    const elsewhere = new Shows({ db: edge.db, shards: 4 })
    expect(await elsewhere.find(body.showId)).toMatchObject({ sections, geometry: body.geometry })
    expect((await create(body)).status).toBe(200)
    const moved = { ...body, geometry: { ...body.geometry, seatSize: 5 } }
    expect((await create(moved)).status).toBe(409)
  })

  test('may place each of 200,000 seats within the limit of a body', async () => {
    const places = (r: number) => Array.from({ length: 100 }, (_, at) => [at * 50, r * 90]).flat()
    const rows = Array.from({ length: 2_000 }, (_, r) => ({
      ...{ id: `${r}`, seats: 100, places: places(r) },
    }))
    const sections = [{ id: 'A', name: 'A', price: 1, rows }]
    const created = await create(bodyOf({ sections, geometry: { seatSize: 40 } }))
    expect(created).toMatchObject({ status: 201, body: { total: 200_000 } })
  })

  test('may have 200,000 seats, each in a row of its own name', async () => {
    const rows = Array.from({ length: 20_000 }, (_, r) => ({ id: `${r}`, seats: 10 }))
    const sections = [{ id: 'A', name: 'A', price: 1, rows }]
    const created = await create(bodyOf({ sections }))
    expect(created.status).toBe(201)
    const held = await holdOf(edge, created.body.showId, buyer.token, ['A-19999-10', 'A-0-1'])
    const map = await seatsOf(created.body.showId)
    expect(map).toMatchObject({ total: 200_000, held: 2 })
    const states = unpacked(map)
    expect([states[0], states[1], states[199_999]]).toEqual([1, 0, 1])
    expect(held.seatIds).toEqual(['A-19999-10', 'A-0-1'])
  })
})

describe('reading shows', () => {
  test('lists all of them, the earliest first, at once after they were created', async () => {
    const late = await newShow(edge, { startsAt: '2031-01-01T00:00:00Z' })
    const early = await newShow(edge, { startsAt: '2029-01-01T00:00:00Z' })
    const { status, body } = await call<ShowList>(edge, 'GET /v1/shows')
    expect(status).toBe(200)
    const ids = body.shows.map((one) => one.showId)
    expect(ids.indexOf(early.showId)).toBeLessThan(ids.indexOf(late.showId))
    expect(body.shows.find((one) => one.showId === early.showId)).toEqual({
      showId: early.showId,
      name: early.name,
      startsAt: '2029-01-01T00:00:00.000Z',
      total: 50,
    })
  })

  test('answers 304 to who has the show already', async () => {
    const show = await newShow(edge)
    const path = `GET /v1/shows/${show.showId}`
    const first = await call<Show>(edge, path)
    const etag = first.headers.get('etag') as string
    expect(etag).toMatch(/^".+"$/)
    expect(first.headers.get('cache-control')).toContain('immutable')
    const second = await call(edge, path, { headers: { 'if-none-match': etag } })
    expect(second).toMatchObject({ status: 304, body: null })
    expect(second.headers.get('etag')).toBe(etag)
  })

  test.each(['', '/seats'])('answers 404 for a show that does not exist (%s)', async (suffix) => {
    for (const id of ['nowhere', 'a%2Fb', '%00', 'x'.repeat(65)]) {
      expect((await call(edge, `GET /v1/shows/${id}${suffix}`)).status).toBe(404)
    }
  })

  test('finds a show that another process has created meanwhile', async () => {
    const other = new Shows({ db: edge.db, shards: 4 })
    const show = await newShow(edge)
    expect(other.peek(show.showId)).toBeNull()
    expect(await other.find(show.showId)).toMatchObject({ showId: show.showId })
    expect(other.peek(show.showId)).not.toBeNull()
  })
})

describe('the seat map', () => {
  test('shows every change that was answered, in JSON and in bytes', async () => {
    const show = await newShow(edge)
    const empty = await seatsOf(show.showId)
    expect(empty).toMatchObject({ total: 50, free: 50, held: 0, sold: 0, blocked: 0 })
    const sold = await holdOf(edge, show.showId, buyer.token, ['A-1-1', 'B-1-10'])
    await checkOutOf(edge, sold.reservationId, buyer.token)
    await confirm(edge, sold)
    const held = await holdOf(edge, show.showId, buyer.token, ['A-1-2'])
    const map = await seatsOf(show.showId)
    expect(map).toMatchObject({ free: 47, held: 1, sold: 2, blocked: 0, version: held.version })
    const states = unpacked(map)
    expect([states[0], states[1], states[2], states[49]]).toEqual([2, 1, 0, 2])
    const response = await fetch(`${edge.url}/v1/shows/${show.showId}/seats`, {
      headers: { accept: 'application/octet-stream' },
    })
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(response.headers.get('seat-map-version')).toBe(map.version)
    expect(response.headers.get('etag')).toBe(`"${map.version}"`)
    expect(Buffer.from(await response.arrayBuffer()).toString('base64')).toBe(map.states)
  })

  test('answers 304 until something changes', async () => {
    const show = await newShow(edge)
    const path = `GET /v1/shows/${show.showId}/seats`
    const first = await call<SeatMap>(edge, path)
    const etag = first.headers.get('etag') as string
    expect(etag).toBe(`"${first.body.version}"`)
    const headers = { 'if-none-match': etag }
    expect(await call(edge, path, { headers })).toMatchObject({ status: 304, body: null })
    await holdOf(edge, show.showId, buyer.token, ['A-1-1'])
    expect((await call(edge, path, { headers })).status).toBe(200)
  })

  test('shows a buyer his own hold, however soon he asks', async () => {
    const show = await newShow(edge, { policy: { seatsPerBuyerMax: 100 } })
    await seatsOf(show.showId)
    // The log is fast; that the map is asked for no less than the last answer is seen here.
    const asked: (string | undefined)[] = []
    const snapshot = edge.maps.snapshot.bind(edge.maps)
    edge.maps.snapshot = (of, options) => {
      asked.push(options?.atLeast)
      return snapshot(of, options)
    }
    const answered: string[] = []
    for (let seat = 1; seat <= 5; seat++) {
      answered.push((await holdOf(edge, show.showId, buyer.token, [`A-1-${seat}`])).version)
      expect((await seatsOf(show.showId)).held).toBe(seat)
    }
    edge.maps.snapshot = snapshot
    expect(asked).toEqual(answered)
  })

  test('does not touch Redis once it is known', async () => {
    const show = await newShow(edge)
    await holdOf(edge, show.showId, buyer.token, ['A-1-1'])
    await seatsOf(show.showId)
    const before = edge.commandsSent()
    for (let n = 0; n < 20; n++) await seatsOf(show.showId)
    expect(edge.commandsSent()).toBe(before)
  })
})

test('sessions are strangers to each other, and valid for as long as they say', async () => {
  const [a, b] = await Promise.all([guest(edge), guest(edge)])
  expect(a.customerId).not.toBe(b.customerId)
  expect(Date.parse(a.expiresAt)).toBeGreaterThan(Date.now())
  const show = await newShow(edge)
  const request = { token: a.token, key: newKey(), body: { seatIds: ['A-1-1'] } }
  expect((await call(edge, `POST /v1/shows/${show.showId}/reservations`, request)).status).toBe(201)
  const empty = await call<Session>(edge, 'POST /v1/sessions')
  expect(empty.status).toBe(201)
  expect((await call(edge, 'POST /v1/sessions', { body: '[]' })).status).toBe(400)
})
