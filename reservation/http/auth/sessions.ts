/** The built-in issuer: guest sessions, signed with Ed25519. */
import { createPublicKey, randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose'
import { base32Of } from '../../../contracts/ids.ts'

export const SESSION_ALGORITHM = 'EdDSA'

/** A public Ed25519 key as a JSON Web Key. */
export interface PublicJwk extends JWK {
  kty: 'OKP'
  crv: 'Ed25519'
  x: string
  kid: string
}

export interface SessionIssuerOptions {
  /** A private Ed25519 key as a JSON Web Key; its `kid` is its thumbprint unless it has one. */
  readonly privateJwk: Readonly<Record<string, unknown>>
  readonly issuer: string
  readonly audience: string
}

export interface IssuedToken {
  readonly customerId: string
  readonly token: string
  /** Milliseconds since the epoch, a whole second. */
  readonly expiresMs: number
}

/** What is wrong with a private key, or null. Its text is secret and does not appear. */
export function sessionKeyFaultOf(jwk: Readonly<Record<string, unknown>>): string | null {
  const { kty, crv, d } = jwk
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof d !== 'string') {
    return 'must be a private Ed25519 key as a JSON Web Key'
  }
  try {
    createPublicKey({ key: jwk as JWK, format: 'jwk' } as Parameters<typeof createPublicKey>[0])
    return null
  } catch {
    return 'is not a usable key'
  }
}

export class SessionIssuer {
  readonly #options: SessionIssuerOptions
  readonly #key: Promise<Awaited<ReturnType<typeof importJWK>>>
  readonly publicJwk: PublicJwk

  private constructor(options: SessionIssuerOptions, publicJwk: PublicJwk) {
    this.#options = options
    this.#key = importJWK(options.privateJwk as JWK, SESSION_ALGORITHM)
    this.publicJwk = publicJwk
  }

  static async create(options: SessionIssuerOptions): Promise<SessionIssuer> {
    const { x, kid } = options.privateJwk as { x: string; kid?: string }
    const bare = { kty: 'OKP', crv: 'Ed25519', x } as const
    const publicJwk = { ...bare, kid: kid ?? (await calculateJwkThumbprint(bare)) }
    return new SessionIssuer(options, publicJwk)
  }

  /** A session of a guest that nobody has met before; its id has 128 random bits. */
  issueGuest(options: { ttlMs: number; nowMs: number }): Promise<IssuedToken> {
    return this.issue({ ...options, customerId: `g_${base32Of(randomBytes(16))}` })
  }

  /** Signs a token. `scope` is a list of words separated by spaces: `admin` makes an operator. */
  async issue(options: {
    customerId: string
    ttlMs: number
    nowMs: number
    scope?: string
  }): Promise<IssuedToken> {
    const { customerId, ttlMs, nowMs, scope } = options
    const { issuer, audience } = this.#options
    const issuedS = Math.floor(nowMs / 1000)
    const expiresS = Math.floor((nowMs + ttlMs) / 1000)
    const token = await new SignJWT(scope ? { scope } : {})
      .setProtectedHeader({ alg: SESSION_ALGORITHM, typ: 'JWT', kid: this.publicJwk.kid })
      .setSubject(customerId)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedS)
      .setExpirationTime(expiresS)
      .sign(await this.#key)
    return { customerId, token, expiresMs: expiresS * 1000 }
  }
}
