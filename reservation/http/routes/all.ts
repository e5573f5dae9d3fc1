/** Every route of the service. */
import { asyncapi } from '../../../contracts/asyncapi.ts'
import type { Checks } from '../../../platform/health.ts'
import type { Metrics } from '../../../platform/metrics.ts'
import type { Booking } from '../../booking/booking.ts'
import type { Shows } from '../../shows/shows.ts'
import type { SessionIssuer } from '../auth/sessions.ts'
import type { TokenVerifier } from '../auth/tokens.ts'
import { openapi } from '../openapi.ts'
import type { Page } from '../page.ts'
import type { Route } from '../route.ts'
import { reservationRoutes } from './reservations.ts'
import { sessionRoutes } from './sessions.ts'
import { type Snapshots, showRoutes } from './shows.ts'
import { documentRoute, systemRoutes } from './system.ts'

export interface RoutesOptions {
  readonly booking: Booking
  readonly shows: Shows
  readonly maps: Snapshots
  readonly tokens: TokenVerifier
  /** The built-in issuer; null when tokens come from elsewhere, and then there are no guests. */
  readonly issuer: SessionIssuer | null
  readonly sessionTtlMs: number
  readonly checks: Checks
  readonly metrics: Metrics
  readonly page: Page
  /** Version of Holdfast, for the documents. */
  readonly version: string
}

export function allRoutes(options: RoutesOptions): Route[] {
  const { booking, shows, maps, tokens, issuer, sessionTtlMs: ttlMs, version } = options
  const versionSeen = (showId: string) => booking.versionSeen(showId)
  const routes: Route[] = [
    ...(issuer ? sessionRoutes({ issuer, tokens, ttlMs }) : []),
    ...showRoutes({ shows, maps, versionSeen }),
    ...reservationRoutes(booking),
    ...systemRoutes(options),
    documentRoute({
      path: '/asyncapi.json',
      operationId: 'asyncapi',
      summary: 'The messages, as AsyncAPI 3.0',
      make: () => asyncapi(version),
    }),
  ]
  const describe = documentRoute({
    path: '/openapi.json',
    operationId: 'openapi',
    summary: 'This document',
    make: () => openapi([...routes, describe], version),
  })
  return [...routes, describe]
}
