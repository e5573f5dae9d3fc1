/**
 * The HTTP side of the service for tests, on real Redis and SQL but without Kafka: everything a
 * request meets, with the saga's part played by calling its scripts.
 */
import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import type { Reservation, Session, Show } from '../../contracts/http.ts'
import { ticketIdOf } from '../../contracts/ids.ts'
import type { Problem } from '../../contracts/problem.ts'
import { createClient, type RedisClient, whenReady } from '../../lua/client.ts'
import { SeatScripts } from '../../lua/seatScripts.ts'
import { createLog, type Log } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { Database } from '../../platform/mysql/database.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import { freshDatabasePrefix, freshRedisUrl, testMysqlUrl } from '../../platform/testing/infra.ts'
import { Booking } from '../booking/booking.ts'
import { Feed, type FeedLimits } from '../feed/feed.ts'
import { Admissions } from '../http/auth/admissions.ts'
import { RateLimiter } from '../http/auth/rateLimiter.ts'
import { SESSION_ALGORITHM, SessionIssuer } from '../http/auth/sessions.ts'
import { localKeys, TokenVerifier } from '../http/auth/tokens.ts'
import { Page } from '../http/page.ts'
import { allRoutes } from '../http/routes/all.ts'
import { HttpServer, type HttpServerOptions } from '../http/server.ts'
import { RedisClock } from '../log/redisClock.ts'
import { LogTail } from '../log/tail.ts'
import { ProjectedReservations } from '../projection/reservations.ts'
import { Gate } from '../rebuild/gate.ts'
import { SeatMaps } from '../seatmap/seatMaps.ts'
import { Shows } from '../shows/shows.ts'

const SHARDS = 4
const LEASE_MS = 10_000
const HOUR_MS = 3_600_000
const FEED_LIMITS: FeedLimits = {
  tickMs: 50,
  allowedOrigins: [],
  connectionsMax: 10_000,
  connectionsPerCustomerMax: 100,
  messagesPerSMax: 200,
}

export interface EdgeOptions {
  buyerRequestsPerSMax?: number
  checkoutsUnderWayMax?: number
  server?: Partial<HttpServerOptions>
  /** A Redis of the test's own, or that of another edge, whose shards are open then. */
  redisUrl?: string
  mysqlUrl?: string
  /** The database of another edge. */
  db?: Database
  /** Whose tokens are good here too. */
  issuer?: SessionIssuer
  feed?: Partial<FeedLimits>
  /** What is served at `/`; by default as where nothing was built. */
  pageFolder?: string
  /** With `silent` (the default) faults are counted and not seen. */
  logLevel?: string
}

export interface Edge {
  /** http://127.0.0.1:<port> */
  readonly url: string
  readonly server: HttpServer
  readonly redisUrl: string
  readonly scripts: SeatScripts
  readonly redis: RedisClient
  readonly db: Database
  readonly gate: Gate
  readonly maps: SeatMaps
  readonly booking: Booking
  readonly tail: LogTail
  readonly metrics: Metrics
  readonly issuer: SessionIssuer
  readonly adminToken: string
  /** Commands that were sent to Redis so far, blocking reads of the log excluded. */
  commandsSent(): number
  stop(): Promise<void>
}

/** A served edge with names of its own. Everything of it is gone after `stop`. */
export async function startEdge(options: EdgeOptions = {}): Promise<Edge> {
  const redisUrl = options.redisUrl ?? (await freshRedisUrl())
  const db = options.db ?? (await openDatabase(options.mysqlUrl ?? (await testMysqlUrl())))
  const redis = createClient({ url: redisUrl })
  const commandsSent = countCommands(redis)
  await whenReady(redis, 5_000)
  const scripts = new SeatScripts(redis)
  const gate = new Gate(SHARDS)
  await openShards(scripts, gate)
  const log = createLog('edge-test', options.logLevel ?? 'silent')
  const metrics = new Metrics()
  const clock = new RedisClock()
  const tail = new LogTail({
    redisUrl,
    shards: SHARDS,
    readTip: (query) => scripts.readTip(query),
    clock,
    log,
    metrics,
  })
  const maps = new SeatMaps({ client: redis, scripts, tail, gate, log, metrics })
  await tail.start()
  await maps.start()
  const shows = new Shows({ db, shards: SHARDS })
  const projection = new ProjectedReservations(db)
  const { checkoutsUnderWayMax = 10_000 } = options
  const booking = new Booking({
    ...{ scripts, shows, gate, projection, tail, metrics, checkoutsUnderWayMax },
  })
  const { issuer, tokens } = await createTokens(options.issuer)
  const admissions = new Admissions({
    tokens,
    limiter: new RateLimiter(options.buyerRequestsPerSMax ?? 0),
  })
  const feed = new Feed({
    ...{ booking, shows, maps, tail, clock, redis, tokens, admissions, log, metrics },
    limits: { ...FEED_LIMITS, ...options.feed },
  })
  const server = serverOf({
    ...{ options, booking, shows, maps, issuer, tokens, admissions, feed, db, log, metrics },
  })
  await server.start()
  const adminToken = await operatorToken(issuer)
  const stop = async () => {
    await server.stop()
    await maps.stop()
    await tail.stop()
    redis.disconnect()
    if (!options.db) await db.stop()
  }
  const url = `http://127.0.0.1:${server.port}`
  return {
    ...{ url, server, redisUrl, scripts, redis, db, gate, maps, booking, issuer, adminToken },
    ...{ tail, metrics, commandsSent, stop },
  }
}

function serverOf(of: {
  options: EdgeOptions
  booking: Booking
  shows: Shows
  maps: SeatMaps
  issuer: SessionIssuer
  tokens: TokenVerifier
  admissions: Admissions
  feed: Feed
  db: Database
  log: Log
  metrics: Metrics
}): HttpServer {
  const { options, booking, admissions, feed, db, log, metrics } = of
  const routes = allRoutes({
    ...of,
    sessionTtlMs: HOUR_MS,
    checks: { sql: () => db.check() },
    page: Page.load(options.pageFolder ?? '/nowhere'),
    version: '0.0.0-test',
  })
  return new HttpServer({
    host: '127.0.0.1',
    port: 0,
    isPortShared: false,
    routes,
    ...{ admissions, log, metrics },
    attach: (app) => feed.attach(app),
    onDrain: () => {
      booking.sendWaitersHome()
      return feed.drain()
    },
    ...options.server,
  })
}

async function operatorToken(issuer: SessionIssuer): Promise<string> {
  const nowMs = Date.now()
  const operator = { customerId: 'operator', scope: 'admin', ttlMs: HOUR_MS, nowMs }
  return (await issuer.issue(operator)).token
}

function countCommands(redis: RedisClient): () => number {
  let count = 0
  const observed = redis as { sendCommand(...args: unknown[]): unknown }
  const send = observed.sendCommand
  observed.sendCommand = (...args) => {
    count += 1
    return send.apply(observed, args)
  }
  return () => count
}

async function openDatabase(url: string): Promise<Database> {
  const database = `${freshDatabasePrefix()}_reservation`
  const db = new Database({ url, database, poolSize: 4, log: createLog('edge-test', 'silent') })
  await db.start()

  await migrate(db, [new URL('../migrations/', import.meta.url)])
  return db
}

/** What the leader of a shard does with an empty Redis; shards that are open stay as they are. */
async function openShards(scripts: SeatScripts, gate: Gate): Promise<void> {
  const token = randomBytes(8).toString('hex')
  for (let shard = 0; shard < SHARDS; shard++) {
    const epoch = await scripts.readEpoch({ shard })
    if (epoch !== null) {
      gate.open(shard, epoch)
      continue
    }
    await scripts.takeLease({ shard, token, ttlMs: LEASE_MS })
    const opened = await scripts.openShard({ shard, token, pastId: '0-0' })
    if (opened.type === 'not_leader') throw new Error('somebody else leads an empty Redis')
    gate.open(shard, opened.epoch)
    await scripts.releaseLease({ shard, token })
  }
}

const RULES = { issuer: 'holdfast', audience: 'holdfast' }

async function createIssuer(): Promise<SessionIssuer> {
  const { privateKey } = await generateKeyPair(SESSION_ALGORITHM, { extractable: true })
  return SessionIssuer.create({ privateJwk: { ...(await exportJWK(privateKey)) }, ...RULES })
}

async function createTokens(
  known?: SessionIssuer,
): Promise<{ issuer: SessionIssuer; tokens: TokenVerifier }> {
  const issuer = known ?? (await createIssuer())
  const tokens = new TokenVerifier({
    keys: localKeys([issuer.publicJwk]),
    rules: { ...RULES, algorithm: SESSION_ALGORITHM },
  })
  return { issuer, tokens }
}

/** An answer, with its body read as JSON when it has one. */
export interface Answered<T> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

export interface CallOptions {
  token?: string
  key?: string
  body?: unknown
  headers?: Record<string, string>
}

/** Makes a call; `target` is `METHOD /path`. Problems must be problem documents, or it throws. */
export async function call<T = Problem>(
  edge: Pick<Edge, 'url'>,
  target: string,
  options: CallOptions = {},
): Promise<Answered<T>> {
  const [method = '', path = ''] = target.split(' ')
  const { token, key, body, headers } = options
  const response = await fetch(edge.url + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(key !== undefined && { 'idempotency-key': key }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const answered = {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? null : JSON.parse(text)) as T,
  }
  if (response.status >= 400 && text !== '') assertProblem(answered)
  return answered
}

function assertProblem({ status, headers, body }: Answered<unknown>): void {
  const problem = body as Partial<Problem>
  const isSound =
    headers.get('content-type') === 'application/problem+json' &&
    problem.status === status &&
    problem.type === `urn:holdfast:problem:${problem.code}` &&
    typeof problem.title === 'string'
  if (!isSound) throw new Error(`${status} is no problem document: ${JSON.stringify(problem)}`)
}

/** A new guest. */
export async function guest(edge: Pick<Edge, 'url'>): Promise<Session> {
  return (await call<Session>(edge, 'POST /v1/sessions', { body: {} })).body
}

/** A show of 2 x 20 seats in section A (100 each) and 10 in section B (70), ids made up. */
export async function newShow(
  edge: Pick<Edge, 'url' | 'adminToken'>,
  change: Record<string, unknown> = {},
): Promise<Show> {
  const { status, body } = await call<Show>(edge, 'POST /v1/shows', {
    token: edge.adminToken,
    body: {
      name: 'A show',
      startsAt: '2030-01-01T19:00:00Z',
      currency: 'KRW',
      sections: [
        {
          id: 'A',
          name: 'Stalls',
          price: 100,
          rows: [
            { id: '1', seats: 20 },
            { id: '2', seats: 20 },
          ],
        },
        { id: 'B', name: 'Circle', price: 70, rows: [{ id: '1', seats: 10 }] },
      ],
      ...change,
    },
  })
  if (status !== 201) throw new Error(`no show: ${JSON.stringify(body)}`)
  return body
}

let keys = 0
/** An idempotency key that was not used before in this process. */
export const newKey = (): string => {
  keys += 1
  return `key-${keys}`
}

/** Holds seats of a show, and answers the reservation. Throws unless it is 201. */
export async function holdOf(
  edge: Pick<Edge, 'url'>,
  showId: string,
  token: string,
  seatIds: readonly string[],
): Promise<Reservation> {
  const target = `POST /v1/shows/${showId}/reservations`
  const held = await call<Reservation>(edge, target, { token, key: newKey(), body: { seatIds } })
  if (held.status !== 201) throw new Error(`no hold: ${JSON.stringify(held.body)}`)
  return held.body
}

/** Begins to pay with a token that nobody will look at. Throws unless it is 202. */
export async function checkOutOf(
  edge: Pick<Edge, 'url'>,
  reservationId: string,
  token: string,
): Promise<Reservation> {
  const target = `POST /v1/reservations/${reservationId}/checkout`
  const body = { payment: { token: 'tok_ok' } }
  const paying = await call<Reservation>(edge, target, { token, key: newKey(), body })
  if (paying.status !== 202) throw new Error(`no checkout: ${JSON.stringify(paying.body)}`)
  return paying.body
}

const shardOf = (reservationId: string): number => Number(reservationId.slice(1, 3))

/** Plays ticket_confirm: the tickets are issued, the seats are sold. */
export async function confirm(edge: Pick<Edge, 'scripts'>, of: Reservation): Promise<void> {
  const { reservationId, showId, seatIds } = of
  await edge.scripts.confirmSeats({
    shard: shardOf(reservationId),
    reservationId,
    showId,
    cause: `confirm-${reservationId}`,
    paymentId: `pay-${reservationId}`,
    tickets: seatIds.map((seatId, at) => ({
      ticketId: ticketIdOf(reservationId, at + 1),
      seatId,
    })),
  })
}

/** Plays ticket_cancel or its kin. */
export async function cancel(
  edge: Pick<Edge, 'scripts'>,
  of: Reservation,
  how: Pick<Parameters<SeatScripts['cancelSeats']>[0], 'input' | 'reason'>,
): Promise<void> {
  const { reservationId, showId } = of
  const cause = `cancel-${reservationId}`
  await edge.scripts.cancelSeats({
    shard: shardOf(reservationId),
    reservationId,
    showId,
    cause,
    ...how,
  })
}
