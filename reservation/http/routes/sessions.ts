/** Guest sessions of the built-in issuer. */
import { BODY_BYTES_MAX, Session, SessionRequest } from '../../../contracts/http.ts'
import type { SessionIssuer } from '../auth/sessions.ts'
import type { TokenVerifier } from '../auth/tokens.ts'
import { json } from '../reply.ts'
import { type Route, route } from '../route.ts'

export function sessionRoutes(options: {
  issuer: SessionIssuer
  tokens: TokenVerifier
  ttlMs: number
}): Route[] {
  const { issuer, tokens, ttlMs } = options
  const openSession = route({
    method: 'POST',
    path: '/v1/sessions',
    access: 'public',
    body: { schema: SessionRequest, bytesMax: BODY_BYTES_MAX },
    document: {
      operationId: 'openSession',
      summary: 'Become a guest: a new customer id and a token for it',
      tag: 'sessions',
      answers: { 201: { description: 'a guest', content: { 'application/json': Session } } },
      problems: ['bad-request', 'body-too-large'],
    },
    handle: async () => {
      const { customerId, token, expiresMs } = await issuer.issueGuest({ ttlMs, nowMs: Date.now() })
      // We have just signed it: no need to verify it when it comes back.
      tokens.trust(token, { customerId, isOperator: false, expiresMs })
      const session = { customerId, token, expiresAt: new Date(expiresMs).toISOString() }
      return json(201, session, [['Cache-Control', 'no-store']])
    },
  })
  return [openSession]
}
