import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { headerOf, RawConnection } from './connection.ts'

let server: Server
let connection: RawConnection
let answer: (response: ServerResponse) => void
const paths: string[] = []
/** Long enough for the two pieces to be read apart. */
const PIECE_LATER_MS = 30

beforeEach(async () => {
  server = createServer((request, response) => {
    paths.push(request.url ?? '')
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  connection = new RawConnection({ host: '127.0.0.1', port })
})

afterEach(async () => {
  connection.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const ask = (path = '/') => connection.ask(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)

describe('RawConnection', () => {
  it('tells status, headers and body, and asks again on the same connection', async () => {
    answer = (response) => {
      response.writeHead(503, { 'retry-after': '2', 'content-length': 5 }).end('later')
    }
    const first = await ask('/first')
    expect(first.status).toBe(503)
    expect(headerOf(first.text, 'retry-after')).toBe('2')
    expect(headerOf(first.text, 'location')).toBe('')
    expect(first.text.endsWith('\r\n\r\nlater')).toBe(true)
    await ask('/second')
    expect(paths.slice(-2)).toEqual(['/first', '/second'])
  })

  it('waits for a body that comes in pieces', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-length': 6 })
      response.write('one')
      setTimeout(() => response.end('two'), PIECE_LATER_MS)
    }
    const { text } = await ask()
    expect(text.endsWith('onetwo')).toBe(true)
  })

  it('reads a chunked body to its end', async () => {
    answer = (response) => {
      response.writeHead(200)
      response.write('one')
      setTimeout(() => response.end('two'), PIECE_LATER_MS)
    }
    const { text } = await ask()
    expect(text).toContain('two')
    expect(text.endsWith('0\r\n\r\n')).toBe(true)
  })

  it('knows that an answer without a length has no body', async () => {
    answer = (response) => {
      response.writeHead(204).end()
    }
    expect((await ask()).status).toBe(204)
  })

  it('answers status 0 for a lost connection, and opens a new one', async () => {
    answer = (response) => response.destroy()
    expect((await ask()).status).toBe(0)
    answer = (response) => {
      response.writeHead(200, { 'content-length': 0 }).end()
    }
    expect((await ask()).status).toBe(200)
  })
})
