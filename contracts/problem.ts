/** Every problem that the HTTP and WebSocket surface may answer with, as RFC 9457 documents. */

export const PROBLEMS = {
  'bad-request': { status: 400, title: 'The request is not well formed' },
  'idempotency-key-missing': { status: 400, title: 'An Idempotency-Key header is needed' },
  unauthenticated: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'The token does not allow this' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'The resource does not take this method' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'seats-taken': { status: 409, title: 'Some of the seats are not free' },
  'wrong-state': { status: 409, title: 'The reservation is in another state' },
  'show-exists': { status: 409, title: 'Another show has this id' },
  'hold-expired': { status: 410, title: 'The hold has expired' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unknown-seat': { status: 422, title: 'The show has no such seat' },
  'duplicate-seats': { status: 422, title: 'A seat is named twice' },
  'too-many-seats': { status: 422, title: 'Too many seats in one hold' },
  'idempotency-key-reused': { status: 422, title: 'The key was used with another body' },
  'buyer-limit': { status: 422, title: 'The limit of seats for one buyer is reached' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'The state is unknown just now; try again' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

export interface Problem {
  type: string
  title: string
  status: number
  code: ProblemCode
  detail?: string
  [member: string]: unknown
}

/** A problem document. `extra` are the members that the contract names for the code. */
export function problemOf(code: ProblemCode, detail?: string, extra?: object): Problem {
  const { status, title } = PROBLEMS[code]
  return {
    type: `urn:holdfast:problem:${code}`,
    title,
    status,
    code,
    ...(detail && { detail }),
    ...extra,
  }
}
