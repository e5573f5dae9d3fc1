/**
 * A route: where it is, who may call it, what its body is, what it answers. The server is built
 * from the same list as the OpenAPI document, so neither can know a route that the other lacks.
 */
import type { Static, TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import type { ProblemCode } from '../../contracts/problem.ts'
import type { Access } from './auth/admissions.ts'
import type { Identity } from './auth/tokens.ts'
import type { Reply } from './reply.ts'

export type Method = 'GET' | 'POST' | 'DELETE'

/** One request, after everything that could be checked without its handler. */
export interface Call<Body = unknown, Who = Identity | null> {
  /** Values of the `{...}` parts of the path, in order, not decoded. */
  readonly params: readonly string[]
  /** The request headers that the route names, by lower-case name; absent ones are empty. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
  readonly identity: Who
  /** W3C trace context of the request, when it is well formed. */
  readonly traceparent?: string
  /** Calls back when the client goes away, at once if it has. */
  onAborted(listener: () => void): void
}

export interface Answer {
  readonly description: string
  /** Content by media type; none for an empty body. A string describes something not JSON. */
  readonly content?: Readonly<Record<string, TSchema | string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** What only the OpenAPI document needs to know. */
export interface RouteDocument {
  readonly operationId: string
  readonly summary: string
  readonly tag: 'sessions' | 'shows' | 'reservations' | 'tickets' | 'system'
  readonly answers: Readonly<Record<number, Answer>>
  readonly problems?: readonly ProblemCode[]
  /** Described request headers, by name; a name that ends with `!` is required. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface BodyCheck {
  readonly schema: TSchema
  readonly bytesMax: number
  readonly check: TypeCheck<TSchema>
}

export interface Route {
  readonly method: Method
  /** `/v1/shows/{showId}` */
  readonly path: string
  readonly access: Access
  /** Lower-case names of the request headers that the handler reads. */
  readonly headers: readonly string[]
  readonly body: BodyCheck | null
  readonly document: RouteDocument
  readonly handle: (call: Call<never, never>) => Reply | Promise<Reply>
}

type Who<A extends Access> = A extends 'public' ? null : Identity

interface Definition<B extends TSchema, A extends Access> {
  method: Method
  path: string
  access: A
  headers?: readonly string[]
  body?: { schema: B; bytesMax: number }
  document: RouteDocument
  handle: (call: Call<Static<B>, Who<A>>) => Reply | Promise<Reply>
}

/** Types the handler after the body's schema and the access, and compiles the schema. */
export function route<B extends TSchema, A extends Access>(definition: Definition<B, A>): Route {
  const { headers = [], body, handle, ...rest } = definition
  const compiled = body && { ...body, check: TypeCompiler.Compile<TSchema>(body.schema) }
  return { ...rest, headers, body: compiled ?? null, handle: handle as Route['handle'] }
}
