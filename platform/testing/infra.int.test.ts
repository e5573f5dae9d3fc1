import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kafkaAnswers, mysqlAnswers, redisAnswers } from '../infra/probe.ts'
import {
  freshDatabasePrefix,
  freshRedisUrl,
  type OwnInfra,
  startOwnInfra,
  testInfra,
  waitFor,
} from './infra.ts'

const portOf = (address: string): number => Number(/:(\d+)(\/\d+)?$/.exec(address)?.[1])

describe('the servers of a run', () => {
  it('answer on the addresses that a test gets', async () => {
    const infra = await testInfra()
    expect(await redisAnswers(portOf(infra.redisUrl))).toBe(true)
    expect(await mysqlAnswers(portOf(infra.mysqlUrl))).toBe(true)
    expect(await kafkaAnswers(portOf(infra.kafkaBrokers))).toBe(true)
  })

  it('are the same for everyone who asks', async () => {
    const [first, second] = await Promise.all([testInfra(), testInfra()])
    expect(second).toEqual(first)
  })

  it('give names and databases of one own', async () => {
    expect(freshDatabasePrefix()).not.toBe(freshDatabasePrefix())
    expect(await freshRedisUrl()).toMatch(/^redis:\/\/127\.0\.0\.1:\d+\/\d+$/)
  })
})

describe('servers of one test', () => {
  let own: OwnInfra
  beforeAll(async () => {
    own = await startOwnInfra()
  })
  afterAll(() => own.stop())

  const say = (port: number, command: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(`${command}\r\n`))
      socket.once('error', reject)
      socket.once('data', (data) => {
        resolve(data.toString())
        socket.destroy()
      })
    })

  it('come back on the same port with their data after kill -9', async () => {
    const { port, pid } = own.redis
    await say(port, 'SET kept yes')
    await own.redis.kill('SIGKILL')
    expect(own.redis.isAlive()).toBe(false)
    await own.redis.restart()
    expect(own.redis.pid).not.toBe(pid)
    expect(await say(port, 'GET kept')).toContain('yes')
  })

  it('tell of an end that nobody asked for, and only of such', async () => {
    const exits: unknown[] = []
    own.mariadb.onUnexpectedExit((exit) => exits.push(exit))
    await own.mariadb.restart()
    expect(exits).toEqual([])
    await own.mariadb.kill('SIGKILL')
    await waitFor('the exit', () => exits.length === 1)
    await own.mariadb.restart()
    expect(await mysqlAnswers(own.mariadb.port)).toBe(true)
  })

  it('can be frozen and thawed', async () => {
    await own.redis.kill('SIGSTOP')
    const answer = say(own.redis.port, 'PING')
    await own.redis.kill('SIGCONT')
    expect(await answer).toContain('PONG')
  })
})

describe('waitFor', () => {
  it('answers the first truthy value', async () => {
    let count = 0
    expect(await waitFor('three', () => (++count >= 3 ? count : null))).toBe(3)
  })

  it('names what it waited for and what it saw last', async () => {
    const wait = waitFor('a pony', () => ({ ponies: 0 }).ponies, { timeoutMs: 30 })
    await expect(wait).rejects.toThrow('waited 30 ms for a pony; last seen: 0')
  })
})
