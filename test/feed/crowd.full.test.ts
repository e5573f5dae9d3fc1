/** A hot show before a crowd: the map of everybody is right in the end, and soon on the way. */

import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Reservation, SeatMap, Session, Show } from '../../contracts/http.ts'
import { ChildProgram } from '../../loadtest/light/childProgram.ts'
import { freePort } from '../../platform/infra/ports.ts'
import { type RunningServer, startServer } from '../../platform/infra/server.ts'
import {
  evidenceDir,
  freshDatabasePrefix,
  type OwnInfra,
  startOwnInfra,
  waitFor,
} from '../../platform/testing/infra.ts'
import { anyOf, gather, type Onlooker, packedOf, percentile } from './crowd.ts'
import type { Testimony, WitnessAnswer, WitnessOrder } from './witnesses.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ROWS = 400
const SEATS_PER_ROW = 100
const BUYERS = 50
const HOLDS_PER_S = 300
/** Of /proc. */
const TICKS_PER_S = 100
/** For people whose line is good, while nothing is broken. */
const LATENCY_MS_P99_MAX = 150
const BYTES_PER_SOCKET_MAX = 30_000

let infra: OwnInfra
let port: number
let adminToken: string
/** One for the run: every process projects the one log into it. */
const prefix = freshDatabasePrefix()
const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
const running: RunningServer[] = []
/** Whether one is on its way that is not among them yet, 0 or 1. */
let starting = 0
let witnesses: ChildProgram<WitnessOrder, WitnessAnswer> | undefined

beforeAll(async () => {
  infra = await startOwnInfra()
  port = await freePort()
  adminToken = await new SignJWT({ scope: 'admin' })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setSubject('operator')
    .setIssuer('holdfast')
    .setAudience('holdfast')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(await importJWK({ ...jwk }, 'EdDSA'))
})
afterAll(async () => {
  await witnesses?.end()
  for (const server of running) await server.stop()
  await infra.stop()
})

const http = () => `http://127.0.0.1:${port}`

/** So many in a row that no process was left out: the kernel deals new connections out. */
const PROBES = 24

/** How many processes listen on the port, by the kernel's word. */
function listeners(): number {
  const LISTEN = '0A'
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  return lines.filter((line) => {
    const [, address, , state] = line.trim().split(/\s+/)
    return address?.endsWith(local) && state === LISTEN
  }).length
}

/** Whether a process is ready, asked over a connection of its own. */
const isReady = (): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(`${http()}/readyz`, { agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
  })

/** Whether all processes that live listen and are ready: one that is not yet says 503 meanwhile. */
async function areReady(): Promise<boolean> {
  if (listeners() !== running.filter((server) => server.isAlive()).length + starting) return false
  return (await Promise.all(Array.from({ length: PROBES }, isReady))).every(Boolean)
}

/** A seat service of its own process; all of them listen on one port. */
async function startSeatService(name: string): Promise<RunningServer> {
  starting = 1
  const server = await startServer(
    {
      name,
      urlOf: http,
      launch: () => ({
        command: process.execPath,
        args: ['--import', 'tsx', join(ROOT, 'reservation/main.ts')],
        cwd: ROOT,
        env: {
          PATH: process.env.PATH,
          REDIS_URL: infra.redisUrl,
          MYSQL_URL: infra.mysqlUrl,
          KAFKA_BROKERS: infra.kafkaBrokers,
          MYSQL_DATABASE_PREFIX: prefix,
          SESSION_ISSUER: 'on',
          SESSION_KEY: JSON.stringify(jwk),
          HOST: '127.0.0.1',
          PORT: String(port),
          REUSE_PORT: 'on',
        },
      }),
      isReady: areReady,
      readyWithinMs: 45_000,
    },
    { dataDir: ROOT, port, logFile: join(evidenceDir(), `${name}.log`) },
  )
  running.push(server)
  starting = 0
  return server
}

async function post<T>(path: string, token: string, body: unknown, key?: string): Promise<T> {
  const response = await fetch(http() + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...(key && { 'idempotency-key': key }) },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

const newShow = (name: string) =>
  post<Show>('/v1/shows', adminToken, {
    name,
    startsAt: '2030-01-01T19:00:00Z',
    currency: 'KRW',
    sections: [
      {
        ...{ id: 'A', name: 'Arena', price: 100 },
        rows: Array.from({ length: ROWS }, (_, row) => ({
          id: `${row + 1}`,
          seats: SEATS_PER_ROW,
        })),
      },
    ],
    policy: { seatsPerBuyerMax: 1_000, holdTtlMs: 20_000 },
  })

const mapOf = async ({ showId }: Show) =>
  (await (await fetch(`${http()}/v1/shows/${showId}/seats`)).json()) as SeatMap

const residentBytesOf = ({ pid }: RunningServer): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024

/** Seconds of CPU that the process has used. */
function cpuSecondsOf({ pid }: RunningServer): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S
}

/** Holds seat after seat at a pace, and gives some back; what fails in a restart is let go. */
class Sale {
  /** When the hold of a seat was committed, by Redis's clock, by the seat's index. */
  readonly committed = new Map<number, number>()
  failures = 0
  readonly #show: Show
  readonly #tokens: readonly string[]
  readonly #held: { reservationId: string; token: string }[] = []
  #next = 0
  #timer: NodeJS.Timeout | undefined
  readonly #underWay = new Set<Promise<void>>()

  constructor(show: Show, tokens: readonly string[]) {
    this.#show = show
    this.#tokens = tokens
  }

  start(): void {
    const startedMs = performance.now()
    this.#timer = setInterval(() => {
      // Every tenth turn gives back what an earlier one took.
      const due = ((performance.now() - startedMs) * HOLDS_PER_S) / 900
      while (this.#next < due) this.#begin(this.#next++)
    }, 5)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#underWay)
  }

  #begin(index: number): void {
    const work = (index % 10 === 9 ? this.#release() : this.#hold(index)).catch(() => {
      this.failures += 1
    })
    this.#underWay.add(work)
    void work.then(() => this.#underWay.delete(work))
  }

  async #hold(index: number): Promise<void> {
    const token = anyOf(this.#tokens)
    const seatId = `A-${Math.floor(index / SEATS_PER_ROW) + 1}-${(index % SEATS_PER_ROW) + 1}`
    const path = `/v1/shows/${this.#show.showId}/reservations`
    const held = await post<Reservation>(path, token, { seatIds: [seatId] }, `k-${index}`)
    this.committed.set(index, Number(held.version.split('-')[0]))
    this.#held.push({ reservationId: held.reservationId, token })
  }

  async #release(): Promise<void> {
    const [one] = this.#held.splice(Math.floor(Math.random() * this.#held.length), 1)
    if (!one) return
    await fetch(`${http()}/v1/reservations/${one.reservationId}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${one.token}` },
    })
  }
}

async function callWitnesses({ showId }: Show, count: number) {
  witnesses = new ChildProgram(new URL('witnesses.ts', import.meta.url), { env: process.env })
  await witnesses.ask({ type: 'gather', http: http(), showId, count }, 'gathered')
  return witnesses
}

/** How many witnesses have another map than the server, at quiet. */
async function mistakenIn(show: Show, { maps }: Testimony): Promise<number> {
  const { states } = await mapOf(show)
  return maps.filter((map) => map !== states).length
}

/** From the commit of each hold in a span of time until each witness read of it. */
function latenciesOf({ readings }: Testimony, sale: Sale, [fromMs, untilMs]: [number, number]) {
  const committed = [...sale.committed].filter(([, ms]) => ms >= fromMs && ms < untilMs)
  return readings.flatMap((pairs) => {
    const read = new Map(pairs)
    return committed.map(([index, ms]) => (read.get(index) ?? Number.POSITIVE_INFINITY) - ms)
  })
}

/** From commits to their publication, in the server: the 99th percentile is below this, in ms. */
async function publishMsP99(): Promise<number> {
  const text = await (await fetch(`${http()}/metrics`)).text()
  const buckets = [
    ...text.matchAll(/^holdfast_feed_publish_seconds_bucket.*le="([^"]+)".* (\d+)$/gm),
  ]
  const counts = buckets.map(([, , count]) => Number(count))
  const at = counts.findIndex((count) => count >= (counts.at(-1) ?? 0) * 0.99)
  return Number(buckets[at]?.[1]) * 1_000
}

/** Waits for quiet, and answers how many maps differ from the snapshot then. */
async function differing(show: Show, crowd: readonly Onlooker[]): Promise<number> {
  await waitFor(
    'the last holds to expire and everybody to hear of it',
    async () => {
      const { version, held } = await mapOf(show)
      return held === 0 && crowd.every(({ watch }) => watch.map.version === version)
    },
    { timeoutMs: 60_000, everyMs: 250 },
  ).catch(() => null)
  const { version, states } = await mapOf(show)
  return crowd.filter(
    ({ watch }) => watch.map.version !== version || packedOf(watch.map) !== states,
  ).length
}

const openSessions = async (count: number): Promise<string[]> =>
  Promise.all(
    Array.from({ length: count }, async () => (await post<Session>('/v1/sessions', '', {})).token),
  )

describe('2,000 people before a hot show', () => {
  it('have the right map in the end, and hear of changes soon', async () => {
    const server = await startSeatService('seats')
    const show = await newShow('hot')
    const tokens = await openSessions(BUYERS)
    const sale = new Sale(show, tokens)
    await mapOf(show)
    // The process is as big as the sale makes it before anybody looks on.
    sale.start()
    await pause(5_000)
    const bytesBefore = residentBytesOf(server)
    const good = await callWitnesses(show, 100)
    const crowd = await gather(http(), show.showId, 1_900)
    const [slow, shaky] = [crowd.slice(0, 50), crowd.slice(50)]
    for (const one of slow) one.sleep()
    const shaking = setInterval(() => anyOf(shaky).cut(), 50)
    const fromMs = Date.now()
    const cpuFrom = { server: cpuSecondsOf(server), crowd: process.cpuUsage() }
    await pause(20_000)
    const untilMs = Date.now() - 1_000
    const seconds = (untilMs + 1_000 - fromMs) / 1_000
    const serverCores = (cpuSecondsOf(server) - cpuFrom.server) / seconds
    const crowdCpu = process.cpuUsage(cpuFrom.crowd)
    const crowdCores = (crowdCpu.user + crowdCpu.system) / 1e6 / seconds
    const publishedMsP99 = await publishMsP99()
    const bytesPerSocket = (residentBytesOf(server) - bytesBefore) / 2_000
    await server.kill()
    await server.restart()
    await pause(8_000)
    clearInterval(shaking)
    await sale.stop()
    for (const one of slow) one.wake()
    const others = await differing(show, crowd)
    const { version } = await mapOf(show)
    const testimony = await good.ask({ type: 'testify', version, withinMs: 10_000 }, 'testimony')
    const wrong = others + (await mistakenIn(show, testimony))
    const latencies = latenciesOf(testimony, sale, [fromMs, untilMs])
    for (const { connection } of crowd) connection.close()
    await server.stop()
    const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)]
    console.log(
      `2,000 connections, ${sale.committed.size} holds at ${HOLDS_PER_S}/s: ` +
        `commit to client ${p50} / ${p99} ms (p50 / p99 of ${latencies.length}), ` +
        `to publication p99 <= ${publishedMsP99} ms; ` +
        `${Math.round(bytesPerSocket)} bytes of memory per connection, ${wrong} maps wrong; ` +
        `cores: server ${serverCores.toFixed(2)}, crowd ${crowdCores.toFixed(2)}`,
    )
    expect(wrong).toBe(0)
    expect(latencies.length).toBeGreaterThan(100_000)
    expect(p99).toBeLessThanOrEqual(LATENCY_MS_P99_MAX)
    expect(bytesPerSocket).toBeLessThanOrEqual(BYTES_PER_SOCKET_MAX)
  })
})

describe('two processes on one port', () => {
  it('serve one chain: who loses the one goes on with the other', async () => {
    const first = await startSeatService('seats-1')
    const second = await startSeatService('seats-2')
    const show = await newShow('shared')
    const sale = new Sale(show, await openSessions(BUYERS))
    const crowd = await gather(http(), show.showId, 300)
    sale.start()
    const shaking = setInterval(() => anyOf(crowd).cut(), 20)
    for (const server of [first, second]) {
      await pause(3_000)
      await server.kill()
      await pause(2_000)
      await server.restart()
    }
    await pause(3_000)
    clearInterval(shaking)
    await sale.stop()
    const wrong = await differing(show, crowd)
    for (const { connection } of crowd) connection.close()
    console.log(
      `two processes, ${sale.committed.size} holds: ${wrong} of ${crowd.length} maps wrong`,
    )
    expect(wrong).toBe(0)
    expect(sale.committed.size).toBeGreaterThan(1_000)
  })
})
