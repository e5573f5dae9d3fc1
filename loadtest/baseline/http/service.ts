/** What the servers of both variants share: the health routes, and what a thrown error becomes. */
import { RedisUnavailable } from '../../../lua/errors.ts'
import { isDependencyDown } from '../../../platform/errors.ts'
import { type Checks, readinessOf } from '../../../platform/health.ts'
import type { Log } from '../../../platform/log.ts'
import type { Metrics } from '../../../platform/metrics.ts'
import type { Variant } from '../api.ts'
import { type Call, type HttpServer, json, problem, type Reply, type Route } from './http.ts'
import { NodeServer } from './nodeServer.ts'
import { UwsServer } from './uwsServer.ts'

/** The server of a variant with the service's routes and those of its health. */
export function createServer(options: {
  variant: Variant
  port: number
  routes: readonly Route[]
  checks: Checks
  metrics: Metrics
  log: Log
}): HttpServer {
  const { variant, port, checks, metrics, log } = options
  const routes = [...options.routes, ...healthRoutes(checks, metrics)]
  const requests = metrics.counter('holdfast_http_requests_total', 'Requests answered', [
    'route',
    'status',
  ])
  const answer = async (route: Route, call: Call): Promise<Reply> => {
    let reply: Reply
    try {
      reply = await route.handle(call)
    } catch (error) {
      reply = replyToFault(log, route, error)
    }
    requests.inc({ route: route.path, status: reply.status })
    return reply
  }
  const server = { port, routes, answer, log }
  return variant === 'tuned' ? new UwsServer(server) : new NodeServer(server)
}

function healthRoutes(checks: Checks, metrics: Metrics): Route[] {
  const route = (path: string, handle: () => Promise<Reply>): Route => ({
    ...{ method: 'GET' as const, path, headers: [], bodyBytesMax: 0, handle },
  })
  return [
    route('/livez', async () => json(200, { live: true })),
    route('/readyz', async () => {
      const readiness = await readinessOf(checks)
      return json(readiness.ready ? 200 : 503, readiness)
    }),
    route('/metrics', async () => ({
      status: 200,
      contentType: metrics.registry.contentType,
      body: await metrics.registry.metrics(),
    })),
  ]
}

function replyToFault(log: Log, route: Route, error: unknown): Reply {
  if (error instanceof RedisUnavailable || isDependencyDown(error)) {
    log.debug({ err: error, route: route.path }, 'a dependency is down')
    return problem('unavailable', 'try again with the same Idempotency-Key')
  }
  log.error({ err: error, route: route.path }, 'a request failed')
  return problem('internal')
}
