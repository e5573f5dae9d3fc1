import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gather } from '../../operator/checker/gather.ts'
import type { Label } from '../../operator/labels/situation.ts'
import { digestOf, type Plan, type PlanRecord } from '../../operator/plan/planFile.ts'
import { freePort } from '../../platform/infra/ports.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { recordsIn } from '../../platform/kafka/topicSizes.ts'
import { createLog } from '../../platform/log.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { Buyer } from '../support/client.ts'
import { expectHealthy, storesOf } from '../support/quiet.ts'
import { type System, startSystem } from '../support/system.ts'
import { environmentOf } from './support/cli.ts'
import { DeskAt } from './support/desk.ts'
import { type Bought, buryAgain, type Disaster, disaster } from './support/disaster.ts'
import { truthOf } from './support/truth.ts'

const EXTENT = {
  healthy: 4,
  kept: 4,
  late: 3,
  resold: 3,
  declined: 2,
  lied: 2,
  twice: 2,
  broken: 4,
  lost: 1,
  lostResold: 1,
}

interface ReplayResult {
  sent: number
  parked: number
  done: number
  skipped: { id: string; planned: Label; now: Label | null }[]
  left: number
  complete: boolean
}

describe("the operator's desk after a bad night", () => {
  let system: System
  let desk: DeskAt
  let folder: string
  let night: Disaster
  let planFile: string
  let connection: KafkaConnection

  beforeAll(async () => {
    system = await startSystem()
    desk = new DeskAt(environmentOf(system))
    folder = mkdtempSync(join(tmpdir(), 'desk-'))
    planFile = join(folder, 'plan.json')
    const log = createLog('test', 'silent')
    const brokers = system.infra.kafkaBrokers
    connection = new KafkaConnection({ brokers, clientId: 'test', log })
    night = await disaster(system, connection, EXTENT)
  })
  afterAll(async () => {
    await system?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const planAnew = async (...args: string[]): Promise<Plan> => {
    const { status, stderr } = await desk.type(['dlq', 'plan', '-o', planFile, ...args])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return JSON.parse(readFileSync(planFile, 'utf8')) as Plan
  }

  const replay = (...args: string[]): Promise<ReplayResult> =>
    desk.json<ReplayResult>('dlq', 'replay', planFile, '--rate', '1000', ...args)

  const becomes = ({ buyer, reservationId }: Bought, status: string) =>
    waitFor(`${reservationId} ${status}`, async () => {
      const seen = (await buyer.find(reservationId, 1)).body.status
      return seen === status || Promise.reject(new Error(`it is ${seen}`))
    })

  it('counts what is stuck, per topic and group, with reasons, lag and outbox age', async () => {
    const list = await desk.json<{
      topics: { topic: string; group: string; count: number; reasons: { reason: string }[] }[]
      totals: { count: number; open: number }
      groups: { group: string; lag: number }[]
      outbox: { service: string }[]
    }>('dlq', 'list')
    expect(list.totals).toMatchObject({ count: night.deadLetters, open: night.deadLetters })
    const fails = list.topics.find(({ topic }) => topic === 'payment_fail')
    expect(fails).toMatchObject({ group: 'ticket', count: 4 })
    expect(fails?.reasons).toEqual([
      { reason: "TypeError: Cannot read properties of undefined (reading 'gate')", count: 4 },
    ])
    expect(new Set(list.groups.map(({ group }) => group)).size).toBe(4)
    expect(list.outbox).toHaveLength(4)
  })

  it('labels each dead letter as the stores say', async () => {
    const { records, counts } = await planAnew()
    const facts = await gather(storesOf(system))
    const truth = records.map((record) => ({ ...record, label: truthOf(record, facts) }))
    expect(records.map(({ id, label, why }) => ({ id, label, why }))).toEqual(
      truth.map(({ id, label, why }) => ({ id, label, why })),
    )
    expect(counts).toEqual({
      apply: EXTENT.kept + EXTENT.late + EXTENT.declined + EXTENT.lied,
      'already applied': EXTENT.twice,
      superseded: EXTENT.resold,
      invalid: EXTENT.broken,
      human: EXTENT.lied,
    })
  })

  it('shows one of them with all states and the whole timeline of its reservation', async () => {
    const { records } = await planAnew('--reservation', night.bought.resold[0]!.reservationId)
    expect(records).toHaveLength(1)
    const shown = await desk.json<{
      label: Label
      states: { service: string; state: string }[]
      timeline: { who: string; what: string }[]
    }>('dlq', 'show', records[0]!.id)
    expect(shown.label).toBe('superseded')
    expect(shown.states.map(({ service, state }) => `${service} ${state}`)).toEqual([
      'redis expired',
      'reservation expired',
      'payment captured',
      'ticket -',
      'notification expired',
    ])
    const told = shown.timeline.map(({ who, what }) => `${who} ${what.split('  ')[0]}`)
    expect(shown.timeline.some(({ what }) => what.endsWith(records[0]!.id))).toBe(true)
    for (const moment of [
      'reservation held',
      'reservation says payment_request',
      'payment handled payment_request',
      'provider capture of 10,000 KRW',
      'payment says payment_create',
      'ticket gave up payment_create (TypeError)',
      'reservation says seat_expired',
      'notification handled seat_expired',
      'notification sent the mail "expired"',
    ]) {
      expect(told).toContain(moment)
    }
  })

  it('refuses a plan that was changed, forged, or is too old, and says what is wrong', async () => {
    const plan = await planAnew()
    const refusal = async (changed: Plan): Promise<string> => {
      writeFileSync(planFile, JSON.stringify(changed))
      const { status, stderr } = await desk.type(['dlq', 'replay', planFile, '--yes'])
      expect(status).toBe(2)
      return stderr
    }
    const tampered = structuredClone(plan)
    tampered.records.find(({ label }) => label === 'human')!.label = 'apply'
    expect(await refusal(tampered)).toContain('was changed')
    expect(await refusal({ ...tampered, digest: digestOf(tampered) })).toContain('not on record')
    const old = { ...plan, expiresAt: plan.createdAt }
    expect(await refusal({ ...old, digest: digestOf(old) })).toContain('expired')
    expect(await refusal({ ...plan, records: [{}] } as unknown as Plan)).toContain('is no plan')
    // Reformatting is no change.
    writeFileSync(planFile, JSON.stringify(plan))
    expect((await replay('--dry-run')).sent).toBeGreaterThan(0)
  })

  it.each([
    [['dlq', 'show', 'payment_create.DLQ/0'], 'is no record id'],
    [['dlq', 'show', 'payments.DLQ/0/0'], 'there is no topic "payments"'],
    [['dlq', 'show', 'payment_create.DLQ/0/999'], 'there is no record payment_create.DLQ/0/999'],
    [['dlq', 'plan', '--since', 'yesterday'], 'is no time'],
    [['dlq', 'replay', '/no/such/plan.json'], 'cannot read the plan'],
    [['dlq', 'plan', '-o', '/no/such/folder/plan.json'], 'cannot write'],
    [['dlq', 'replay', 'plan.json', '--only', 'invalid'], 'cannot be replayed'],
  ])('ends %j with status 2 and says why', async (args, words) => {
    const { status, stderr } = await desk.type(args)
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining(words) })
  })

  it('skips a record whose seats were taken after the plan, and one whose seats came back', async () => {
    const [late, other] = night.bought.late as [Bought, Bought]
    await planAnew('--reservation', late.reservationId)
    const rival = await Buyer.open(system.http)
    const held = await rival.hold(night.shows.hurried, [late.seatId])
    expect(await replay('--yes')).toMatchObject({
      sent: 0,
      skipped: [{ planned: 'apply', now: 'superseded' }],
    })
    await planAnew('--reservation', late.reservationId)
    await rival.release(held.body.reservationId)
    expect(await replay('--yes')).toMatchObject({
      sent: 0,
      skipped: [{ planned: 'superseded', now: 'apply' }],
    })
    await planAnew('--reservation', other.reservationId)
    expect(await replay()).toMatchObject({ sent: 1, skipped: [] })
    await becomes(other, 'confirmed')
  })

  it('mends a broken payload, and keeps the original', async () => {
    const [kept] = night.bought.kept as [Bought]
    const { records } = await planAnew('--reservation', kept.reservationId)
    const { id } = records[0] as PlanRecord
    const editor = `sed -i 's/"value": 10000/"value": "ten"/'`
    const spoiling = new DeskAt({ ...environmentOf(system), EDITOR: editor })
    const spoiled = await spoiling.type(['dlq', 'edit', id, '--yes'])
    expect(spoiled).toMatchObject({ status: 2, stderr: expect.stringContaining('does not fit') })
    const mending = new DeskAt({
      ...environmentOf(system),
      EDITOR: `sed -i 's/"Show/"Renamed show/'`,
    })
    expect((await mending.type(['dlq', 'edit', id])).status).toBe(2)
    expect(await mending.json('dlq', 'edit', id, '--yes')).toMatchObject({ label: 'apply' })
    await becomes(kept, 'confirmed')
    expect((await mending.type(['dlq', 'edit', id, '--yes'])).stderr).toContain('edited by')
  })

  it('asks before it moves money, and sends the rest where nobody is there', async () => {
    const { counts } = await planAnew()
    const result = await replay()
    expect(result).toMatchObject({ sent: counts.apply, skipped: [], complete: true })
    const applied = [...night.bought.kept, ...night.bought.late]
    for (const bought of applied) await becomes(bought, 'confirmed')
    for (const bought of night.bought.declined) await becomes(bought, 'cancelled')
    const typed = await desk.type(['dlq', 'replay', planFile], { typed: String(counts.superseded) })
    expect(typed.stdout).toContain(`${counts.superseded} sent, ${counts.apply} dealt with before`)
    for (const bought of night.bought.resold) await becomes(bought, 'refunded')
  })

  it('changes nothing when it runs again', async () => {
    const again = await replay('--yes')
    expect(again).toMatchObject({ sent: 0, skipped: [] })
    // There is nothing left to be asked about.
    const unattended = await desk.type(['dlq', 'replay', planFile])
    expect(unattended).toMatchObject({ status: 0, stderr: '' })
    const { counts } = await planAnew()
    expect(counts).toMatchObject({ apply: 0, superseded: 0 })
  })

  it('finds money without tickets that no dead letter tells of, and moves it forward', async () => {
    const reconcile = (...args: string[]) =>
      desk.json<{
        disagreements: { reservationId: string; words: string }[]
        fixed: { published: number; skipped: unknown[] }
      }>('ops', 'reconcile', '--grace', '0', '--fix', ...args)
    const { lost, lostResold } = night.bought
    const found = await reconcile()
    for (const { reservationId } of [...lost, ...lostResold]) {
      const words = found.disagreements.find((one) => one.reservationId === reservationId)?.words
      expect(words).toMatch(
        /^captured 10,000 for r\d\d_\w+, no ticket, no refund, stuck since \d\d:\d\d at ticket$/,
      )
    }
    expect(found.fixed).toMatchObject({ published: EXTENT.lost, skipped: [] })
    for (const bought of lost) await becomes(bought, 'confirmed')
    expect((await reconcile('--yes')).fixed).toMatchObject({ published: EXTENT.lostResold })
    for (const bought of lostResold) await becomes(bought, 'refunded')
  })

  it('parks what three replays could not help', async () => {
    const [healthy] = night.bought.healthy as [Bought]
    await buryAgain(connection, healthy, 3)
    const { records } = await planAnew('--reservation', healthy.reservationId)
    const planned = records.find(({ replays }) => replays === 3)
    expect(planned).toMatchObject({ label: 'invalid', why: expect.stringContaining('parked') })
    expect(await replay()).toMatchObject({ sent: 0, parked: 1 })
    expect(await replay()).toMatchObject({ sent: 0, parked: 0, done: 1 })
    const parking = 'seat_cancel.parking'
    expect((await recordsIn(connection, [parking])).get(parking)).toBe(1)
  })

  it('says at once that there is no broker', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`
    const lonely = new DeskAt({ ...environmentOf(system), KAFKA_BROKERS: nowhere })
    const startedAt = performance.now()
    const { status, stderr } = await lonely.type(['dlq', 'list'])
    const words = expect.stringContaining(`no broker answers at ${nowhere}`)
    expect({ status, stderr }).toEqual({ status: 1, stderr: words })
    expect(performance.now() - startedAt).toBeLessThan(4_000)
  })

  it('puts away what cannot be helped, and every store agrees', async () => {
    const { counts } = await planAnew()
    const discarded = counts.invalid + counts.human
    const args = ['dlq', 'discard', planFile, '--only', 'invalid,human']
    expect((await desk.type(args)).status).toBe(2)
    const typed = await desk.type(args, { typed: String(discarded) })
    expect(typed.stdout).toContain(`${discarded} discarded, 0 dealt with before`)
    expect((await planAnew()).counts).toMatchObject({ invalid: 0, human: 0 })
    await expectHealthy(system)
    const { stdout } = await desk.type(['ops', 'reconcile', '--grace', '0'])
    expect(stdout).toContain('nothing disagrees')
  })

  it('remembers who did what', async () => {
    const { audit } = await desk.json<{
      audit: { operator: string; command: string; outcome: string; digest: string | null }[]
    }>('dlq', 'audit')
    expect(audit.map(({ command }) => command)).toEqual(
      expect.arrayContaining(['discard', 'reconcile', 'replay', 'edit']),
    )
    expect(audit.every(({ operator }) => operator === 'night shift')).toBe(true)
    expect(audit.every(({ outcome }) => outcome === 'done')).toBe(true)
  })

  it('is counted in the metrics of the services', async () => {
    const text = await (await fetch(`${system.services.ticket.url}/metrics`)).text()
    const letters = /holdfast_dead_letter_records\{topic="payment_create"\} (\d+)/.exec(text)?.[1]
    expect(Number(letters)).toBe(night.deadLetters - 4)
    expect(text).toMatch(/holdfast_parked_records\{topic="payment_create"\} 0/)
    expect(text).toMatch(/holdfast_saga_hop_seconds_count\{topic="payment_create"\} [1-9]/)
    expect(text).toMatch(/holdfast_consumer_lag\{topic="payment_create"\} 0/)
    expect(text).toMatch(/holdfast_outbox_oldest_age_seconds 0/)
  })
})
