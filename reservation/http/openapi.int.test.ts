import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Reservation } from '../../contracts/http.ts'
import { ticketIdOf } from '../../contracts/ids.ts'
import {
  checkOutOf,
  confirm,
  type Edge,
  guest,
  holdOf,
  newKey,
  newShow,
  startEdge,
} from '../testing/edge.ts'

type Json = Record<string, unknown>
type Operation = { responses: Record<string, { content?: Record<string, { schema: Json }> }> }

let edge: Edge
let document: { openapi: string; paths: Record<string, Record<string, Operation>> } & Json
const ajv = new Ajv2020.default({ strict: false, validateFormats: false })

beforeAll(async () => {
  edge = await startEdge()
  document = (await (await fetch(`${edge.url}/openapi.json`)).json()) as typeof document
  ajv.addSchema({ ...document, $id: 'openapi' })
})

afterAll(() => edge.stop())

/** Makes a call and holds its answer against what the document says of it. */
async function checked(
  method: string,
  template: string,
  options: {
    params?: Record<string, string>
    token?: string
    key?: string
    body?: unknown
    headers?: Record<string, string>
  } = {},
): Promise<{ status: number; body: unknown }> {
  const { params = {}, token, key, body, headers } = options
  const path = template.replace(/\{([A-Za-z]+)\}/g, (_, name: string) => params[name] ?? 'x')
  const response = await fetch(edge.url + path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(key && { 'idempotency-key': key }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const operation = document.paths[template]?.[method.toLowerCase()]
  const described = operation?.responses[String(response.status)]
  if (!described) throw new Error(`${method} ${template} does not describe ${response.status}`)
  const text = await response.text()
  const type = (response.headers.get('content-type') ?? '').split(';')[0] as string
  if (!described.content) {
    expect(text).toBe('')
    return { status: response.status, body: null }
  }
  const schema = described.content[type]?.schema
  if (!schema) throw new Error(`${method} ${template} ${response.status} does not describe ${type}`)
  if (!type.endsWith('json')) return { status: response.status, body: text }
  const value: unknown = JSON.parse(text)
  const status = String(response.status)
  const pointer = ['paths', template, method.toLowerCase(), 'responses', status, 'content', type]
    .map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
    .map(encodeURIComponent)
    .join('/')
  const validate = ajv.getSchema(`openapi#/${pointer}/schema`)
  expect(validate, `${method} ${template} ${status}`).toBeDefined()
  expect(validate?.(value) ? [] : validate?.errors).toEqual([])
  return { status: response.status, body: value }
}

const body = (seatIds: string[]) => ({ seatIds })

describe('the OpenAPI document', () => {
  test('is an OpenAPI 3.1 document by the words of its own schema', () => {
    expect(document.openapi).toBe('3.1.0')
    const text = JSON.stringify(document)
    for (const [, reference] of text.matchAll(/"\$ref":"#([^"]+)"/g)) {
      const found = (reference as string)
        .split('/')
        .slice(1)
        .reduce<unknown>((node, part) => (node as Json | undefined)?.[part], document)
      expect(found, reference).toBeDefined()
    }
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map((operation) => (operation as unknown as Json).operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
    const validate = ajv.getSchema('openapi#/components/schemas/Reservation')
    expect(validate?.({ reservationId: 'nonsense' })).toBe(false)
  })

  test('knows every call of the public contract', () => {
    const known = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(known.sort()).toEqual(
      [
        'DELETE /v1/reservations/{reservationId}',
        'GET /',
        'GET /assets/{file}',
        'GET /asyncapi.json',
        'GET /livez',
        'GET /metrics',
        'GET /openapi.json',
        'GET /readyz',
        'GET /v1/reservations/{reservationId}',
        'GET /v1/shows',
        'GET /v1/shows/{showId}',
        'GET /v1/shows/{showId}/seats',
        'GET /v1/tickets/{ticketId}',
        'POST /v1/reservations/{reservationId}/checkout',
        'POST /v1/reservations/{reservationId}/extend',
        'POST /v1/sessions',
        'POST /v1/shows',
        'POST /v1/shows/{showId}/reservations',
      ].sort(),
    )
  })

  test('describes every answer of a purchase as it is', async () => {
    const { token } = await guest(edge)
    const { showId } = await newShow(edge)
    const inShow = { params: { showId } }
    await checked('POST', '/v1/sessions', { body: {} })
    await checked('GET', '/v1/shows')
    await checked('GET', '/v1/shows/{showId}', inShow)
    await checked('GET', '/v1/shows/{showId}/seats', inShow)
    await checked('GET', '/v1/shows/{showId}/seats', {
      ...inShow,
      headers: { accept: 'application/octet-stream' },
    })
    const held = await checked('POST', '/v1/shows/{showId}/reservations', {
      ...inShow,
      token,
      key: newKey(),
      body: body(['A-1-1']),
    })
    const reservation = held.body as Reservation
    const ofIt = { params: { reservationId: reservation.reservationId }, token }
    await checked('POST', '/v1/reservations/{reservationId}/extend', { ...ofIt, body: {} })
    const paid = { ...ofIt, key: newKey(), body: { payment: { token: 'tok_ok' } } }
    await checked('POST', '/v1/reservations/{reservationId}/checkout', paid)
    await checked('GET', '/v1/reservations/{reservationId}', ofIt)
    await confirm(edge, reservation)
    const confirmed = await checked('GET', '/v1/reservations/{reservationId}', ofIt)
    expect(confirmed.body).toMatchObject({ status: 'confirmed' })
    const ticketId = ticketIdOf(reservation.reservationId, 1)
    await checked('GET', '/v1/tickets/{ticketId}', { params: { ticketId }, token })
    const other = await holdOf(edge, showId, token, ['A-1-2'])
    const params = { reservationId: other.reservationId }
    const released = await checked('DELETE', '/v1/reservations/{reservationId}', { params, token })
    expect(released.status).toBe(204)
  })

  test('describes what the machines read', async () => {
    for (const path of ['/', '/livez', '/readyz', '/metrics', '/openapi.json', '/asyncapi.json']) {
      expect((await checked('GET', path)).status).toBe(200)
    }
  })

  test('describes every refusal', async () => {
    const { token } = await guest(edge)
    const { showId, ...show } = await newShow(edge, {
      policy: { seatsPerHoldMax: 2, seatsPerBuyerMax: 2 },
    })
    const { total: _, ...definition } = show
    const admin = { token: edge.adminToken }
    const refused: [number, string, Promise<{ status: number; body: unknown }>][] = []
    const expectThat = (
      status: number,
      code: string,
      ...request: Parameters<typeof checked>
    ): void => {
      refused.push([status, code, checked(...request)])
    }
    const holds = ['POST', '/v1/shows/{showId}/reservations'] as const
    const hold = (seatIds: string[], key: string = newKey()) =>
      [...holds, { params: { showId }, token, key, body: body(seatIds) }] as const
    const held = await holdOf(edge, showId, token, ['A-1-1'])
    const paying = await holdOf(edge, showId, token, ['A-1-2'])
    await checkOutOf(edge, paying.reservationId, token)
    const params = { reservationId: paying.reservationId }
    expectThat(401, 'unauthenticated', ...holds, { params: { showId }, body: {} })
    expectThat(400, 'bad-request', ...holds, { params: { showId }, token, body: {} })
    expectThat(400, 'idempotency-key-missing', ...holds, {
      params: { showId },
      token,
      body: body(['A-1-3']),
    })
    expectThat(404, 'not-found', ...holds, { token, key: newKey(), body: body(['A-1-3']) })
    expectThat(422, 'unknown-seat', ...hold(['Z-1-1']))
    expectThat(422, 'duplicate-seats', ...hold(['A-1-3', 'A-1-3']))
    expectThat(422, 'too-many-seats', ...hold(['A-1-3', 'A-1-4', 'A-1-5']))
    expectThat(422, 'buyer-limit', ...hold(['A-1-3']))
    expectThat(409, 'seats-taken', ...hold(['A-1-1']))
    expectThat(413, 'body-too-large', ...hold(['x'.repeat(17_000)]))
    expectThat(409, 'wrong-state', 'DELETE', '/v1/reservations/{reservationId}', { params, token })
    expectThat(404, 'not-found', 'GET', '/v1/reservations/{reservationId}', { token })
    expectThat(404, 'not-found', 'GET', '/v1/tickets/{ticketId}', { token })
    expectThat(404, 'not-found', 'GET', '/v1/shows/{showId}')
    expectThat(403, 'forbidden', 'POST', '/v1/shows', { token, body: {} })
    expectThat(400, 'bad-request', 'POST', '/v1/shows', { ...admin, body: {} })
    expectThat(409, 'show-exists', 'POST', '/v1/shows', {
      ...admin,
      body: { ...definition, showId, name: 'Other' },
    })
    for (const [status, code, answer] of refused) {
      expect(await answer).toMatchObject({ status, body: { status, code } })
    }
    expect(held.status).toBe('held')
  })
})

test('the page at / is small, says where to go on, and allows nothing', async () => {
  const response = await fetch(`${edge.url}/`)
  const text = await response.text()
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const policy = response.headers.get('content-security-policy') as string
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/unsafe|\*/)
  expect(text.length).toBeLessThan(4_000)
  for (const [, path] of text.matchAll(/href="([^"]+)"/g)) {
    expect((await fetch(edge.url + path)).status, path).toBe(200)
  }
})
