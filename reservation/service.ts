/** Builds the reservation service from its configuration. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createClient, type RedisClient } from '../lua/client.ts'
import { SeatScripts } from '../lua/seatScripts.ts'
import type { Checks } from '../platform/health.ts'
import { KafkaConnection } from '../platform/kafka/connection.ts'
import { KafkaProducer } from '../platform/kafka/producer.ts'
import type { Component } from '../platform/lifecycle.ts'
import type { Log } from '../platform/log.ts'
import { Metrics } from '../platform/metrics.ts'
import { Database } from '../platform/mysql/database.ts'
import { migrate } from '../platform/mysql/migrate.ts'
import { Outbox } from '../platform/outbox/outbox.ts'
import { Booking } from './booking/booking.ts'
import type { ReservationConfig } from './config.ts'
import { createEngine, type Engine } from './engine.ts'
import { Feed } from './feed/feed.ts'
import { Admissions } from './http/auth/admissions.ts'
import { RateLimiter } from './http/auth/rateLimiter.ts'
import { SessionIssuer } from './http/auth/sessions.ts'
import { localKeys, remoteKeys, TokenVerifier } from './http/auth/tokens.ts'
import { Page } from './http/page.ts'
import { allRoutes } from './http/routes/all.ts'
import { HttpServer } from './http/server.ts'
import { Shows } from './shows/shows.ts'

/** Where the build leaves the seat picker. */
const PAGE_FOLDER = fileURLToPath(new URL('../web/dist/', import.meta.url))
export const RESERVATION_MIGRATIONS = new URL('./migrations/', import.meta.url)

export interface ReservationService {
  /** In the order in which they start. */
  readonly components: readonly Component[]
  readonly engine: Engine
  readonly server: HttpServer
}

/** Nothing runs before the components are started, and nothing is asked of any server. */
export async function createReservationService(
  config: ReservationConfig,
  log: Log,
): Promise<ReservationService> {
  const { redisUrl, shards } = config
  const metrics = new Metrics()
  const db = new Database({
    url: config.mysqlUrl,
    database: `${config.mysqlDatabasePrefix}_reservation`,
    poolSize: config.sqlConnections,
    log,
  })
  const client = createClient({
    url: redisUrl,
    name: 'holdfast-commands',
    onError: (error) => log.debug({ err: error }, 'there is no connection to Redis'),
  })
  const scripts = new SeatScripts(client)
  const brokers = config.kafkaBrokers
  const connection = new KafkaConnection({ brokers, clientId: 'reservation', log })
  const producer = new KafkaProducer({ connection })
  const outbox = new Outbox({ db, producer, source: '/reservation', log, metrics })
  const shows = new Shows({ db, shards })
  const engine = createEngine({
    ...{ redisUrl, client, scripts, shards, db, outbox, shows, connection, producer, log, metrics },
  })
  const { gate, tail, reservations: projection } = engine
  const { checkoutsUnderWayMax } = config
  const booking = new Booking({
    ...{ scripts, shows, gate, projection, tail, metrics, checkoutsUnderWayMax },
  })
  const checks = { sql: () => db.check(), outbox: () => outbox.check(), ...engine.checks }
  const server = await createServer({
    ...{ config, booking, shows, engine, redis: client, checks, metrics, log },
  })
  const migrations = component('migrations', () => migrate(db, [RESERVATION_MIGRATIONS]))
  return {
    components: [
      ...[closing(client), db, migrations],
      // From here on requests are answered, with 503 until the guard has opened the shards.
      server.listening,
      ...[producer, outbox, ...engine.components],
      // Stopped first: what is under way is finished while everything it needs still runs.
      server.draining,
    ],
    engine,
    server,
  }
}

async function createServer(of: {
  config: ReservationConfig
  booking: Booking
  shows: Shows
  engine: Engine
  redis: RedisClient
  checks: Checks
  metrics: Metrics
  log: Log
}): Promise<HttpServer> {
  const { config, booking, shows, engine, redis, metrics, log } = of
  const { maps, tail, clock } = engine
  const issuer = config.sessionKey && (await createIssuer(config, config.sessionKey))
  const tokens = new TokenVerifier({
    keys: issuer ? localKeys([issuer.publicJwk]) : remoteKeys(config.jwksUrl as string),
    rules: {
      algorithm: config.jwtAlgorithm,
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
    },
  })
  const routes = allRoutes({
    ...{ booking, shows, maps, checks: of.checks, metrics, tokens },
    page: Page.load(PAGE_FOLDER),
    issuer: config.issuesSessions ? issuer : null,
    sessionTtlMs: config.sessionTtlMs,
    version: versionOfHoldfast(),
  })
  const limiter = new RateLimiter(config.buyerRequestsPerSMax)
  const admissions = new Admissions({ tokens, limiter })
  const feed = new Feed({
    ...{ booking, shows, maps, tail, clock, redis, tokens, admissions, log, metrics },
    limits: feedLimitsOf(config),
  })
  return new HttpServer({
    host: config.host,
    port: config.port,
    isPortShared: config.isPortShared,
    routes,
    admissions,
    log,
    metrics,
    attach: (app) => feed.attach(app),
    onDrain: () => {
      booking.sendWaitersHome()
      return feed.drain()
    },
  })
}

const feedLimitsOf = (config: ReservationConfig) => ({
  tickMs: config.feedTickMs,
  allowedOrigins: config.allowedOrigins,
  connectionsMax: config.feedConnectionsMax,
  connectionsPerCustomerMax: config.feedConnectionsPerCustomerMax,
  messagesPerSMax: config.feedMessagesPerSMax,
})

const createIssuer = (config: ReservationConfig, privateJwk: Record<string, unknown>) =>
  SessionIssuer.create({
    privateJwk,
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
  })

function versionOfHoldfast(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

const component = (name: string, start: () => Promise<void>): Component => ({
  name,
  start,
  stop: async () => {},
})

/** The connection is there from the beginning and makes itself anew; only its end is ours. */
const closing = (client: RedisClient): Component => ({
  name: 'redis',
  start: async () => {},
  stop: async () => client.disconnect(),
})
