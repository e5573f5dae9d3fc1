/** The OpenAPI 3.1 document, made from the routes and from the schemas that validate requests. */
import type { TSchema } from '@sinclair/typebox'
import { NAMED_SCHEMAS, ProblemDocument } from '../../contracts/http.ts'
import { PROBLEMS, type ProblemCode } from '../../contracts/problem.ts'
import type { Access } from './auth/admissions.ts'
import type { Answer, Route } from './route.ts'

type Json = Record<string, unknown>

/** Problems that any route may answer, and those that come with a token. */
const COMMON: readonly ProblemCode[] = ['internal', 'unavailable']
const WITH_TOKEN: readonly ProblemCode[] = ['unauthenticated', 'rate-limited']

const TAGS = [
  { name: 'sessions', description: 'Guests' },
  { name: 'shows', description: 'What can be booked, and which seats are free' },
  { name: 'reservations', description: 'From hold to payment' },
  { name: 'tickets', description: 'The right to a seat' },
  { name: 'system', description: 'For operators and machines' },
]

export function openapi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = paths[route.path] ?? {}
    path[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = path
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version,
      description:
        'Seat reservation: hold, pay, ticket. Times are RFC 3339 in UTC, money is in minor units, ' +
        'errors are RFC 9457 problems whose `code` is stable.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: TAGS,
    paths,
    components: {
      schemas: Object.fromEntries(
        NAMED_SCHEMAS.map((schema) => [schema.$id, withReferences(schema, true)]),
      ),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

function operationOf(route: Route): Json {
  const { document, body, access } = route
  const problems = [...(document.problems ?? []), ...COMMON, ...tokenProblemsOf(access)]
  return {
    operationId: document.operationId,
    summary: document.summary,
    tags: [document.tag],
    security: access === 'public' ? [] : [{ bearer: access === 'operator' ? ['admin'] : [] }],
    parameters: parametersOf(route),
    ...(body && {
      requestBody: {
        required: (body.schema.required as string[] | undefined)?.length !== undefined,
        description: `at most ${body.bytesMax} bytes`,
        content: { 'application/json': { schema: withReferences(body.schema) } },
      },
    }),
    responses: merged(answersOf(document.answers), problemsOf(problems)),
  }
}

const tokenProblemsOf = (access: Access): readonly ProblemCode[] => {
  if (access === 'public') return []
  return access === 'operator' ? [...WITH_TOKEN, 'forbidden'] : WITH_TOKEN
}

function parametersOf({ path, document }: Route): Json[] {
  const inPath = [...path.matchAll(/\{([A-Za-z]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inHeader = Object.entries(document.headers ?? {}).map(([name, description]) => ({
    name: name.replace(/!$/, ''),
    in: 'header',
    required: name.endsWith('!'),
    description,
    schema: { type: 'string' },
  }))
  return [...inPath, ...inHeader]
}

function answersOf(answers: Readonly<Record<number, Answer>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, content, headers }]) => [
      status,
      {
        description,
        ...(headers && { headers: headersOf(headers) }),
        ...(content && { content: contentOf(content) }),
      },
    ]),
  )
}

const headersOf = (headers: Readonly<Record<string, string>>): Json =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  )

const contentOf = (content: Readonly<Record<string, TSchema | string>>): Json =>
  Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [
      type,
      typeof schema === 'string'
        ? { schema: { description: schema } }
        : { schema: withReferences(schema) },
    ]),
  )

/** Both sets of responses; a status in both has the contents of both. */
function merged(answers: Record<string, Json>, problems: Record<string, Json>): Json {
  const responses: Record<string, Json> = { ...problems, ...answers }
  for (const [status, answer] of Object.entries(answers)) {
    const clash = problems[status]
    if (!clash) continue
    const content = { ...(answer.content as Json), ...(clash.content as Json) }
    responses[status] = { ...clash, ...answer, content }
  }
  return responses
}

/** One response for each status; several problems may share one. */
function problemsOf(codes: readonly ProblemCode[]): Record<string, Json> {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set(codes)) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, sharing]) => [
      status,
      {
        description: sharing.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; '),
        ...(status === 429 || status === 503
          ? { headers: headersOf({ 'Retry-After': 'seconds' }) }
          : {}),
        content: { 'application/problem+json': { schema: withReferences(ProblemDocument) } },
      },
    ]),
  )
}

/** A copy of a schema in which named schemas are referred to instead of repeated. */
function withReferences(schema: unknown, isTop = false): unknown {
  if (Array.isArray(schema)) return schema.map((one) => withReferences(one))
  if (typeof schema !== 'object' || schema === null) return schema
  const { $id, ...members } = schema as Json
  if (typeof $id === 'string' && !isTop) return { $ref: `#/components/schemas/${$id}` }
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, withReferences(member)]),
  )
}
