import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, type Edge, guest, newKey, newShow, startEdge } from '../../testing/edge.ts'
import { remoteKeys, TokenVerifier } from './tokens.ts'

let edge: Edge
const HOUR_MS = 3_600_000

beforeAll(async () => {
  edge = await startEdge({ buyerRequestsPerSMax: 20 })
})

afterAll(() => edge.stop())

const protectedCalls = [
  'POST /v1/shows',
  'POST /v1/shows/any/reservations',
  'GET /v1/reservations/r00_00000000000000000000000000',
  'DELETE /v1/reservations/r00_00000000000000000000000000',
  'POST /v1/reservations/r00_00000000000000000000000000/extend',
  'POST /v1/reservations/r00_00000000000000000000000000/checkout',
  'GET /v1/tickets/t00_00000000000000000000000000_1',
]

describe('without a valid token', () => {
  test.each(protectedCalls)('%s is 401, and says how to log in', async (target) => {
    const expired = await edge.issuer.issue({
      customerId: 'x',
      scope: 'admin',
      ttlMs: HOUR_MS,
      nowMs: Date.now() - 2 * HOUR_MS,
    })
    const attempts = [undefined, 'Bearer', 'Bearer ', 'Basic eDp5', 'Bearer x', expired.token]
    for (const authorization of [...attempts, `Bearer ${expired.token}`]) {
      const refused = await call(edge, target, {
        ...(authorization !== undefined && { headers: { authorization } }),
        ...(target.startsWith('POST') && { body: {}, key: newKey() }),
      })
      expect(refused).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/)
    }
  })

  test('what is public is answered all the same', async () => {
    const headers = { authorization: 'Bearer nonsense' }
    for (const target of ['GET /v1/shows', 'GET /livez', 'POST /v1/sessions']) {
      const answered = await call(edge, target, { headers })
      expect(answered.status).toBeLessThan(300)
    }
  })

  test('the scheme may be spelt in any case', async () => {
    const { token } = await guest(edge)
    const headers = { authorization: `bEaReR ${token}` }
    const path = 'GET /v1/reservations/r00_00000000000000000000000000'
    expect((await call(edge, path, { headers })).status).toBe(404)
  })
})

describe('the rate of a buyer', () => {
  test('is limited: 429 with Retry-After; others and operators go on', async () => {
    const { token } = await guest(edge)
    const path = 'GET /v1/reservations/r00_00000000000000000000000000'
    const burst = (of: string) =>
      Promise.all(Array.from({ length: 60 }, () => call(edge, path, { token: of })))
    const answers = await burst(token)
    const limited = answers.filter((answer) => answer.status === 429)
    expect(limited.length).toBeGreaterThanOrEqual(60 - 20 - 15)
    expect(limited.length).toBeLessThanOrEqual(40)
    expect(limited[0]?.body).toMatchObject({ code: 'rate-limited' })
    expect(limited[0]?.headers.get('retry-after')).toBe('1')
    expect((await call(edge, path, { token: (await guest(edge)).token })).status).toBe(404)
    const operators = await burst(edge.adminToken)
    expect(new Set(operators.map((answer) => answer.status))).toEqual(new Set([404]))
  })

  test('counts no request of somebody who is not let in', async () => {
    const { token } = await guest(edge)
    const forged = `${token.slice(0, -4)}AAAA`
    const path = 'GET /v1/reservations/r00_00000000000000000000000000'
    for (let n = 0; n < 30; n++) {
      expect((await call(edge, path, { token: forged })).status).toBe(401)
    }
    expect((await call(edge, path, { token })).status).toBe(404)
  })

  test('does not stand in the way of a show', async () => {
    expect((await newShow(edge)).total).toBe(50)
  })
})

describe('keys from a JSON Web Key Set', () => {
  let server: Server
  let url: string
  let keys: JWK[] = []
  let fetches = 0

  beforeAll(async () => {
    server = createServer((_, response) => {
      fetches += 1
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ keys }))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  })

  afterAll(() => new Promise((resolve) => server.close(resolve)))

  const rules = { algorithm: 'RS256', issuer: 'elsewhere', audience: 'holdfast' }

  async function newIssuer(kid: string) {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const sign = () =>
      new SignJWT({ scope: 'openid admin' })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setSubject('user')
        .setIssuer(rules.issuer)
        .setAudience(rules.audience)
        .setExpirationTime('1h')
        .sign(privateKey)
    return { sign, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256' } }
  }

  test('are fetched once and used; a token of no key of theirs proves nothing', async () => {
    const [ours, others] = await Promise.all([newIssuer('a'), newIssuer('b')])
    keys = [ours.jwk]
    fetches = 0
    const tokens = new TokenVerifier({ keys: remoteKeys(url), rules })
    expect(await tokens.verify(await ours.sign())).toMatchObject({
      customerId: 'user',
      isOperator: true,
    })
    expect(await tokens.verify(await others.sign())).toBeNull()
    expect(await tokens.verify(await ours.sign())).not.toBeNull()
    expect(fetches).toBe(1)
  })

  test('that cannot be fetched are a dependency that is down, not a bad token', async () => {
    const ours = await newIssuer('a')
    // Port 9 of the loopback interface answers nobody.
    const tokens = new TokenVerifier({ keys: remoteKeys('http://127.0.0.1:9/jwks'), rules })
    await expect(tokens.verify(await ours.sign())).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      retriable: true,
    })
  })
})
