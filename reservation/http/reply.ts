/** An answer as a value: what a handler returns and the server writes. */
import { type Problem, type ProblemCode, problemOf } from '../../contracts/problem.ts'

export interface Reply {
  readonly status: number
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly contentType?: string
  readonly body?: string | Uint8Array
}

const JSON_TYPE = 'application/json'
const PROBLEM_TYPE = 'application/problem+json'
/** When a client may try again after 429 and 503, in seconds. */
export const RETRY_AFTER_S = 1

const STATUS_LINES: Readonly<Record<number, string>> = {
  200: '200 OK',
  201: '201 Created',
  202: '202 Accepted',
  204: '204 No Content',
  304: '304 Not Modified',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  408: '408 Request Timeout',
  409: '409 Conflict',
  410: '410 Gone',
  413: '413 Content Too Large',
  422: '422 Unprocessable Content',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
}

export function statusLineOf(status: number): string {
  const line = STATUS_LINES[status]
  if (!line) throw new TypeError(`no reason phrase for status ${status}`)
  return line
}

export function json(status: number, body: unknown, headers: Reply['headers'] = []): Reply {
  return { status, headers, contentType: JSON_TYPE, body: JSON.stringify(body) }
}

/** A JSON answer whose text is already there. */
export function jsonText(status: number, body: string, headers: Reply['headers'] = []): Reply {
  return { status, headers, contentType: JSON_TYPE, body }
}

/** The problem document of `code`, with the headers that its status asks for. */
export function problem(code: ProblemCode, detail?: string, extra?: object): Reply {
  return problemReply(problemOf(code, detail, extra))
}

export function problemReply(document: Problem): Reply {
  return {
    status: document.status,
    headers: headersOf(document.code),
    contentType: PROBLEM_TYPE,
    body: JSON.stringify(document),
  }
}

function headersOf(code: ProblemCode): Reply['headers'] {
  switch (code) {
    case 'rate-limited':
    case 'unavailable':
      return [['Retry-After', String(RETRY_AFTER_S)]]
    case 'unauthenticated':
      return [['WWW-Authenticate', 'Bearer realm="holdfast"']]
    default:
      return []
  }
}
