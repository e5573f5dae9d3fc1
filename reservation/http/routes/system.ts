/** Health, metrics, the documents that describe us, and the page at `/`. */
import { Liveness, Readiness } from '../../../contracts/http.ts'
import { type Checks, readinessOf } from '../../../platform/health.ts'
import type { Metrics } from '../../../platform/metrics.ts'
import { staticPage } from '../page.ts'
import { json, jsonText } from '../reply.ts'
import { type Route, route } from '../route.ts'

export function systemRoutes(options: { checks: Checks; metrics: Metrics }): Route[] {
  const { checks, metrics } = options
  const { registry } = metrics
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
    }),
    route({
      method: 'GET',
      path: '/',
      access: 'public',
      document: {
        operationId: 'page',
        summary: 'A page for people',
        tag: 'system',
        answers: { 200: { description: 'the page', content: { 'text/html': 'HTML' } } },
      },
      handle: staticPage,
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
