import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../../contracts/message.ts'
import { type OwnInfra, startOwnInfra, waitFor } from '../testing/infra.ts'
import { SampleWorld } from './fixture.ts'
import { cancelMessage } from './messages.ts'
import type { Worker } from './worker.ts'

let infra: OwnInfra
let at: SampleWorld
let worker: Worker

beforeAll(async () => {
  infra = await startOwnInfra()
  at = new SampleWorld(infra)
  await at.open()
  worker = at.startWorker({ SAMPLE_BATCH_MAX: '50' })
  await waitFor('the group to be joined', () => worker.partitions === 8, { timeoutMs: 40_000 })
})

afterAll(async () => {
  await at.close()
  await infra.stop()
})

const many = (count: number): Message[] => Array.from({ length: count }, () => cancelMessage())

/** The outage itself is the subject here, so this is not a wait for something. */
const outage = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const readiness = async () => (await fetch(`${worker.healthUrl}/readyz`)).status

async function expectAllOnce(messages: readonly Message[]): Promise<void> {
  expect(await at.allHandled(messages, 60_000)).toMatchObject({ doubled: 0 })
  await at.allPublished(60_000)
  expect(await at.refundsOf(messages)).toEqual({ missing: 0, several: 0 })
  expect(await at.deadLettersOf(messages)).toBe(0)
  await waitFor('readiness', async () => (await readiness()) === 200, { timeoutMs: 30_000 })
  expect(worker.isAlive).toBe(true)
}

describe('an outage', () => {
  it('of SQL in the middle of the work loses nothing and gives nothing up', async () => {
    const messages = many(1_500)
    await at.send(messages)
    await waitFor('some work', async () => (await at.effectsOf(messages)).handled > 0, {
      everyMs: 2,
    })
    await infra.mariadb.kill('SIGKILL')
    await outage(3_000)
    await infra.mariadb.restart()
    await expectAllOnce(messages)
  })

  it('of SQL that hangs instead of dying ends when it goes on', async () => {
    const messages = many(300)
    await infra.mariadb.kill('SIGSTOP')
    await at.send(messages)
    await outage(3_000)
    await infra.mariadb.kill('SIGCONT')
    await expectAllOnce(messages)
  })

  it('of Kafka ends with everything handled and published', async () => {
    const messages = many(1_500)
    await at.send(messages)
    await waitFor('some work', async () => (await at.effectsOf(messages)).handled > 0, {
      everyMs: 2,
    })
    await infra.kafka.kill('SIGKILL')
    await outage(30_000)
    await infra.kafka.restart()
    const later = many(50)
    await waitFor(
      'Kafka to take messages',
      async () => {
        await at.send(later)
        return true
      },
      { timeoutMs: 60_000 },
    )
    await expectAllOnce([...messages, ...later])
  })
})
