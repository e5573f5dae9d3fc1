/**
 * Who is calling, as the product checks it: guest sessions signed with Ed25519, one pinned
 * algorithm, verified once and remembered, and a bucket of requests for each buyer.
 */
import { createPublicKey, type JsonWebKey, randomBytes } from 'node:crypto'
import { errors, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { base32Of, CUSTOMER_ID_PATTERN } from '../../../contracts/ids.ts'
import { problem, type Reply } from '../http/http.ts'

export interface Identity {
  readonly customerId: string
  readonly isOperator: boolean
  readonly expiresMs: number
}

type Key = Awaited<ReturnType<typeof importJWK>>

const ALGORITHM = 'EdDSA'
const ISSUER = 'holdfast'
const SESSION_TTL_MS = 24 * 3_600_000
const TOKENS_KEPT_MAX = 50_000
const TOKEN_CHARS_MAX = 4_096
const CUSTOMER_ID = new RegExp(CUSTOMER_ID_PATTERN)
const BEARER = /^bearer +(\S+)$/i

export class Sessions {
  readonly #privateKey: Key
  readonly #publicKey: Key
  readonly #known = new Map<string, Identity>()

  private constructor(privateKey: Key, publicKey: Key) {
    this.#privateKey = privateKey
    this.#publicKey = publicKey
  }

  /** @param jwk a private Ed25519 key as a JSON Web Key */
  static async create(jwk: Readonly<Record<string, unknown>>): Promise<Sessions> {
    const key = { key: jwk as JsonWebKey, format: 'jwk' as const }
    const publicJwk = createPublicKey(key).export({ format: 'jwk' }) as JWK
    return new Sessions(
      await importJWK(jwk as JWK, ALGORITHM),
      await importJWK(publicJwk, ALGORITHM),
    )
  }

  /** A session of a guest that nobody has met before. */
  async open(): Promise<{ customerId: string; token: string; expiresAt: string }> {
    const customerId = `g_${base32Of(randomBytes(16))}`
    const expiresS = Math.floor((Date.now() + SESSION_TTL_MS) / 1_000)
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setSubject(customerId)
      .setIssuer(ISSUER)
      .setAudience(ISSUER)
      .setIssuedAt()
      .setExpirationTime(expiresS)
      .sign(this.#privateKey)
    const expiresMs = expiresS * 1_000
    this.#remember(token, { customerId, isOperator: false, expiresMs })
    return { customerId, token, expiresAt: new Date(expiresMs).toISOString() }
  }

  /** Who an Authorization header proves the caller to be; null when it proves nothing. */
  identify(authorization: string): Identity | null | Promise<Identity | null> {
    if (authorization.length > TOKEN_CHARS_MAX) return null
    const token = BEARER.exec(authorization)?.[1]
    if (!token) return null
    const known = this.#known.get(token)
    if (known && known.expiresMs > Date.now()) return known
    return this.#verify(token)
  }

  async #verify(token: string): Promise<Identity | null> {
    try {
      const { payload } = await jwtVerify(token, this.#publicKey, {
        ...{ algorithms: [ALGORITHM], issuer: ISSUER, audience: ISSUER },
        requiredClaims: ['sub', 'exp'],
      })
      const { sub, exp = 0, scope } = payload
      if (typeof sub !== 'string' || !CUSTOMER_ID.test(sub)) return null
      const isOperator = typeof scope === 'string' && scope.split(' ').includes('admin')
      const identity = { customerId: sub, isOperator, expiresMs: exp * 1_000 }
      this.#remember(token, identity)
      return identity
    } catch (error) {
      if (error instanceof errors.JOSEError) return null
      throw error
    }
  }

  #remember(token: string, identity: Identity): void {
    if (this.#known.size >= TOKENS_KEPT_MAX) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    }
    this.#known.set(token, identity)
  }
}

/** A bucket of requests for each buyer: `perSMax` a second, and as many in a burst. */
export class BuyerLimit {
  readonly #perSMax: number
  readonly #buckets = new Map<string, { left: number; atMs: number }>()

  /** @param perSMax 0 switches the limit off */
  constructor(perSMax: number) {
    this.#perSMax = perSMax
  }

  /** Takes one request from a buyer's bucket; false when it is empty. */
  take(customerId: string): boolean {
    const perSMax = this.#perSMax
    if (perSMax === 0) return true
    const nowMs = performance.now()
    const bucket = this.#buckets.get(customerId)
    if (!bucket) {
      // A buyer who is forgotten begins with a full bucket, which a second would give him anyway.
      if (this.#buckets.size >= TOKENS_KEPT_MAX) this.#buckets.clear()
      this.#buckets.set(customerId, { left: perSMax - 1, atMs: nowMs })
      return true
    }
    bucket.left = Math.min(perSMax, bucket.left + ((nowMs - bucket.atMs) * perSMax) / 1_000)
    bucket.atMs = nowMs
    if (bucket.left < 1) return false
    bucket.left -= 1
    return true
  }
}

export type Admission = { ok: true; identity: Identity } | { ok: false; reply: Reply }

/** Token, scope and rate: what stands before every handler that is not public. */
export async function admit(
  { sessions, limit }: { sessions: Sessions; limit: BuyerLimit },
  authorization: string,
  access: 'buyer' | 'operator',
): Promise<Admission> {
  const identifying = sessions.identify(authorization)
  const identity = identifying instanceof Promise ? await identifying : identifying
  if (!identity) return { ok: false, reply: problem('unauthenticated') }
  if (identity.isOperator) return { ok: true, identity }
  if (access === 'operator') return { ok: false, reply: problem('forbidden') }
  if (!limit.take(identity.customerId)) return { ok: false, reply: problem('rate-limited') }
  return { ok: true, identity }
}
