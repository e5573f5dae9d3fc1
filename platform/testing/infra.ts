/**
 * Real servers for tests. The shared ones are started by the first test of a run that asks and
 * stopped at the run's end; tests keep apart by names of their own. A test that wants to kill a
 * server starts its own with startOwnInfra.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { inject } from 'vitest'
import { openProcessRegistry } from '../infra/processes.ts'
import { type ServerName, type ServerTuning, type Stack, startStack } from '../infra/stack.ts'
import { createTopics } from '../infra/topics.ts'
import type {} from './global-setup.ts'
import { TEST_KAFKA_PARTITIONS, TEST_TUNING } from './host.ts'
import { registriesOf } from './runs.ts'

export interface TestInfra {
  /** `redis://127.0.0.1:<port>`; see freshRedisUrl for a database of one's own. */
  redisUrl: string
  /** `mysql://root@127.0.0.1:<port>`, without a path. */
  mysqlUrl: string
  /** Comma-separated `host:port` list, as KAFKA_BROKERS takes it. All topics exist. */
  kafkaBrokers: string
}

const WAIT_MS = 10_000
const POLL_MS = 10

async function askHost(name: ServerName | 'redis-database'): Promise<string> {
  const response = await fetch(`${inject('holdfast').hostUrl}/${name}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`the run's ${name} is not to be had: ${text}`)
  return text
}

/** URL of the run's Redis. */
export const testRedisUrl = (): Promise<string> => askHost('redis')

/** URL of the run's SQL server, without a path. */
export const testMysqlUrl = (): Promise<string> => askHost('mariadb')

/** Bootstrap address of the run's Kafka, in which all topics exist with 8 partitions. */
export const testKafkaBrokers = (): Promise<string> => askHost('kafka')

/** All three shared servers of the run, started now if no test has asked for them before. */
export async function testInfra(): Promise<TestInfra> {
  const [redisUrl, mysqlUrl, kafkaBrokers] = await Promise.all([
    testRedisUrl(),
    testMysqlUrl(),
    testKafkaBrokers(),
  ])
  return { redisUrl, mysqlUrl, kafkaBrokers }
}

/** URL of an empty Redis database (`/<number>`) that no other test of the run has. */
export const freshRedisUrl = async (): Promise<string> =>
  `${await testRedisUrl()}/${await askHost('redis-database')}`

/** A name that nothing else has: `<prefix>-<10 hex digits>`. */
export const uniqueName = (prefix = 'test'): string => `${prefix}-${randomBytes(5).toString('hex')}`

/** A value for MYSQL_DATABASE_PREFIX that no other test has. The databases die with the run. */
export const freshDatabasePrefix = (): string => `t_${randomBytes(5).toString('hex')}`

/** Whether this is `npm run test:full`, where suites take their long form. */
export const isFullRun = (): boolean => inject('holdfast').isFull

/** Folder that is kept, and named to the user, when the run fails. */
export function evidenceDir(): string {
  const { evidenceDir: folder, runDir } = inject('holdfast')
  const path = folder ?? join(runDir, 'evidence')
  mkdirSync(path, { recursive: true })
  return path
}

/**
 * Polls until `predicate` answers something truthy and answers that. A predicate that throws
 * counts as "not yet".
 * @throws Error naming `description` and the last value or error seen, after `timeoutMs`.
 */
export async function waitFor<T>(
  description: string,
  predicate: () => T | Promise<T>,
  { timeoutMs = WAIT_MS, everyMs = POLL_MS }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const value = await predicate()
      if (value) return value as NonNullable<T>
      last = value
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${description}; last seen: ${show(last)}`, {
        cause: last,
      })
    }
    await pause(everyMs)
  }
}

function show(value: unknown): string {
  if (value instanceof Error) return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}

/** Servers that belong to one test, which may kill, stop and restart them. */
export interface OwnInfra extends Stack, TestInfra {}

/**
 * Starts Redis, MariaDB and Kafka for the calling test alone, with all topics made; takes about
 * three seconds. Call `stop()` when done: it also removes their data. Their addresses stay the
 * same across `restart()`.
 */
export async function startOwnInfra(
  options: ServerTuning & { partitions?: number } = {},
): Promise<OwnInfra> {
  const { partitions = TEST_KAFKA_PARTITIONS, ...tuning } = options
  const { runDir, evidenceDir: evidence } = inject('holdfast')
  const name = uniqueName('own')
  const dataDir = join(runDir, name)
  const registry = openProcessRegistry(join(registriesOf(runDir), `${name}.json`))
  const logDir = evidence ? join(evidence, name) : join(runDir, 'logs', name)
  const stack = await startStack({ ...TEST_TUNING, ...tuning, dataDir, logDir, registry })
  const stop = async (): Promise<void> => {
    await stack.stop()
    registry.clear()
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    await createTopics({ brokers: stack.kafka.url, partitions })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    ...stack,
    stop,
    redisUrl: stack.redis.url,
    mysqlUrl: stack.mariadb.url,
    kafkaBrokers: stack.kafka.url,
  }
}
