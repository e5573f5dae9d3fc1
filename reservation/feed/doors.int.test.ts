import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest'
import { FEED_PATH, FEED_PROTOCOL, FRAME_BYTES_MAX } from '../../contracts/feed.ts'
import type { Session } from '../../contracts/http.ts'
import type { Problem } from '../../contracts/problem.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { type Edge, type EdgeOptions, guest, holdOf, startEdge } from '../testing/edge.ts'
import { mapFrom, rowOf, seatAt, type Tap, type TapOptions, tap } from '../testing/feedTap.ts'
import { startRelay } from '../testing/relay.ts'

let edge: Edge
let buyer: Session
const open: Tap[] = []
const started: Edge[] = []

beforeAll(async () => {
  edge = await startEdge()
  buyer = await guest(edge)
})
afterAll(() => edge.stop())
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
  for (const one of started.splice(0)) await one.stop()
})

async function connect(to: { url: string } = edge, options: TapOptions = {}): Promise<Tap> {
  const one = await tap(to, options)
  open.push(one)
  return one
}

/** An edge with limits of its own, on the stores of the shared one. */
async function another(options: EdgeOptions): Promise<Edge> {
  const { redisUrl, db, issuer } = edge
  const one = await startEdge({ redisUrl, db, issuer, ...options })
  started.push(one)
  return one
}

interface Handshake {
  status: number
  headers: Map<string, string>
  body: string
}

/** A WebSocket handshake by hand; answers what an HTTP client would see. */
async function shakeHands(to: Edge, headers: Record<string, string>): Promise<Handshake> {
  const socket = connectTcp(to.server.port, '127.0.0.1')
  const closed = once(socket, 'close')
  const key = randomBytes(16).toString('base64')
  const lines = {
    Host: `127.0.0.1:${to.server.port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
    ...headers,
  }
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${FEED_PATH} HTTP/1.1\r\n${head.join('')}\r\n`)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  const hasAll = () =>
    text.includes('\r\n\r\n') && (text.includes(' 101 ') || text.includes('"code"'))
  await waitFor('the handshake to be answered', hasAll)
  socket.destroy()
  await closed
  const [top = '', body = ''] = text.split('\r\n\r\n')
  const [first = '', ...rest] = top.split('\r\n')
  const pairs = rest.map((line) => line.split(': ') as [string, string])
  if (first.includes(' 101 ')) {
    const magic = `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(magic).digest('base64')
    expect(new Map(pairs).get('Sec-WebSocket-Accept')).toBe(accept)
  }
  return { status: Number(first.split(' ')[1]), headers: new Map(pairs), body }
}

const codeOf = ({ body }: Handshake) => (JSON.parse(body) as Problem).code
const figure = async (of: Edge, name: string) => {
  const pattern = new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)`, 'm')
  return Number(pattern.exec(await of.metrics.registry.metrics())?.[1] ?? 0)
}
const closes = (of: Edge, code: number) => figure(of, `holdfast_feed_closes_total{code="${code}"}`)

describe('who may come in', () => {
  test('by default pages of the same host, and whoever is no browser', async () => {
    const own = `127.0.0.1:${edge.server.port}`
    const statusOf = async (headers: Record<string, string>) =>
      (await shakeHands(edge, headers)).status
    expect(await statusOf({})).toBe(101)
    expect(await statusOf({ Origin: `http://${own}` })).toBe(101)
    expect(await statusOf({ Origin: 'https://seats.example', Host: 'seats.example' })).toBe(101)
    for (const origin of [
      'https://evil.example',
      `http://127.0.0.1:${edge.server.port + 1}`,
      `http://${own}.evil.example`,
      'null',
      'file://',
    ]) {
      const refused = await shakeHands(edge, { Origin: origin })
      expect([refused.status, codeOf(refused)]).toEqual([403, 'forbidden'])
    }
  })

  test('with ALLOWED_ORIGINS pages of those, and no others', async () => {
    const picky = await another({ feed: { allowedOrigins: ['https://seats.example'] } })
    const own = `http://127.0.0.1:${picky.server.port}`
    expect((await shakeHands(picky, { Origin: 'https://seats.example' })).status).toBe(101)
    expect((await shakeHands(picky, { Origin: 'http://seats.example' })).status).toBe(403)
    expect((await shakeHands(picky, { Origin: own })).status).toBe(403)
    expect(await figure(picky, 'holdfast_feed_refusals_total{code="forbidden"}')).toBe(2)
  })

  test('the server selects its subprotocol, and does not know others', async () => {
    const selected = async (offered: string) => {
      const { status, headers } = await shakeHands(edge, { 'Sec-WebSocket-Protocol': offered })
      return [status, headers.get('Sec-WebSocket-Protocol')]
    }
    expect(await selected(`bearer.${buyer.token}, ${FEED_PROTOCOL}`)).toEqual([101, FEED_PROTOCOL])
    expect(await selected('holdfast.v2')).toEqual([400, undefined])
  })

  test('no more than may be connected, in all and by customer', async () => {
    const small = await another({ feed: { connectionsMax: 3, connectionsPerCustomerMax: 1 } })
    const protocol = { 'Sec-WebSocket-Protocol': `${FEED_PROTOCOL}, bearer.${buyer.token}` }
    await connect(small, buyer)
    const second = await shakeHands(small, protocol)
    expect([second.status, codeOf(second)]).toEqual([429, 'rate-limited'])
    expect(second.headers.get('Retry-After')).toBe('1')
    await connect(small)
    const last = await connect(small)
    const full = await shakeHands(small, {})
    expect([full.status, codeOf(full)]).toEqual([503, 'unavailable'])
    await last.close()
    await waitFor('room', async () => (await shakeHands(small, {})).status === 101)
  })
})

describe('tokens', () => {
  test('a bad one closes 4401', async () => {
    const foreign = await startEdge({ redisUrl: edge.redisUrl, db: edge.db })
    started.push(foreign)
    for (const token of ['nonsense', `${buyer.token}x`, (await guest(foreign)).token]) {
      expect(await (await connect(edge, { token })).closed()).toBe(4401)
    }
  })

  test('an expired one closes 4401, and so does one that expires later', async () => {
    const issue = (ttlMs: number) =>
      edge.issuer.issue({ customerId: 'c-1', ttlMs, nowMs: Date.now() })
    const expired = await issue(-5_000)
    expect(await (await connect(edge, expired)).closed()).toBe(4401)
    const short = await issue(2_000)
    const one = await connect(edge, short)
    await one.ask({ op: 'ping' }, 'pong')
    expect(await one.closed()).toBe(4401)
    expect(Date.now()).toBeGreaterThanOrEqual(short.expiresMs)
    expect(Date.now()).toBeLessThan(short.expiresMs + 1_500)
  })

  test('without one the map is readable and commands are refused', async () => {
    const show = await rowOf(edge, 10)
    const one = await connect()
    await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
    const hold = { op: 'hold', id: 'k1', showId: show.showId, seatIds: [seatAt(1)] }
    expect(await one.ask(hold, 'error')).toMatchObject({
      id: 'k1',
      problem: { code: 'unauthenticated', status: 401 },
    })
  })
})

describe('what is no frame', () => {
  test.each([
    ['no JSON', 'hello'],
    ['no object', '[]'],
    ['null', 'null'],
    ['no op', '{"showId":"s"}'],
    ['an op that is none', '{"op":"dance"}'],
    ['an op of the prototype', '{"op":"toString"}'],
    ['an op that is not text', '{"op":["ping"]}'],
    ['a subscription without a show', '{"op":"subscribe"}'],
    ['a subscription since a number', '{"op":"subscribe","showId":"s","since":7}'],
    ['a prototype', '{"op":"ping","__proto__":{"op":"hold"}}'],
    ['a name that comes twice', '{"op":"ping","op":"hold"}'],
    ['deep nesting', `{"op":"hold","seatIds":${'['.repeat(50)}${']'.repeat(50)}}`],
    ['more than a frame may have', JSON.stringify({ op: 'ping', x: 'x'.repeat(FRAME_BYTES_MAX) })],
  ])('%s closes 4400', async (_, text) => {
    const one = await connect(edge, buyer)
    one.send(text)
    expect(await one.closed()).toBe(4400)
  })

  test('binary messages close 4400', async () => {
    const one = await connect()
    one.socket.send(Buffer.from('{"op":"ping"}'))
    expect(await one.closed()).toBe(4400)
  })

  test('far too much is cut off, and the server goes on', async () => {
    const one = await connect()
    one.send('x'.repeat(1_000_000))
    expect([1006, 1009]).toContain(await one.closed())
    await (await connect()).ask({ op: 'ping' }, 'pong')
  })
})

describe('too much', () => {
  test('messages close 4429, after a burst that is allowed', async () => {
    const strict = await another({ feed: { messagesPerSMax: 20 } })
    const one = await connect(strict)
    for (let n = 0; n < 19; n++) one.send({ op: 'ping' })
    await waitFor('the answers', () => one.frames.length === 19)
    for (let n = 0; n < 50; n++) one.send({ op: 'ping' })
    expect(await one.closed()).toBe(4429)
    expect(await closes(strict, 4429)).toBe(1)
  })

  test('shows for one connection are refused, and it goes on with those it has', async () => {
    const shows = await Promise.all(Array.from({ length: 17 }, () => rowOf(edge, 4)))
    const one = await connect()
    for (const { showId } of shows) one.send({ op: 'subscribe', showId })
    const { showId, problem } = await one.next('error')
    expect([showId, problem.code]).toEqual([shows[16]?.showId, 'bad-request'])
    expect(one.frames.filter(({ op }) => op === 'snapshot')).toHaveLength(16)
    const [first] = shows
    await one.ask({ op: 'unsubscribe', showId: first?.showId }, 'unsubscribed')
    await one.ask({ op: 'subscribe', showId }, 'snapshot')
  })
})

describe('a connection that does not read', () => {
  it('is closed with 4408 behind what it was sent, and misses nothing when it comes back', async () => {
    const show = await rowOf(edge, 200_000)
    const relay = await startRelay(edge.url)
    const slow = await connect(relay)
    const { showId } = show
    await slow.ask({ op: 'subscribe', showId }, 'snapshot')
    const before = await closes(edge, 4408)
    relay.hold()
    // Each answer is a map of 67 kB: soon more than the lines hold on their way.
    await waitFor('the server to have had enough', async () => {
      for (let n = 0; n < 8 && slow.closeCode === null; n++) slow.send({ op: 'subscribe', showId })
      return (await closes(edge, 4408)) > before
    })
    const { version } = await holdOf(edge, showId, buyer.token, [seatAt(9)])
    relay.letGo()
    expect(await slow.closed()).toBe(4408)
    const map = mapFrom(slow.frames)
    const again = await connect()
    again.send({ op: 'subscribe', showId, since: map.version })
    await waitFor('what it missed', () => again.frames.length === 2)
    for (const frame of again.frames) map.apply(frame)
    expect([map.version, map.states[8]]).toEqual([version, 1])
    await relay.stop()
  })
})

describe('a stop', () => {
  it('answers the commands that are under way, and then closes with 1001', async () => {
    const ending = await another({})
    const show = await rowOf(ending, 10)
    const one = await connect(ending, buyer)
    await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
    const sentBefore = ending.commandsSent()
    await edge.redis.call('CLIENT', 'PAUSE', 300)
    one.send({ op: 'hold', id: 'k-last', showId: show.showId, seatIds: [seatAt(1)] })
    await waitFor('the hold to be under way', () => ending.commandsSent() > sentBefore)
    expect(one.frames.map(({ op }) => op)).toEqual(['snapshot'])
    started.splice(started.indexOf(ending), 1)
    await ending.stop()
    expect(await one.closed()).toBe(1001)
    const answer = one.frames.find((frame) => frame.op === 'reservation' && frame.id === 'k-last')
    expect(answer).toMatchObject({ reservation: { status: 'held' } })
  })
})
