/** What stands before a handler: the token, the scope, and the buyer's rate. */
import { type Problem, problemOf } from '../../../contracts/problem.ts'
import type { RateLimiter } from './rateLimiter.ts'
import type { Identity, TokenVerifier } from './tokens.ts'

export type Access = 'public' | 'buyer' | 'operator'

export type Admission = { ok: true; identity: Identity } | { ok: false; problem: Problem }

const TOKEN_CHARS_MAX = 4_096
const BEARER = 'bearer '

export class Admissions {
  readonly #tokens: TokenVerifier
  readonly #limiter: RateLimiter

  constructor(options: { tokens: TokenVerifier; limiter: RateLimiter }) {
    this.#tokens = options.tokens
    this.#limiter = options.limiter
  }

  /** Answers at once for a token that is known, else when its signature is verified. */
  admit(authorization: string, access: Access): Admission | Promise<Admission> {
    const token = tokenOf(authorization)
    if (token === null) return unauthenticated('the Authorization header has no bearer token')
    const known = this.#tokens.peek(token)
    if (known) return this.pass(known, access)
    return this.#verify(token, access)
  }

  async #verify(token: string, access: Access): Promise<Admission> {
    const identity = await this.#tokens.verify(token)
    return identity ? this.pass(identity, access) : unauthenticated('the token is not valid')
  }

  /** For somebody who is known already: the scope and the rate. */
  pass(identity: Identity, access: Access): Admission {
    if (identity.isOperator) return { ok: true, identity }
    if (access === 'operator') {
      return { ok: false, problem: problemOf('forbidden', 'the scope admin is needed') }
    }
    // The limit is the buyers'; operators are trusted with their own scripts.
    if (!this.#limiter.take(identity.customerId, performance.now())) {
      return { ok: false, problem: problemOf('rate-limited') }
    }
    return { ok: true, identity }
  }
}

function unauthenticated(detail: string): Admission {
  return { ok: false, problem: problemOf('unauthenticated', detail) }
}

/** The token of an Authorization header, or null. */
function tokenOf(authorization: string): string | null {
  if (authorization.length <= BEARER.length || authorization.length > TOKEN_CHARS_MAX) return null
  if (authorization.slice(0, BEARER.length).toLowerCase() !== BEARER) return null
  return authorization.slice(BEARER.length).trim() || null
}
