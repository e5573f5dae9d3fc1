import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { HealthServer, ROUTE_BODY_BYTES_MAX } from './health.ts'
import { createLog } from './log.ts'
import { Metrics } from './metrics.ts'

const log = createLog('test', 'silent')
const running: HealthServer[] = []

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
})

type Options = Partial<ConstructorParameters<typeof HealthServer>[0]>

async function serving(options: Options = {}) {
  const metrics = new Metrics()
  const server = new HealthServer({ port: 0, checks: {}, metrics, log, ...options })
  await server.start()
  running.push(server)
  const url = `http://127.0.0.1:${server.port}`
  return { server, metrics, get: (path: string, init?: RequestInit) => fetch(url + path, init) }
}

describe('the health server', () => {
  it('is alive and ready when every check passes', async () => {
    const { get } = await serving({ checks: { a: () => ({ ok: true }) } })
    expect((await get('/livez')).status).toBe(200)
    const ready = await get('/readyz')
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, failing: {} }])
  })

  it('is alive but not ready, and names each failing check with its reason', async () => {
    const checks = {
      good: () => ({ ok: true }),
      lag: () => ({ ok: false, detail: 'stuck for 30 s' }),
      sql: async () => {
        throw new Error('SQL_UNAVAILABLE')
      },
      slow: () => new Promise<never>(() => undefined),
    }
    const { get } = await serving({ checks })
    expect((await get('/livez')).status).toBe(200)
    const ready = await get('/readyz')
    expect(ready.status).toBe(503)
    expect(await ready.json()).toEqual({
      ready: false,
      failing: { lag: 'stuck for 30 s', sql: 'SQL_UNAVAILABLE', slow: 'no answer in time' },
    })
  })

  it('serves the metrics as Prometheus text', async () => {
    const { get, metrics } = await serving()
    metrics.counter('holdfast_things_total', 'Things', ['kind']).inc({ kind: 'a' }, 3)
    const answer = await get('/metrics')
    expect(answer.headers.get('content-type')).toContain('text/plain')
    const text = await answer.text()
    expect(text).toContain('holdfast_things_total{kind="a"} 3')
    expect(text).toMatch(/holdfast_process_resident_bytes [1-9]/)
  })

  it('gives routes the raw body and headers, and answers for them', async () => {
    const { get } = await serving({
      routes: {
        'POST /hook': async ({ body, headers, query }) => ({
          status: 202,
          body: { bytes: [...body], signature: headers['x-signature'], a: query.get('a') },
        }),
      },
    })
    const body = Buffer.from([0, 255, 10])
    const headers = { 'x-signature': 's' }
    const answer = await get('/hook?a=1', { method: 'POST', headers, body })
    expect(answer.status).toBe(202)
    expect(await answer.json()).toEqual({ bytes: [0, 255, 10], signature: 's', a: '1' })
    expect((await get('/hook')).status).toBe(404)
    expect((await get('/__proto__')).status).toBe(404)
  })

  it('refuses a body that is too large, and hides what went wrong inside', async () => {
    const { get } = await serving({
      routes: {
        'POST /hook': async () => {
          throw new Error('secret')
        },
      },
    })
    const big = Buffer.alloc(ROUTE_BODY_BYTES_MAX + 1)
    expect((await get('/hook', { method: 'POST', body: big })).status).toBe(413)
    const failed = await get('/hook', { method: 'POST', body: 'x' })
    expect(failed.status).toBe(500)
    expect(failed.headers.get('content-type')).toBe('application/problem+json')
    expect(await failed.text()).not.toContain('secret')
  })

  it('says which port is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, resolve))
    const { port } = taken.address() as { port: number }
    const server = new HealthServer({ port, checks: {}, metrics: new Metrics(), log })
    await expect(server.start()).rejects.toThrow(`cannot listen on port ${port}`)
    await new Promise((resolve) => taken.close(resolve))
  })
})
