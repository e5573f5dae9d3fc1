import { generateKeyPairSync } from 'node:crypto'
import { Redis } from 'ioredis'
import { WebSocket } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Connection, connect } from '../../client/holdfast.ts'
import type { Reservation, SeatMap, Session, Show } from '../../contracts/http.ts'
import { compareLogIds, shardOfReservation } from '../../contracts/ids.ts'
import { loadConfig } from '../../platform/config.ts'
import { createLog } from '../../platform/log.ts'
import { type OwnInfra, startOwnInfra, waitFor } from '../../platform/testing/infra.ts'
import { spec } from '../config.ts'
import { SessionIssuer } from '../http/auth/sessions.ts'
import { createReservationService, type ReservationService } from '../service.ts'
import { call, checkOutOf, guest, holdOf, newShow } from '../testing/edge.ts'

let infra: OwnInfra
let service: ReservationService
let edge: { url: string; adminToken: string }
let buyer: Session
let show: Show
const open: Connection[] = []

beforeAll(async () => {
  infra = await startOwnInfra()
  const privateJwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const config = loadConfig(spec, {
    REDIS_URL: infra.redisUrl,
    MYSQL_URL: infra.mysqlUrl,
    KAFKA_BROKERS: infra.kafkaBrokers,
    REDIS_SHARDS: '2',
    HOST: '127.0.0.1',
    PORT: '0',
    SESSION_ISSUER: 'on',
    SESSION_KEY: JSON.stringify(privateJwk),
  })
  service = await createReservationService(config, createLog('reservation', 'silent'))
  for (const component of service.components) await component.start()
  const rules = { issuer: 'holdfast', audience: 'holdfast' }
  const issuer = await SessionIssuer.create({ privateJwk: { ...privateJwk }, ...rules })
  const admin = { customerId: 'operator', scope: 'admin', ttlMs: 3_600_000, nowMs: Date.now() }
  const url = `http://127.0.0.1:${service.server.port}`
  edge = { url, adminToken: (await issuer.issue(admin)).token }
  const isReady = async () => (await fetch(`${url}/readyz`)).ok
  await waitFor('the service to be ready', isReady, { timeoutMs: 60_000 })
  buyer = await guest(edge)
  show = await newShow(edge)
})
afterAll(async () => {
  for (const one of open) one.close()
  for (const component of [...service.components].reverse()) await component.stop()
  await infra.stop()
})

function watch(token?: string) {
  const connection = connect({ url: edge.url, WebSocket, ...(token && { token }) })
  open.push(connection)
  return { connection, watch: connection.watch(show.showId) }
}

const mapOf = async () => (await call<SeatMap>(edge, `GET /v1/shows/${show.showId}/seats`)).body
const isProjected = ({ reservationId, version }: Reservation) =>
  waitFor('SQL to know', () => {
    const position = service.engine.projector.positionOf(shardOfReservation(reservationId))
    return compareLogIds(position ?? '0-0', version) >= 0
  })

describe('maps that are watched while Redis loses everything', () => {
  it('are what the rebuilt Redis is, and lead on from there', async () => {
    const { token } = buyer
    const before = watch(token)
    await waitFor('the map', () => before.watch.state === 'live')
    const kept = await holdOf(edge, show.showId, token, ['A-1-1'])
    const lost = await before.connection.hold(show.showId, ['A-1-2'])
    await isProjected(await checkOutOf(edge, kept.reservationId, token))
    await waitFor('both', () => before.watch.map.count(1) === 2)
    const redis = new Redis(infra.redisUrl)
    await redis.flushall()
    redis.disconnect()
    await waitFor('the lost hold to be gone', () => before.watch.map.stateAt(1) === 0, {
      timeoutMs: 30_000,
    })
    const again = await waitFor('a sale', async () => {
      const outcome = await before.connection.hold(show.showId, ['A-1-3'])
      return outcome.type === 'done' ? outcome.reservation : null
    })
    const late = watch()
    const truth = await waitFor('one version', async () => {
      const map = await mapOf()
      const versions = [before, late].map((one) => one.watch.map.version)
      return versions.every((version) => version === map.version) ? map : null
    })
    for (const { watch } of [before, late]) {
      expect(Buffer.from(watch.map.bytes).toString('base64')).toBe(truth.states)
    }
    expect([0, 1, 2].map((index) => before.watch.map.stateAt(index))).toEqual([1, 0, 1])
    expect(again.status).toBe('held')
    expect(lost).toMatchObject({ type: 'done' })
    const { reservationId } = lost.type === 'done' ? lost.reservation : kept
    expect(await before.connection.find(reservationId)).toMatchObject({
      type: 'refused',
      problem: { code: 'not-found' },
    })
  })
})
