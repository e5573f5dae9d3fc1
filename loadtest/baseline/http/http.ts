/**
 * What a service answers, whichever server carries it: routes, calls and replies as plain values.
 * The idiomatic variant serves them with node:http, the tuned one with uWebSockets.js.
 */
import type { Static, TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { BODY_BYTES_MAX } from '../../../contracts/http.ts'
import { type ProblemCode, problemOf } from '../../../contracts/problem.ts'
import type { Component } from '../../../platform/lifecycle.ts'
import type { Log } from '../../../platform/log.ts'

export interface Reply {
  readonly status: number
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Call {
  /** Values of the `{...}` parts of the path, in order. */
  readonly params: readonly string[]
  /** The headers that the route names, by lower-case name; absent ones are empty. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Route {
  readonly method: 'GET' | 'POST'
  /** `/v1/shows/{showId}` */
  readonly path: string
  /** Lower-case names of the request headers that the handler reads. */
  readonly headers: readonly string[]
  readonly bodyBytesMax: number
  handle(call: Call): Reply | Promise<Reply>
}

export interface ServerOptions {
  readonly port: number
  readonly routes: readonly Route[]
  /** Answers a route's call; never throws. */
  readonly answer: (route: Route, call: Call) => Promise<Reply>
  readonly log: Log
}

export interface HttpServer extends Component {
  /** The port it listens on; 0 before the start. */
  readonly port: number
}

/** A body over this many bytes is answered 413. */
export const INTERNAL_BODY_BYTES_MAX = 256 * 1024

export const json = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({ status, contentType: 'application/json', headers, body: JSON.stringify(body) })

/** A problem document; 429 and 503 tell when to come again. */
export function problem(code: ProblemCode, detail?: string, extra?: object): Reply {
  const document = problemOf(code, detail, extra)
  const isLater = document.status === 429 || document.status === 503
  return {
    status: document.status,
    contentType: 'application/problem+json',
    headers: isLater ? { 'retry-after': '1' } : {},
    body: JSON.stringify(document),
  }
}

/** An answer between services that is no success. `code` is a word of the two. */
export const refusal = (status: number, code: string): Reply => json(status, { code })

export type Checked<T> = { ok: true; value: T } | { ok: false; reply: Reply }

/** Compiles a schema to a reader of JSON bodies: the value, or 400 with what is wrong. */
export function bodyOf<S extends TSchema>(schema: S): (text: string) => Checked<Static<S>> {
  const check = TypeCompiler.Compile(schema)
  return (text) => {
    let value: unknown
    try {
      value = text === '' ? {} : JSON.parse(text)
    } catch {
      return wrong([{ path: '/', message: 'the body is not JSON' }])
    }
    if (check.Check(value)) return { ok: true, value }
    const first = check.Errors(value).First()
    return wrong([{ path: first?.path || '/', message: first?.message ?? 'it does not fit' }])
  }
}

function wrong(errors: readonly { path: string; message: string }[]): { ok: false; reply: Reply } {
  const [first] = errors
  return {
    ok: false,
    reply: problem('bad-request', first && `${first.path}: ${first.message}`, { errors }),
  }
}

/** A route between services: the body is checked, then handled. */
export function internalPost<S extends TSchema>(
  path: string,
  schema: S,
  handle: (request: Static<S>) => Promise<Reply>,
): Route {
  const read = bodyOf(schema)
  return {
    method: 'POST',
    path,
    headers: [],
    bodyBytesMax: INTERNAL_BODY_BYTES_MAX,
    handle: ({ body }) => {
      const checked = read(body)
      return checked.ok ? handle(checked.value) : checked.reply
    },
  }
}

/** A route of the public contract, with the limits that it states. */
export function publicRoute(
  route: Pick<Route, 'method' | 'path' | 'headers' | 'handle'> & { bodyBytesMax?: number },
): Route {
  return { bodyBytesMax: BODY_BYTES_MAX, ...route }
}
