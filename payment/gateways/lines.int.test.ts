import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Lines } from './lines.ts'

const CALL_MS_MAX = 300
const call = { path: '/v1/charges', headers: { 'idempotency-key': 'k' }, body: '{}' }
const respond = (body: string, length = body.length) =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n${body}`

/** What the server does with each request, by connection; the default is to answer. */
let onRequest: (socket: Socket, request: number) => void
let server: Server
let lines: Lines
let connections: number
let sockets: Set<Socket>
let port: number

beforeEach(async () => {
  connections = 0
  let requests = 0
  sockets = new Set()
  onRequest = (socket) => socket.write(respond('fine'))
  server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', () => {
      requests += 1
      onRequest(socket, requests)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  lines = new Lines({ origin: `http://127.0.0.1:${port}`, callMsMax: CALL_MS_MAX })
})

afterEach(async () => {
  await lines.close()
  await closeServer()
})

async function closeServer(): Promise<void> {
  for (const socket of sockets) socket.destroy()
  if (server.listening) await new Promise((resolve) => server.close(resolve))
}

describe('a call', () => {
  it('answers status and body', async () => {
    expect(await lines.post(call)).toEqual({ type: 'answer', status: 200, body: 'fine' })
  })

  it('was not sent when nobody listens', async () => {
    await closeServer()
    expect(await lines.post(call)).toMatchObject({ type: 'not_sent' })
  })

  it('has no answer when the connection ends before it', async () => {
    onRequest = (socket) => socket.destroy()
    expect(await lines.post(call)).toMatchObject({ type: 'no_answer' })
  })

  it('has no answer when only half of it comes', async () => {
    onRequest = (socket) => socket.end(respond('fine', 10))
    expect(await lines.post(call)).toMatchObject({ type: 'no_answer' })
  })

  it('has no answer when it is not HTTP', async () => {
    onRequest = (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n\r\n')
    expect(await lines.post(call)).toMatchObject({ type: 'no_answer' })
  })

  it('has no answer when none comes in time, nor when it trickles for ever', async () => {
    onRequest = () => undefined
    expect(await lines.post(call)).toMatchObject({
      type: 'no_answer',
      detail: expect.stringContaining(`${CALL_MS_MAX} ms`),
    })
    onRequest = (socket) => {
      socket.write(respond('', 1_000))
      const timer = setInterval(() => socket.write('.'), 20)
      socket.on('close', () => clearInterval(timer))
    }
    expect(await lines.post(call)).toMatchObject({ type: 'no_answer' })
  })

  it('has no answer when it is longer than any answer may be', async () => {
    onRequest = (socket) => socket.write(respond('x'.repeat(100_000)))
    expect(await lines.post(call)).toMatchObject({ type: 'no_answer' })
  })
})

describe('lines', () => {
  it('are kept, one call at a time on each', async () => {
    await Promise.all([lines.post(call), lines.post(call), lines.post(call)])
    expect(connections).toBe(3)
    for (let count = 0; count < 5; count += 1) await lines.post(call)
    expect(connections).toBe(3)
  })

  it('work again after a call that failed', async () => {
    onRequest = (socket, request) =>
      request === 1 ? socket.destroy() : socket.write(respond('again'))
    expect(await lines.post(call)).toMatchObject({ type: 'no_answer' })
    expect(await lines.post(call)).toMatchObject({ type: 'answer', body: 'again' })
  })

  it('never send a request twice by themselves', async () => {
    let requests = 0
    onRequest = (socket) => {
      requests += 1
      socket.destroy()
    }
    await lines.post(call)
    await lines.post(call)
    expect(requests).toBe(2)
  })
})
