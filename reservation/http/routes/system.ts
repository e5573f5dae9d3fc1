/** Health, metrics, the documents that describe us, and the page at `/` with its parts. */
import { Liveness, Readiness } from '../../../contracts/http.ts'
import { type Checks, readinessOf } from '../../../platform/health.ts'
import type { Metrics } from '../../../platform/metrics.ts'
import { PAGE_HEADERS, type Page } from '../page.ts'
import { json, jsonText } from '../reply.ts'
import { type Route, route } from '../route.ts'

export function systemRoutes(options: { checks: Checks; metrics: Metrics; page: Page }): Route[] {
  const { checks, metrics, page } = options
  return [...healthRoutes(checks), metricsRoute(metrics), ...pageRoutes(page)]
}

function healthRoutes(checks: Checks): Route[] {
  return [
    route({
      method: 'GET',
      path: '/livez',
      access: 'public',
      document: {
        operationId: 'livez',
        summary: 'Whether the process answers',
        tag: 'system',
        answers: { 200: { description: 'it does', content: { 'application/json': Liveness } } },
      },
      handle: () => json(200, { live: true }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      access: 'public',
      document: {
        operationId: 'readyz',
        summary: 'Whether requests can be served, and what is in the way',
        tag: 'system',
        answers: {
          200: { description: 'ready', content: { 'application/json': Readiness } },
          503: { description: 'not ready', content: { 'application/json': Readiness } },
        },
      },
      handle: async () => {
        const readiness = await readinessOf(checks)
        return json(readiness.ready ? 200 : 503, readiness)
      },
    }),
  ]
}

const metricsRoute = ({ registry }: Metrics): Route =>
  route({
    method: 'GET',
    path: '/metrics',
    access: 'public',
    document: {
      operationId: 'metrics',
      summary: 'Figures of this process',
      tag: 'system',
      answers: {
        200: { description: 'figures', content: { 'text/plain': 'Prometheus text format' } },
      },
    },
    handle: async () => ({
      status: 200,
      contentType: registry.contentType,
      body: await registry.metrics(),
    }),
  })

function pageRoutes(page: Page): Route[] {
  const unchanged = { description: 'the client has it' }
  return [
    route({
      method: 'GET',
      path: '/',
      access: 'public',
      headers: PAGE_HEADERS,
      document: {
        operationId: 'page',
        summary: 'The seat picker',
        tag: 'system',
        answers: {
          200: { description: 'the page', content: { 'text/html': 'HTML' } },
          304: unchanged,
        },
      },
      handle: ({ headers }) => page.index(headers),
    }),
    route({
      method: 'GET',
      path: '/assets/{file}',
      access: 'public',
      headers: PAGE_HEADERS,
      document: {
        operationId: 'pageAsset',
        summary: 'A part of the seat picker; its name changes with its content',
        tag: 'system',
        answers: {
          200: {
            description: 'the part',
            content: {
              'text/javascript': 'a script',
              'text/css': 'a style sheet',
              'image/svg+xml': 'an image',
            },
          },
          304: unchanged,
        },
        problems: ['not-found'],
      },
      handle: ({ params, headers }) => page.asset(params[0] as string, headers),
    }),
  ]
}

/** A route that answers a JSON document which is made when it is first asked for. */
export function documentRoute(options: {
  path: string
  operationId: string
  summary: string
  make: () => unknown
}): Route {
  const { path, operationId, summary, make } = options
  let text: string | null = null
  return route({
    method: 'GET',
    path,
    access: 'public',
    document: {
      operationId,
      summary,
      tag: 'system',
      answers: {
        200: { description: 'the document', content: { 'application/json': 'the document' } },
      },
    },
    handle: () => {
      text ??= JSON.stringify(make())
      return jsonText(200, text)
    },
  })
}
