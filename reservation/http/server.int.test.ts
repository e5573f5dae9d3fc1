import { connect, type Socket } from 'node:net'
import { Type } from '@sinclair/typebox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OperationalError } from '../../platform/errors.ts'
import { freePort } from '../../platform/infra/ports.ts'
import { createLog } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { Admissions } from './auth/admissions.ts'
import { RateLimiter } from './auth/rateLimiter.ts'
import { localKeys, TokenVerifier } from './auth/tokens.ts'
import { json } from './reply.ts'
import { type Call, type Route, route } from './route.ts'
import { HttpServer, type HttpServerOptions } from './server.ts'

const document = { operationId: 'x', summary: '', tag: 'system', answers: {} } as const
const BYTES_MAX = 1_000

/** What the handler of /held is told to do, by the tests that hold a request open. */
let released: () => void = () => {}
let holding: Promise<void> = Promise.resolve()
let lastCall: Call | null = null

const routes: Route[] = [
  route({
    method: 'POST',
    path: '/echo',
    access: 'public',
    headers: ['x-name'],
    body: { schema: Type.Object({}), bytesMax: BYTES_MAX },
    document,
    handle: (call) => {
      lastCall = call
      return json(200, { body: call.body, name: call.headers['x-name'] })
    },
  }),
  route({
    method: 'GET',
    path: '/things/{kind}/{id}',
    access: 'public',
    document,
    handle: ({ params }) => json(200, params),
  }),
  route({
    method: 'GET',
    path: '/held',
    access: 'public',
    document,
    handle: async () => {
      await holding
      return json(200, { held: true })
    },
  }),
  route({
    method: 'GET',
    path: '/bug',
    access: 'public',
    document,
    handle: () => {
      throw new TypeError('a secret about the inside')
    },
  }),
  route({
    method: 'GET',
    path: '/away',
    access: 'public',
    document,
    handle: async () => {
      throw new OperationalError('SQL_UNAVAILABLE', { retriable: true, detail: 'at 10.0.0.7' })
    },
  }),
  route({
    method: 'GET',
    path: '/bytes',
    access: 'public',
    document,
    handle: () => ({
      status: 200,
      contentType: 'application/octet-stream',
      body: new Uint8Array([0, 255, 7]),
    }),
  }),
]

function build(more: Partial<HttpServerOptions> = {}) {
  const metrics = new Metrics()
  const tokens = new TokenVerifier({
    keys: localKeys([]),
    rules: { algorithm: 'EdDSA', issuer: 'i', audience: 'a' },
  })
  const server = new HttpServer({
    host: '127.0.0.1',
    port: 0,
    isPortShared: false,
    routes,
    admissions: new Admissions({ tokens, limiter: new RateLimiter(0) }),
    log: createLog('test', 'silent'),
    metrics,
    onDrain: () => {},
    ...more,
  })
  return { server, metrics }
}

let server: HttpServer
let metrics: Metrics
let url: string

beforeAll(async () => {
  ;({ server, metrics } = build({ bodyMsMax: 300 }))
  await server.start()
  url = `http://127.0.0.1:${server.port}`
})

afterAll(() => server.stop())

/** A connection of our own making, for what no HTTP client would send. */
async function open(port = server.port): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, received: () => text }
}

const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(`${url}/echo`, { method: 'POST', body, headers })
const underWay = async (of: Metrics = metrics) =>
  Number(/^holdfast_http_requests_under_way (\d+)/m.exec(await of.registry.metrics())?.[1])

describe('paths and methods', () => {
  test('a path that nobody serves is 404, as a problem', async () => {
    for (const path of ['/nowhere', '/things', '/things/a', '/things/a/b/c', '/echo/', '//echo']) {
      const response = await fetch(url + path)
      expect(response.status).toBe(404)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ code: 'not-found', status: 404 })
    }
  })

  test('a method that a path does not take is 405, with those that it takes', async () => {
    for (const [method, path, allow] of [
      ['GET', '/echo', 'OPTIONS, POST'],
      ['PATCH', '/echo', 'OPTIONS, POST'],
      ['POST', '/things/a/b', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const response = await fetch(url + path, { method })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe(allow)
      expect(await response.json()).toMatchObject({ code: 'method-not-allowed' })
    }
  })

  test('OPTIONS tells the methods, and no other origin that it may call', async () => {
    const response = await fetch(`${url}/things/a/b`, {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example' },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  })

  test('HEAD has the headers of GET and no body', async () => {
    const head = await fetch(`${url}/things/a/b`, { method: 'HEAD' })
    const get = await fetch(`${url}/things/a/b`)
    const body = await get.text()
    expect(body).toBe('["a","b"]')
    expect(head.status).toBe(200)
    expect(head.headers.get('content-length')).toBe(String(body.length))
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    expect(await head.text()).toBe('')
    expect((await fetch(`${url}/nowhere`, { method: 'HEAD' })).status).toBe(404)
  })

  test('bytes are sent as they are', async () => {
    const response = await fetch(`${url}/bytes`)
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 7])
  })
})

describe('what a handler is given', () => {
  test('the headers it named, and nothing where there is none', async () => {
    expect(await (await post('{"a":1}', { 'x-name': 'n' })).json()).toEqual({
      body: { a: 1 },
      name: 'n',
    })
    expect(await (await post('{}')).json()).toEqual({ body: {}, name: '' })
  })

  test('the trace context of the caller, when it is well formed', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await (await post('{}', { traceparent })).json()
    expect(lastCall?.traceparent).toBe(traceparent)
    for (const bad of ['', 'nonsense', `${traceparent}-more`, traceparent.toUpperCase()]) {
      await (await post('{}', { traceparent: bad })).json()
      expect(lastCall?.traceparent).toBeUndefined()
    }
  })
})

describe('faults', () => {
  test('a bug is 500 and tells nothing of the inside', async () => {
    const response = await fetch(`${url}/bug`)
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'internal' })
    expect(text).not.toMatch(/secret|at |\.ts/)
  })

  test('a dependency that is down is 503, and says when to come again', async () => {
    const response = await fetch(`${url}/away`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'unavailable' })
    expect(text).not.toContain('10.0.0.7')
  })
})

describe('bodies', () => {
  const ofBytes = (bytes: number) => JSON.stringify({ a: 'x'.repeat(bytes - 8) })

  test('may have as many bytes as the limit, and not one more', async () => {
    expect((await post(ofBytes(BYTES_MAX))).status).toBe(200)
    const refused = await post(ofBytes(BYTES_MAX + 1))
    expect(refused.status).toBe(413)
    expect(await refused.json()).toMatchObject({ code: 'body-too-large', status: 413 })
  })

  test('that are far too large get their answer, too, and the connection may go on', async () => {
    const refused = await post(Buffer.alloc(5_000_000, 0x20))
    expect(refused.status).toBe(413)
    await refused.json()
    expect((await post('{}')).status).toBe(200)
  })

  test('of unknown length end at the limit', async () => {
    const { socket, received } = await open()
    socket.write('POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const feed = setInterval(() => socket.write(`400\r\n${'x'.repeat(0x400)}\r\n`), 1)
    await closed
    clearInterval(feed)
    expect(received()).toMatch(/^HTTP\/1.1 413 /)
  })

  test('in several pieces are put together', async () => {
    const { socket, received } = await open()
    const body = JSON.stringify({ text: '큰 밤 🎭'.repeat(20) })
    const bytes = Buffer.from(body)
    socket.write(`POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`)
    for (let at = 0; at < bytes.length; at += 7) {
      socket.write(bytes.subarray(at, at + 7))
      await new Promise(setImmediate)
    }
    await waitFor('the answer', () => received().includes('"name"'))
    expect(Buffer.from(received(), 'latin1').toString()).toContain(body)
    socket.destroy()
  })

  test('that never end are cut off with 408 after their time', async () => {
    const { socket, received } = await open()
    socket.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{')
    const trickle = setInterval(() => socket.write(' '), 20)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(trickle)
    expect(received()).toMatch(/^HTTP\/1.1 408 /)
    expect(received()).toContain('"code":"request-timeout"')
    expect(await underWay()).toBe(0)
  })

  test('may be absent, and then are an empty object', async () => {
    const response = await fetch(`${url}/echo`, { method: 'POST' })
    expect(await response.json()).toMatchObject({ body: {} })
  })
})

describe('clients that go away', () => {
  test('before, during and after every kind of answer leave the server as it was', async () => {
    holding = new Promise((resolve) => {
      released = resolve
    })
    const requests = [
      'GET /held HTTP/1.1\r\nHost: x\r\n\r\n',
      'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"a":',
      'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}',
      'GET /bug HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /away HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /he',
    ]
    for (let round = 0; round < 20; round++) {
      const sockets = await Promise.all(requests.map(() => open()))
      for (const [at, { socket }] of sockets.entries()) {
        socket.write(requests[at] as string)
        // Some leave at once and rudely, some after the server has seen them.
        if (round % 2 === 0) socket.resetAndDestroy()
      }
      await new Promise(setImmediate)
      for (const { socket } of sockets) socket.destroy()
    }
    released()
    await waitFor('every request to be over', async () => (await underWay()) === 0)
    expect((await fetch(`${url}/held`)).status).toBe(200)
  })

  test('are told to the handler that waits for them', async () => {
    let aborts = 0
    const { server: own, metrics: figures } = build({
      routes: [
        route({
          method: 'GET',
          path: '/wait',
          access: 'public',
          document,
          handle: (call) =>
            new Promise((resolve) => {
              call.onAborted(() => {
                aborts += 1
                resolve(json(200, {}))
              })
            }),
        }),
      ],
    })
    await own.start()
    const { socket } = await open(own.port)
    socket.write('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
    await waitFor('the request to be under way', async () => (await underWay(figures)) === 1)
    socket.destroy()
    await waitFor('the handler to hear of it', () => aborts === 1)
    await own.stop()
  })
})

describe('starting and stopping', () => {
  test('a port that is taken is a failed start, also by another of us', async () => {
    const { server: second } = build({ port: server.port })
    await expect(second.start()).rejects.toMatchObject({ code: 'STARTUP_FAILED' })
  })

  test('two servers may share a port when both are told to', async () => {
    const port = await freePort()
    const first = build({ isPortShared: true, port }).server
    await first.start()
    const second = build({ isPortShared: true, port }).server
    await second.start()
    await expect(build({ port }).server.start()).rejects.toMatchObject({ code: 'STARTUP_FAILED' })
    await second.stop()
    expect((await fetch(`http://127.0.0.1:${port}/bytes`)).status).toBe(200)
    await first.stop()
  })

  test('a stop answers what is under way and takes no new connection', async () => {
    let drained = false
    const { server: own, metrics: figures } = build({
      onDrain: () => {
        drained = true
      },
    })
    await own.start()
    const { port } = own
    holding = new Promise((resolve) => {
      released = resolve
    })
    const answer = fetch(`http://127.0.0.1:${port}/held`)
    const kept = await open(port)
    kept.socket.write('GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
    await waitFor('both to be under way', async () => (await underWay(figures)) === 2)
    const stopped = own.stop()
    expect(drained).toBe(true)
    await expect(fetch(`http://127.0.0.1:${port}/bytes`)).rejects.toThrow()
    released()
    expect(await (await answer).json()).toEqual({ held: true })
    await stopped
    await waitFor('the other answer', () => kept.received().includes('{"held":true}'))
    expect(kept.received()).toMatch(/^connection: close/im)
    await own.stop()
  })
})

test('requests are counted by route and status, in the text that Prometheus reads', async () => {
  await fetch(`${url}/bytes`)
  const text = await metrics.registry.metrics()
  expect(text).toContain('# TYPE holdfast_http_request_seconds histogram')
  expect(text).toMatch(
    /^holdfast_http_request_seconds_count\{route="GET \/bytes",status="200"\} [1-9]/m,
  )
  expect(text).toMatch(
    /^holdfast_http_request_seconds_bucket\{le="\+Inf",route="GET \/bytes",status="200"\} [1-9]/m,
  )
})
