import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TOPICS } from '../../contracts/topics.ts'
import { gather } from '../../operator/checker/gather.ts'
import type { Plan } from '../../operator/plan/planFile.ts'
import { freePort } from '../../platform/infra/ports.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { headerText, REPLAY_FOR } from '../../platform/kafka/deadLetter.ts'
import { KafkaProducer } from '../../platform/kafka/producer.ts'
import { scan, wholeTopics } from '../../platform/kafka/scan.ts'
import { createLog } from '../../platform/log.ts'
import { Database } from '../../platform/mysql/database.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { brokenPromises, openMarket, unsettled } from '../support/market.ts'
import { expectHealthy, storesOf } from '../support/quiet.ts'
import { type System, startSystem } from '../support/system.ts'
import { command, environmentOf, jsonOf, type } from './support/cli.ts'
import { type Disaster, disaster } from './support/disaster.ts'
import { truthOf } from './support/truth.ts'

/** Five hundred reservations, with those to whom seats are sold again. */
const EXTENT = {
  ...{ healthy: 385, kept: 25, late: 15, resold: 20, declined: 10, lied: 10, twice: 15 },
  ...{ broken: 15, lost: 0, lostResold: 0 },
}
const PRICE = 10_000
const RATE = 20
/** A replay that was killed may have sent one step of which it could not write down any more. */
const STEP = RATE / 10

interface ReplayResult {
  sent: number
  done: number
  skipped: { planned: string; now: string | null }[]
  complete: boolean
}

describe('a bad night of five hundred reservations', () => {
  let system: System
  let environment: Record<string, string>
  let folder: string
  let connection: KafkaConnection
  let night: Disaster
  let desk: Database

  beforeAll(async () => {
    system = await startSystem()
    environment = environmentOf(system)
    folder = mkdtempSync(join(tmpdir(), 'desk-'))
    const log = createLog('test', 'silent')
    const { kafkaBrokers: brokers, mysqlUrl: url } = system.infra
    connection = new KafkaConnection({ brokers, clientId: 'test', log })
    desk = new Database({ url, database: `${system.databasePrefix}_operator`, poolSize: 1, log })
    await desk.start()
    night = await disaster(system, connection, EXTENT)
  }, 300_000)
  afterAll(async () => {
    await desk?.stop()
    await system?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const planTo = async (name: string): Promise<{ path: string; plan: Plan }> => {
    const path = join(folder, name)
    const { status, stderr } = await command(environment, 'dlq', 'plan', '-o', path)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return { path, plan: JSON.parse(readFileSync(path, 'utf8')) as Plan }
  }

  const sentSoFar = async (): Promise<number> => {
    const [row] = await desk.query<{ sent: number }>('SELECT COUNT(*) AS sent FROM dispositions')
    return row?.sent ?? 0
  }

  it.each([
    ['KAFKA_BROKERS', (place: string) => place, 'no broker answers'],
    ['MYSQL_URL', (place: string) => `mysql://root@${place}`, 'SQL does not answer'],
    ['REDIS_URL', (place: string) => `redis://${place}`, 'Redis does not answer'],
  ])('says within five seconds that %s leads nowhere', async (variable, urlOf, words) => {
    const nowhere = urlOf(`127.0.0.1:${await freePort()}`)
    const ended = await command({ ...environment, [variable]: nowhere }, 'dlq', 'plan')
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining(words) })
    expect(ended.tookMs).toBeLessThan(5_000)
  })

  it('follows new dead letters as they come, until Ctrl-C', async () => {
    const following = type(environment, ['dlq', 'follow', '--json'])
    await waitFor('the tail', () => following.stderr().includes('following'))
    const producer = new KafkaProducer({ connection })
    await producer.start()
    await producer.send([{ topic: 'payment_create', key: 'poison', value: 'poison' }])
    await producer.stop()
    await waitFor('the line', () => following.stdout().includes('NOT_JSON'))
    following.child.kill('SIGINT')
    const { status, stdout } = await following.ended
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ topic: 'payment_create', group: 'ticket' })
    night.deadLetters += 1
  })

  it('is planned as the stores say, and replayed once, however often and by whomever', async () => {
    const { path, plan } = await planTo('plan.json')
    expect(plan.records).toHaveLength(night.deadLetters)
    const facts = await gather(storesOf(system))
    for (const record of plan.records) {
      expect({ id: record.id, label: record.label }).toEqual({
        id: record.id,
        label: truthOf(record, facts),
      })
    }
    expect(Object.values(plan.counts).every((count) => count >= 10)).toBe(true)
    const chosen = plan.counts.apply + plan.counts.superseded

    const market = openMarket({
      ...{ http: system.http, showId: night.shows.healthy, seatIds: night.freeSeatIds },
      ...{ buyers: 8, cards: ['tok_ok', 'tok_declined'], purchasesMax: 1_000 },
    })
    const replay = ['dlq', 'replay', path, '--rate', String(RATE), '--yes']

    const killed = type(environment, replay)
    await waitFor('some records', async () => (await sentSoFar()) >= 10)
    killed.child.kill('SIGKILL')
    await killed.ended
    const interrupted = type(environment, replay)
    const before = await sentSoFar()
    await waitFor('some more', async () => (await sentSoFar()) >= before + 10)
    interrupted.child.kill('SIGINT')
    expect(await interrupted.ended).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/stopped with \d+ left; the same command goes on from there/),
    })
    const both = await Promise.all([
      jsonOf<ReplayResult>(environment, ...replay),
      jsonOf<ReplayResult>(environment, ...replay),
    ])
    for (const { sent, done, skipped, complete } of both) {
      expect({ complete, skipped, whole: sent + done }).toEqual({
        ...{ complete: true, skipped: [], whole: chosen },
      })
    }
    expect(await sentSoFar()).toBe(chosen)
    const again = await jsonOf<ReplayResult>(environment, ...replay)
    expect(again).toMatchObject({ sent: 0, done: chosen, skipped: [] })

    await market.close()
    await waitFor('the market', async () => (await unsettled(market.purchases)).length === 0, {
      timeoutMs: 60_000,
    })
    expect(market.purchases.length).toBeGreaterThan(20)
    expect(await brokenPromises(market.purchases)).toEqual([])
    const replays = await replaysByMessage()
    expect(replays.size).toBe(chosen)
    const more = [...replays.values()].reduce((sum, count) => sum + count - 1, 0)
    expect(more).toBeLessThanOrEqual(STEP)
  })

  it('leaves every store in agreement, and not a won too much or too little', async () => {
    const { path, plan } = await planTo('rest.json')
    expect(plan.counts).toMatchObject({ apply: 0, superseded: 0, human: 0 })
    const discard = ['dlq', 'discard', path, '--only', 'invalid', '--yes']
    expect(await jsonOf(environment, ...discard)).toMatchObject({
      discarded: plan.counts.invalid,
    })
    const facts = await expectHealthy(system)
    const kept = (entries: readonly { kind: string; amount: number }[]): number =>
      entries.reduce((sum, { kind, amount }) => sum + (kind === 'capture' ? amount : -amount), 0)
    const tickets = facts.tickets.filter(({ isLive }) => isLive)
    expect(kept(facts.provider)).toBe(tickets.length * PRICE)
    expect(kept(facts.ledger)).toBe(kept(facts.provider))
    const statuses = new Map(facts.records.map((one) => [one.reservationId, one.status]))
    const statusesOf = (name: keyof Disaster['bought']) =>
      new Set(night.bought[name].map(({ reservationId }) => statuses.get(reservationId)))
    expect(statusesOf('kept')).toEqual(new Set(['confirmed']))
    expect(statusesOf('late')).toEqual(new Set(['confirmed']))
    expect(statusesOf('resold')).toEqual(new Set(['refunded']))
    expect(statusesOf('declined')).toEqual(new Set(['cancelled']))
    expect(statusesOf('lied')).toEqual(new Set(['cancelled']))
    const { totals } = await jsonOf<{ totals: Record<string, number> }>(environment, 'dlq', 'list')
    // What has no effect any more needs nobody: the lies are too late, now that all is refused.
    const harmless = EXTENT.twice + EXTENT.lied
    expect(totals).toMatchObject({ count: night.deadLetters, open: harmless })
  })

  /** How often each message lies on its topic as a replay. */
  async function replaysByMessage(): Promise<Map<string, number>> {
    const counts = new Map<string, number>()
    await scan({
      connection,
      stretches: (admin) => wholeTopics(admin, TOPICS),
      each(records) {
        for (const record of records) {
          if (headerText(record, REPLAY_FOR) === null) continue
          const { id } = JSON.parse(String(record.value)) as { id: string }
          counts.set(id, (counts.get(id) ?? 0) + 1)
        }
      },
    })
    return counts
  }
})
