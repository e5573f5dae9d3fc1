/**
 * Who is calling. One pinned algorithm; signature, issuer, audience and expiry are checked once,
 * and what was found is remembered until the token expires, for a signature costs more than the
 * hold that it allows.
 */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { CUSTOMER_ID_PATTERN } from '../../../contracts/ids.ts'
import { OperationalError } from '../../../platform/errors.ts'
import { BoundedMap } from '../../bounded.ts'
import type { PublicJwk } from './sessions.ts'

export interface Identity {
  /** The subject of the token. */
  readonly customerId: string
  /** The token's scope contains `admin`. */
  readonly isOperator: boolean
  /** Milliseconds since the epoch. */
  readonly expiresMs: number
}

export interface TokenRules {
  /** The one algorithm that is accepted; asymmetric. */
  readonly algorithm: string
  readonly issuer: string
  readonly audience: string
}

export const CACHED_TOKENS_MAX = 50_000
const JWKS_TIMEOUT_MS = 900
const CUSTOMER_ID = new RegExp(CUSTOMER_ID_PATTERN)

/** Keys that are known from the start. */
export const localKeys = (keys: readonly PublicJwk[]): JWTVerifyGetKey =>
  createLocalJWKSet({ keys: [...keys] })

/** Keys that are fetched from a JSON Web Key Set and kept; fetched again for an unknown key id. */
export const remoteKeys = (url: string): JWTVerifyGetKey =>
  createRemoteJWKSet(new URL(url), { timeoutDuration: JWKS_TIMEOUT_MS })

export class TokenVerifier {
  readonly #keys: JWTVerifyGetKey
  readonly #rules: TokenRules
  readonly #nowMs: () => number
  readonly #known = new BoundedMap<string, Identity>(CACHED_TOKENS_MAX)

  constructor(options: { keys: JWTVerifyGetKey; rules: TokenRules; nowMs?: () => number }) {
    this.#keys = options.keys
    this.#rules = options.rules
    this.#nowMs = options.nowMs ?? Date.now
  }

  /** The identity of a token that was verified before and has not expired. */
  peek(token: string): Identity | null {
    const identity = this.#known.get(token)
    if (!identity) return null
    if (identity.expiresMs > this.#nowMs()) return identity
    this.#known.delete(token)
    return null
  }

  /** Remembers a token that this process has signed itself. */
  trust(token: string, identity: Identity): void {
    this.#known.set(token, identity)
  }

  /**
   * The identity that a token proves, or null when it proves none.
   * @throws OperationalError PROVIDER_UNAVAILABLE when the keys cannot be fetched
   */
  async verify(token: string): Promise<Identity | null> {
    const known = this.peek(token)
    if (known) return known
    const identity = await this.#check(token)
    if (identity) this.trust(token, identity)
    return identity
  }

  async #check(token: string): Promise<Identity | null> {
    const { algorithm, issuer, audience } = this.#rules
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        algorithms: [algorithm],
        issuer,
        audience,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(this.#nowMs()),
      })
      const { sub = '', exp = 0, scope } = payload
      // The claim set is somebody else's: its types are not to be trusted.
      if (typeof sub !== 'string' || !CUSTOMER_ID.test(sub)) return null
      return { customerId: sub, isOperator: isAdmin(scope), expiresMs: exp * 1000 }
    } catch (error) {
      if (isTokenFault(error)) return null
      throw new OperationalError('PROVIDER_UNAVAILABLE', {
        retriable: true,
        detail: 'the keys of the token issuer cannot be fetched',
        cause: error,
      })
    }
  }
}

/** OAuth's `scope`: words separated by spaces. */
const isAdmin = (scope: unknown): boolean =>
  typeof scope === 'string' && scope.split(' ').includes('admin')

/** Faults of the token; everything else that jose throws is a fault of the key set. */
const TOKEN_FAULTS = [
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
]

const isTokenFault = (error: unknown): boolean =>
  TOKEN_FAULTS.some((fault) => error instanceof fault)
