/** What a client writes to its log for each call; the levels are Feign's. */
import type { Log } from '../../../platform/log.ts'
import type { WireHeaders, WireRequest, WireResult } from './wire.ts'

/** none: nothing. basic: method, URL, status, time. headers: those too. full: bodies too. */
export const CLIENT_LOG_LEVELS = ['none', 'basic', 'headers', 'full'] as const
export type ClientLogLevel = (typeof CLIENT_LOG_LEVELS)[number]

/** Whoever reads the log must not be able to act as somebody else. */
const SECRET_HEADERS = new Set(['authorization', 'cookie', 'set-cookie'])

export interface LoggedCall {
  readonly client: string
  readonly url: string
  readonly request: WireRequest
  readonly result: WireResult
  readonly durationMs: number
}

export function logCall(log: Log, level: ClientLogLevel, call: LoggedCall): void {
  if (level === 'none') return
  const { client, url, request, result, durationMs } = call
  const isAnswer = result.type === 'answer'
  const line: Record<string, unknown> = {
    client,
    method: request.method,
    url,
    durationMs: Math.round(durationMs * 10) / 10,
    ...(isAnswer ? { status: result.status } : { failure: result.type, detail: result.detail }),
  }
  if (level !== 'basic') {
    line.requestHeaders = withoutSecrets(request.headers)
    if (isAnswer) line.responseHeaders = withoutSecrets(result.headers)
  }
  if (level === 'full') {
    line.requestBody = request.body
    if (isAnswer) line.responseBody = result.body
  }
  log.info(line, 'called')
}

const withoutSecrets = (headers: WireHeaders): WireHeaders =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      SECRET_HEADERS.has(name.toLowerCase()) ? '***' : value,
    ]),
  )
