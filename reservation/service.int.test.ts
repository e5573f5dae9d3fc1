import { generateKeyPairSync } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Reservation, SeatMap, Session, Show, ShowList } from '../contracts/http.ts'
import { compareLogIds, shardOfReservation } from '../contracts/ids.ts'
import { loadConfig } from '../platform/config.ts'
import { createLog } from '../platform/log.ts'
import { Database } from '../platform/mysql/database.ts'
import { type OwnInfra, startOwnInfra, waitFor } from '../platform/testing/infra.ts'
import { spec } from './config.ts'
import { SessionIssuer } from './http/auth/sessions.ts'
import { createReservationService, type ReservationService } from './service.ts'
import { call, checkOutOf, guest, holdOf, newKey, newShow } from './testing/edge.ts'

let infra: OwnInfra
let service: ReservationService
let edge: { url: string; adminToken: string }
let buyer: Session
let show: Show

const privateJwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })

beforeAll(async () => {
  infra = await startOwnInfra()
  service = await startService()
  const url = `http://127.0.0.1:${service.server.port}`
  const rules = { issuer: 'holdfast', audience: 'holdfast' }
  const issuer = await SessionIssuer.create({ privateJwk: { ...privateJwk }, ...rules })
  const admin = { customerId: 'operator', scope: 'admin', ttlMs: 3_600_000, nowMs: Date.now() }
  edge = { url, adminToken: (await issuer.issue(admin)).token }
  await isReady()
  buyer = await guest(edge)
  show = await newShow(edge, { policy: { seatsPerBuyerMax: 1_000 } })
})

afterAll(async () => {
  await stopService()
  await infra.stop()
})

async function startService(): Promise<ReservationService> {
  const config = loadConfig(spec, {
    REDIS_URL: infra.redisUrl,
    MYSQL_URL: infra.mysqlUrl,
    KAFKA_BROKERS: infra.kafkaBrokers,
    REDIS_SHARDS: '4',
    HOST: '127.0.0.1',
    PORT: '0',
    SESSION_ISSUER: 'on',
    SESSION_KEY: JSON.stringify(privateJwk),
  })
  const built = await createReservationService(config, createLog('reservation', 'silent'))
  for (const component of built.components) await component.start()
  return built
}

async function stopService(): Promise<void> {
  for (const component of [...service.components].reverse()) await component.stop()
}

const isReady = () =>
  waitFor('the service to be ready', async () => (await fetch(`${edge.url}/readyz`)).ok, {
    timeoutMs: 60_000,
  })

let seat = 0
const nextSeat = () => {
  seat += 1
  return `A-1-${seat}`
}
const holdRequest = (key = newKey()) => ({
  token: buyer.token,
  key,
  body: { seatIds: [nextSeat()] },
})
const holds = () => `POST /v1/shows/${show.showId}/reservations`

/** The answer must be 503 with Retry-After, within a second and what a busy machine adds. */
async function expectUnavailable(target: string, options: Parameters<typeof call>[2] = {}) {
  const begun = performance.now()
  const refused = await call(edge, target, options)
  const tookMs = performance.now() - begun
  expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(tookMs).toBeLessThan(1_300)
}

describe('the whole service', () => {
  test('takes a checkout from HTTP through the log and SQL to Kafka', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const paying = await checkOutOf(edge, held.reservationId, buyer.token)
    const db = new Database({
      url: infra.mysqlUrl,
      database: 'holdfast_reservation',
      poolSize: 1,
      log: createLog('test', 'silent'),
    })
    await db.start()
    const published = await waitFor('payment_request to be published', async () => {
      const [row] = await db.query<{ body: string; published_at: number | null }>(
        "SELECT body, published_at FROM outbox WHERE topic = 'payment_request' AND event_key = ?",
        [held.reservationId],
      )
      return row?.published_at ? row : null
    })
    await db.stop()
    expect(JSON.parse((published as { body: string }).body)).toMatchObject({
      id: `s${held.reservationId.slice(1, 3)}-${paying.version}`,
      data: {
        topic: 'payment_request',
        payload: {
          reservationId: held.reservationId,
          customerId: buyer.customerId,
          seatIds: held.seatIds,
          amount: { currency: 'KRW', value: 100 },
          paymentToken: 'tok_ok',
          payBy: paying.expiresAt,
        },
      },
    })
  })

  test('expires a hold by itself, and wakes who waits for it', async () => {
    const short = await newShow(edge, { policy: { holdTtlMs: 500 } })
    const held = await holdOf(edge, short.showId, buyer.token, ['A-1-1'])
    const answered = await call<Reservation>(edge, `GET /v1/reservations/${held.reservationId}`, {
      token: buyer.token,
      headers: { prefer: 'wait=10' },
    })
    expect(answered.body.status).toBe('expired')
    const lagMs = Date.now() - Date.parse(held.expiresAt as string)
    expect(lagMs).toBeGreaterThanOrEqual(-50)
    expect(lagMs).toBeLessThan(2_000)
  })
})

describe('while Redis does not answer', () => {
  test('everything that needs it is 503 within a second, and the same key works later', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const request = holdRequest()
    await infra.redis.kill('SIGSTOP')
    try {
      await Promise.all([
        expectUnavailable(holds(), request),
        expectUnavailable(`GET /v1/reservations/${held.reservationId}`, buyer),
        expectUnavailable(`DELETE /v1/reservations/${held.reservationId}`, buyer),
      ])
      expect((await fetch(`${edge.url}/livez`)).status).toBe(200)
      expect((await call<ShowList>(edge, 'GET /v1/shows')).status).toBe(200)
    } finally {
      await infra.redis.kill('SIGCONT')
    }
    const repeated = await waitFor('the same key to be answered', async () => {
      const answer = await call<Reservation>(edge, holds(), request)
      return answer.status === 201 ? answer : null
    })
    const id = (repeated as { body: Reservation }).body.reservationId
    expect((await call(edge, `GET /v1/reservations/${id}`, buyer)).status).toBe(200)
  })

  test('a Redis that was killed and came back has kept what was answered', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    await checkOutOf(edge, held.reservationId, buyer.token)
    await infra.redis.kill()
    await expectUnavailable(holds(), holdRequest())
    await infra.redis.restart()
    await waitFor('a hold', async () => (await call(edge, holds(), holdRequest())).status === 201)
    const found = await call(edge, `GET /v1/reservations/${held.reservationId}`, buyer)
    expect(found.body).toMatchObject({ status: 'paying' })
  })

  test('a Redis that was emptied is rebuilt; until then 503, then what was paid is there', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const lost = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const paying = await checkOutOf(edge, held.reservationId, buyer.token)
    const shard = shardOfReservation(held.reservationId)
    const projected = () => service.engine.projector.positionOf(shard)
    await waitFor('SQL to know', () => compareLogIds(projected() ?? '0-0', paying.version) >= 0)
    const redis = new Redis(infra.redisUrl)
    await redis.flushall()
    redis.disconnect()
    const after = await waitFor(
      'the reservation to be back',
      async () => {
        const answer = await call(edge, `GET /v1/reservations/${held.reservationId}`, buyer)
        expect([200, 503]).toContain(answer.status)
        return answer.status === 200 ? answer : null
      },
      { timeoutMs: 30_000 },
    )
    expect(after.body).toMatchObject({ status: 'paying', seatIds: held.seatIds })
    expect((await call(edge, `GET /v1/reservations/${lost.reservationId}`, buyer)).status).toBe(404)
    const again = { token: buyer.token, key: newKey(), body: { seatIds: held.seatIds } }
    expect(await call(edge, holds(), again)).toMatchObject({ body: { code: 'seats-taken' } })
    const freed = { ...again, key: newKey(), body: { seatIds: lost.seatIds } }
    expect((await call(edge, holds(), freed)).status).toBe(201)
  })
})

describe('while SQL is away', () => {
  test('shows in memory are sold on, and what needs SQL is 503', async () => {
    const map = `GET /v1/shows/${show.showId}/seats`
    await call<SeatMap>(edge, map)
    await call<ShowList>(edge, 'GET /v1/shows')
    await infra.mariadb.kill()
    try {
      expect((await call(edge, holds(), holdRequest())).status).toBe(201)
      expect((await call(edge, map)).status).toBe(200)
      expect((await call(edge, `GET /v1/shows/${show.showId}`)).status).toBe(200)
      expect((await call<ShowList>(edge, 'GET /v1/shows')).status).toBe(200)
      await expectUnavailable('GET /v1/shows/not-in-memory')
      await expectUnavailable('POST /v1/shows', {
        token: edge.adminToken,
        body: {
          name: 'A show',
          startsAt: '2030-01-01T19:00:00Z',
          currency: 'KRW',
          sections: [{ id: 'A', name: 'A', price: 1, rows: [{ id: '1', seats: 1 }] }],
        },
      })
    } finally {
      await infra.mariadb.restart()
    }
    await isReady()
    expect((await newShow(edge)).total).toBe(50)
  })
})

describe('a stop', () => {
  test('answers who waits, with the state as it is, and leaves nothing open', async () => {
    const held = await holdOf(edge, show.showId, buyer.token, [nextSeat()])
    const waiting = call<Reservation>(edge, `GET /v1/reservations/${held.reservationId}`, {
      token: buyer.token,
      headers: { prefer: 'wait=30' },
    })
    await waitFor('somebody to wait', async () => {
      const text = await (await fetch(`${edge.url}/metrics`)).text()
      return /^holdfast_waiting_requests 1$/m.test(text)
    })
    const begun = performance.now()
    const stopped = stopService()
    expect(await waiting).toMatchObject({ status: 200, body: { status: 'held' } })
    await stopped
    expect(performance.now() - begun).toBeLessThan(10_000)
    await expect(fetch(`${edge.url}/livez`)).rejects.toThrow()
  })
})
