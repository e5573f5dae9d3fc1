import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { exportJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { type PublicJwk, SessionIssuer, sessionKeyFaultOf } from './sessions.ts'
import { CACHED_TOKENS_MAX, localKeys, TokenVerifier } from './tokens.ts'

const NOW_MS = 1_800_000_000_000
const HOUR_MS = 3_600_000
const RULES = { algorithm: 'EdDSA', issuer: 'holdfast', audience: 'holdfast' }

const newKey = async () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  return { privateKey, jwk: (await exportJWK(privateKey)) as JWK & Record<string, unknown> }
}

let key: Awaited<ReturnType<typeof newKey>>
let issuer: SessionIssuer
let verifier: TokenVerifier

beforeAll(async () => {
  key = await newKey()
  issuer = await SessionIssuer.create({ privateJwk: key.jwk, ...RULES })
  verifier = verifierAt(() => NOW_MS)
})

const verifierAt = (nowMs: () => number) =>
  new TokenVerifier({ keys: localKeys([issuer.publicJwk]), rules: RULES, nowMs })

/** A token that is right in every point, except for what the test changes. */
function tokenWith(change: {
  claims?: Record<string, unknown>
  header?: Record<string, unknown>
  without?: string
}): string {
  const claims: Record<string, unknown> = {
    sub: 'buyer',
    iss: 'holdfast',
    aud: 'holdfast',
    exp: NOW_MS / 1000 + 60,
    ...change.claims,
  }
  if (change.without) delete claims[change.without]
  const header = { alg: 'EdDSA', kid: issuer.publicJwk.kid, ...change.header }
  return signed(header, claims, key.privateKey)
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs whatever it is given; a library would refuse half of what is tested here. */
function signed(header: unknown, claims: unknown, privateKey: KeyObject): string {
  const content = `${encode(header)}.${encode(claims)}`
  return `${content}.${sign(null, Buffer.from(content), privateKey).toString('base64url')}`
}

describe('a token', () => {
  test('of the built-in issuer names its customer', async () => {
    const { token, customerId, expiresMs } = await issuer.issueGuest({
      ttlMs: HOUR_MS,
      nowMs: NOW_MS,
    })
    expect(customerId).toMatch(/^g_[0-9a-z]{26}$/)
    expect(await verifier.verify(token)).toEqual({
      customerId,
      isOperator: false,
      expiresMs,
    })
    expect(expiresMs).toBe(NOW_MS + HOUR_MS)
  })

  test('that is right in every point is accepted, also without a key id', async () => {
    expect(await verifier.verify(tokenWith({}))).toMatchObject({ customerId: 'buyer' })
    const claims = { sub: 'bare', iss: 'holdfast', aud: ['other', 'holdfast'] }
    const exp = NOW_MS / 1000 + 60
    const bare = signed({ alg: 'EdDSA' }, { ...claims, exp }, key.privateKey)
    expect(await verifier.verify(bare)).toMatchObject({ customerId: 'bare' })
  })

  test.each([
    ['admin', true],
    ['read admin write', true],
    ['administrator', false],
    ['Admin', false],
    [['admin'], false],
    [undefined, false],
  ])('with scope %j is an operator: %s', async (scope, isOperator) => {
    const token = tokenWith({ claims: { scope } })
    expect(await verifier.verify(token)).toMatchObject({ isOperator })
  })

  test.each<[string, Parameters<typeof tokenWith>[0]]>([
    ['has expired', { claims: { exp: NOW_MS / 1000 - 1 } }],
    ['expires this very second', { claims: { exp: NOW_MS / 1000 } }],
    ['never expires', { without: 'exp' }],
    ['is not valid yet', { claims: { nbf: NOW_MS / 1000 + 60 } }],
    ['has another issuer', { claims: { iss: 'somebody' } }],
    ['has no issuer', { without: 'iss' }],
    ['has another audience', { claims: { aud: 'elsewhere' } }],
    ['has no audience', { without: 'aud' }],
    ['has no subject', { without: 'sub' }],
    ['has an empty subject', { claims: { sub: '' } }],
    ['has a subject with a line feed', { claims: { sub: 'a\nb' } }],
    ['has a subject that is not text', { claims: { sub: 7 } }],
    ['names a key that does not exist', { header: { kid: 'other' } }],
    ['demands an extension that nobody knows', { header: { crit: ['exp'], exp: 1 } }],
  ])('that %s proves nothing', async (_, change) => {
    expect(await verifier.verify(tokenWith(change))).toBeNull()
  })

  test('signed by another key proves nothing, even under our key id', async () => {
    const other = await newKey()
    const token = await new SignJWT({ sub: 'x', iss: 'holdfast', aud: 'holdfast' })
      .setProtectedHeader({ alg: 'EdDSA', kid: issuer.publicJwk.kid })
      .setExpirationTime(NOW_MS / 1000 + 60)
      .sign(other.privateKey)
    expect(await verifier.verify(token)).toBeNull()
  })

  test('with algorithm none proves nothing', async () => {
    const token = new UnsecuredJWT({ sub: 'x', iss: 'holdfast', aud: 'holdfast' })
      .setExpirationTime(NOW_MS / 1000 + 60)
      .encode()
    expect(await verifier.verify(token)).toBeNull()
  })

  test('whose secret is our public key proves nothing (HMAC for EdDSA)', async () => {
    const claims = { sub: 'x', iss: 'holdfast', aud: 'holdfast', exp: NOW_MS / 1000 + 60 }
    const content = `${encode({ alg: 'HS256', kid: issuer.publicJwk.kid })}.${encode(claims)}`
    const publicKey = createPublicKey(key.privateKey)
    for (const secret of [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      Buffer.from(issuer.publicJwk.x, 'base64url'),
      issuer.publicJwk.x,
    ]) {
      const mac = createHmac('sha256', secret).update(content).digest('base64url')
      expect(await verifier.verify(`${content}.${mac}`)).toBeNull()
    }
  })

  test('of another asymmetric algorithm proves nothing, even when its key is in the set', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const other = { ...(await exportJWK(pair.publicKey)), kid: 'other' } as unknown as PublicJwk
    const both = new TokenVerifier({
      keys: localKeys([issuer.publicJwk, other]),
      rules: RULES,
      nowMs: () => NOW_MS,
    })
    const token = await new SignJWT({ sub: 'x', iss: 'holdfast', aud: 'holdfast' })
      .setProtectedHeader({ alg: 'ES256', kid: 'other' })
      .setExpirationTime(NOW_MS / 1000 + 60)
      .sign(pair.privateKey)
    expect(await both.verify(token)).toBeNull()
  })

  test('changed in any character proves nothing', async () => {
    const token = tokenWith({})
    const [head, body, signature] = token.split('.') as [string, string, string]
    const forged = Buffer.from(
      Buffer.from(body, 'base64url').toString().replace('buyer', 'other'),
    ).toString('base64url')
    expect(await verifier.verify(`${head}.${forged}.${signature}`)).toBeNull()
    expect(await verifier.verify(`${head}.${body}.`)).toBeNull()
    expect(await verifier.verify(`${head}.${body}`)).toBeNull()
    expect(await verifier.verify('...')).toBeNull()
    expect(await verifier.verify('x')).toBeNull()
  })
})

describe('what is remembered', () => {
  test('a verified token is known until it expires, and not a moment longer', async () => {
    let nowMs = NOW_MS
    const local = verifierAt(() => nowMs)
    const token = tokenWith({})
    expect(local.peek(token)).toBeNull()
    await local.verify(token)
    nowMs = NOW_MS + 59_999
    expect(local.peek(token)).toMatchObject({ customerId: 'buyer' })
    nowMs = NOW_MS + 60_000
    expect(local.peek(token)).toBeNull()
    expect(await local.verify(token)).toBeNull()
  })

  test('no more tokens are remembered than the limit', () => {
    const local = verifierAt(() => NOW_MS)
    const identity = { customerId: 'x', isOperator: false, expiresMs: NOW_MS + 1 }
    for (let n = 0; n <= CACHED_TOKENS_MAX; n++) local.trust(`token ${n}`, identity)
    expect(local.peek('token 0')).toBeNull()
    expect(local.peek('token 1')).toEqual(identity)
    expect(local.peek(`token ${CACHED_TOKENS_MAX}`)).toEqual(identity)
  })
})

describe('the key of the built-in issuer', () => {
  test('keeps its own key id, so that other issuers of the same key agree on it', async () => {
    const named = await SessionIssuer.create({ privateJwk: { ...key.jwk, kid: 'k1' }, ...RULES })
    expect(named.publicJwk.kid).toBe('k1')
    expect(named.publicJwk).not.toHaveProperty('d')
  })

  test('is refused when it is public, of another kind, or broken', async () => {
    const { d: _, ...publicPart } = key.jwk
    expect(sessionKeyFaultOf(key.jwk)).toBeNull()
    expect(sessionKeyFaultOf(publicPart)).toContain('private Ed25519')
    expect(sessionKeyFaultOf({ ...key.jwk, crv: 'X25519' })).toContain('private Ed25519')
    expect(sessionKeyFaultOf({ ...key.jwk, x: 'short' })).toContain('usable')
  })
})
