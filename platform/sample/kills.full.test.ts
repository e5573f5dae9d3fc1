import { afterEach, describe, expect, it } from 'vitest'
import type { Message } from '../../contracts/message.ts'
import { testKafkaBrokers, testMysqlUrl, waitFor } from '../testing/infra.ts'
import { SampleWorld } from './fixture.ts'
import { cancelMessage } from './messages.ts'
import type { Worker } from './worker.ts'

const worlds: SampleWorld[] = []

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})

async function world(): Promise<SampleWorld> {
  const [kafkaBrokers, mysqlUrl] = [await testKafkaBrokers(), await testMysqlUrl()]
  const made = new SampleWorld({ kafkaBrokers, mysqlUrl })
  worlds.push(made)
  await made.open()
  return made
}

const many = (count: number): Message[] => Array.from({ length: count }, () => cancelMessage())
const joined = (worker: Worker) =>
  waitFor('the group to be joined', () => worker.partitions > 0, { timeoutMs: 40_000 })

/** Everything handled once, published once, and nothing given up. */
async function expectAllOnce(at: SampleWorld, messages: readonly Message[]): Promise<void> {
  expect(await at.allHandled(messages, 40_000)).toMatchObject({ doubled: 0 })
  await at.allPublished()
  expect(await at.refundsOf(messages)).toEqual({ missing: 0, several: 0 })
  expect(await at.deadLettersOf(messages)).toBe(0)
}

describe('kill -9', () => {
  it('at every step between fetch and commit loses nothing and doubles nothing', async () => {
    const failpoints = [
      'sql.after-commit=kill@1',
      'consumer.before-commit=kill@1',
      'outbox.before-send=kill@1',
      'sql.before-commit=kill@2',
      'outbox.after-send=kill@1',
    ]
    const at = await world()
    const doomed = failpoints.map((one) =>
      at.startWorker({ FAILPOINTS: one, SAMPLE_BATCH_MAX: '10' }),
    )
    const survivor = at.startWorker({ SAMPLE_BATCH_MAX: '10' })
    const all = [...doomed, survivor]
    // The topic holds messages of other tests too, so some die before all have met.
    const haveMet = () => all.every((one) => one.partitions > 0 || !one.isAlive)
    await waitFor('all to have joined', haveMet, { timeoutMs: 40_000 })
    const messages = many(400)
    await at.send(messages)
    const areDead = () => doomed.every(({ isAlive }) => !isAlive)
    await waitFor('the doomed to die', areDead, { timeoutMs: 40_000 })
    const endings = await Promise.all(doomed.map(({ ended }) => ended))
    expect(endings.map(({ signal }) => signal)).toEqual(doomed.map(() => 'SIGKILL'))
    expect(survivor.isAlive).toBe(true)
    await expectAllOnce(at, messages)
  }, 120_000)

  it('of one of two members hands its partitions to the other, under load', async () => {
    const at = await world()
    const [a, b] = [at.startWorker(), at.startWorker()]
    await Promise.all([joined(a), joined(b)])
    await waitFor('both to share', () => a.partitions === 4 && b.partitions === 4, {
      timeoutMs: 20_000,
    })
    const messages = many(2_000)
    for (let from = 0; from < messages.length; from += 50) {
      await at.send(messages.slice(from, from + 50))
      if (from !== 1_000) continue
      const bothWork = async () => (await at.effectsOf(messages)).by.size === 2
      await waitFor('both to work', bothWork, { timeoutMs: 30_000 })
      await a.kill()
    }
    const { by } = await at.allHandled(messages, 40_000)
    expect([...by.keys()].sort()).toEqual([a.pid, b.pid].sort())
    await expectAllOnce(at, messages)
    expect(b.partitions).toBe(8)
  }, 120_000)
})

describe('a member that is frozen beyond its session', () => {
  it('loses its partitions, and neither loses nor doubles when it thaws', async () => {
    const at = await world()
    // In the middle of a transaction, so that the other one finds locked rows too.
    const freeze = 'sql.before-commit=freeze@3'
    const frozen = at.startWorker({ SAMPLE_BATCH_MAX: '25', FAILPOINTS: freeze })
    await joined(frozen)
    const before = many(400)
    await at.send(before)
    const other = at.startWorker()
    await joined(other)
    await at.allHandled(before)
    frozen.signal('SIGCONT')
    const after = many(200)
    await at.send(after)
    await waitFor('it to be a member again', () => frozen.partitions === 4, { timeoutMs: 30_000 })
    await expectAllOnce(at, [...before, ...after])
    expect(frozen.isAlive && other.isAlive).toBe(true)
  }, 120_000)
})

describe('a process', () => {
  it('stops with status 0 on SIGTERM, and its group can be joined without a wait', async () => {
    const at = await world()
    const first = at.startWorker()
    await joined(first)
    first.signal('SIGTERM')
    expect(await first.ended).toEqual({ code: 0, signal: null })
    const second = at.startWorker()
    await joined(second)
    const ready = await fetch(`${second.healthUrl}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, failing: {} }])
  })

  it('stops with status 0 when its supervisor is gone', async () => {
    const at = await world()
    const worker = at.startWorker()
    await joined(worker)
    worker.abandon()
    expect(await worker.ended).toEqual({ code: 0, signal: null })
  })

  it('ends with status 1 when its consumer crashes for good, and leaves nothing undone', async () => {
    const at = await world()
    const messages = many(20)
    const broken = at.startWorker({ FAILPOINTS: 'consumer.handed-over=bug' })
    await at.send(messages)
    expect(await broken.ended).toEqual({ code: 1, signal: null })
    at.startWorker()
    await expectAllOnce(at, messages)
  })

  it('gives up a message at once when its handler has a bug, and goes on', async () => {
    const at = await world()
    const worker = at.startWorker({ FAILPOINTS: 'consumer.before-apply=bug' })
    const [message] = many(1) as [Message]
    await at.send([message])
    await waitFor('the dead letter', async () => (await at.deadLettersOf([message])) === 1, {
      timeoutMs: 40_000,
      everyMs: 500,
    })
    expect(worker.isAlive).toBe(true)
    expect((await at.effectsOf([message])).handled).toBe(0)
  })

  it('names every wrong variable at once and ends with status 1', async () => {
    const at = await world()
    const worker = at.startWorker({
      MYSQL_URL: 'nowhere',
      SAMPLE_BATCH_MAX: 'many',
      FAILPOINTS: 'x',
    })
    expect(await worker.ended).toEqual({ code: 1, signal: null })
  })
})
