import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Edge, startEdge } from '../testing/edge.ts'

const HTML = '<!doctype html><title>The page</title>'
const SCRIPT = 'console.log("a part of the page")'

let folder: string
let edge: Edge

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), HTML)
  writeFileSync(join(folder, 'assets/main-1a2b.js'), SCRIPT)
  writeFileSync(join(folder, 'secret.txt'), 'not a part of the page')
  edge = await startEdge({ pageFolder: folder })
})

afterAll(async () => {
  await edge.stop()
  rmSync(folder, { recursive: true, force: true })
})

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(edge.url + path, { headers: { 'accept-encoding': 'identity', ...headers } })

describe('the page at /', () => {
  test('is what the build left, under a policy that allows nothing but itself', async () => {
    const response = await get('/')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toBe(HTML)
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/unsafe|https?:|\*|data:/)
    expect(response.headers.get('cache-control')).toBe('no-cache')
  })

  test('answers a query, as links from elsewhere carry', async () => {
    expect(await (await get('/?utm_source=mail')).text()).toBe(HTML)
  })

  test('has parts that are fresh for ever', async () => {
    const response = await get('/assets/main-1a2b.js')
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(await response.text()).toBe(SCRIPT)
  })

  test.each(['/', '/assets/main-1a2b.js'])('answers 304 to who has it (%s)', async (path) => {
    const etag = (await get(path)).headers.get('etag') as string
    expect((await get(path, { 'if-none-match': etag })).status).toBe(304)
    expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200)
  })

  test('is sent compressed to who takes gzip, and to nobody else', async () => {
    const { port } = new URL(edge.url)
    const { request } = await import('node:http')
    const raw = (encoding: string) =>
      new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
        const headers = { 'accept-encoding': encoding }
        const sent = request({ port, host: '127.0.0.1', path: '/', headers }, (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () =>
            resolve({
              encoding: response.headers['content-encoding'],
              body: Buffer.concat(chunks),
            }),
          )
        })
        sent.on('error', reject)
        sent.end()
      })
    const packed = await raw('gzip, deflate, br')
    expect(packed.encoding).toBe('gzip')
    expect(gunzipSync(packed.body).toString()).toBe(HTML)
    for (const encoding of ['identity', 'br', 'gzip;q=0', 'gzip; q=0.0, br']) {
      const plain = await raw(encoding)
      expect(plain.encoding).toBeUndefined()
      expect(plain.body.toString()).toBe(HTML)
    }
  })

  test.each(['/assets/nothing.js', '/assets/..%2Fsecret.txt', '/assets/', '/secret.txt'])(
    'has no other files: 404 for %s',
    async (path) => {
      expect((await get(path)).status).toBe(404)
    },
  )

  test('says what this server is where nothing was built', async () => {
    const bare = await startEdge()
    try {
      const text = await (await fetch(bare.url)).text()
      expect(text).toContain('npm run build')
      expect(text).toContain('/openapi.json')
    } finally {
      await bare.stop()
    }
  })
})
