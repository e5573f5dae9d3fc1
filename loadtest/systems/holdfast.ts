/** Holdfast as `npm start` runs it: the same services, each a process, on a stage of its own. */
import { join } from 'node:path'
import { freePort } from '../../platform/infra/ports.ts'
import type { RunningServer } from '../../platform/infra/server.ts'
import { createTopics } from '../../platform/infra/topics.ts'
import {
  loadSessionKey,
  loadWebhookSecret,
  makeAdminToken,
} from '../../scripts/supervisor/secrets.ts'
import {
  HOLDFAST_SERVICES,
  type ServiceContext,
  startService,
} from '../../scripts/supervisor/services.ts'
import { prepare, workspaceOf } from '../../scripts/supervisor/workspace.ts'
import { auditApart } from '../audit/apart.ts'
import { HOLDFAST_QUERIES, OrderBooks } from './orderBooks.ts'
import { openStage, ROOT, type Stage } from './stage.ts'
import type { StartOptions, SystemUnderTest } from './system.ts'

export const KAFKA_PARTITIONS = 8
export const REDIS_SHARDS = 16
const DATABASE_PREFIX = 'holdfast'
const TOKEN_RULES = { issuer: 'holdfast', audience: 'holdfast' }

/**
 * Starts servers, topics and services.
 * @throws Error naming what did not start; everything has been stopped then
 */
export async function startHoldfast(options: StartOptions): Promise<SystemUnderTest> {
  const stage = await openStage(['redis', 'mariadb', 'kafka'], options)
  const services: Record<string, RunningServer> = {}
  const books = new OrderBooks({
    mysqlUrl: stage.urlOf('mariadb'),
    prefix: DATABASE_PREFIX,
    home: 'reservation',
    queries: HOLDFAST_QUERIES,
  })
  const stop = async (): Promise<void> => {
    await books.close()
    const names = HOLDFAST_SERVICES.map(({ name }) => name).toReversed()
    for (const name of names) await services[name]?.stop()
    await stage.stop()
  }
  try {
    await createTopics({ brokers: stage.urlOf('kafka'), partitions: KAFKA_PARTITIONS })
    const { context, adminToken } = await contextOf(stage)
    await startServices({ ...options, context, stage, services })
    await books.open()
    const http = `http://127.0.0.1:${context.ports.reservation}`
    const sandboxUrl = `http://127.0.0.1:${context.ports.sandbox}`
    const stores = storesOf(stage, sandboxUrl)
    const audit = () => auditApart({ architecture: 'asynchronous', stores }, options)
    const addresses = { http, sandboxUrl, adminToken }
    return {
      ...{ name: 'holdfast', isAsynchronous: true, ...addresses, stage, services, books },
      ...{ audit, stop },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const storesOf = (stage: Stage, sandboxUrl: string) => ({
  redisUrl: stage.urlOf('redis'),
  redisShards: REDIS_SHARDS,
  mysqlUrl: stage.urlOf('mariadb'),
  databasePrefix: DATABASE_PREFIX,
  kafkaBrokers: stage.urlOf('kafka'),
  sandboxUrl,
})

async function contextOf(stage: Stage): Promise<{ context: ServiceContext; adminToken: string }> {
  const workspace = { ...workspaceOf(ROOT, join(stage.dir, 'holdfast')), logDir: stage.logDir }
  prepare(workspace)
  const key = await loadSessionKey(workspace.sessionKeyFile)
  const ports: Record<string, number> = {}
  for (const { name } of HOLDFAST_SERVICES) ports[name] = await freePort()
  const context: ServiceContext = {
    redisUrl: stage.urlOf('redis'),
    mysqlUrl: stage.urlOf('mariadb'),
    kafkaBrokers: stage.urlOf('kafka'),
    workspace,
    sessionKey: JSON.stringify(key),
    webhookSecret: loadWebhookSecret(workspace.webhookSecretFile),
    ports,
  }
  return { context, adminToken: await makeAdminToken(key, TOKEN_RULES) }
}

async function startServices(
  start: StartOptions & {
    context: ServiceContext
    stage: Stage
    services: Record<string, RunningServer>
  },
): Promise<void> {
  const { context, stage, services, signal } = start
  const environment = {
    ...start.environment,
    MYSQL_DATABASE_PREFIX: DATABASE_PREFIX,
    REDIS_SHARDS: String(REDIS_SHARDS),
  }
  const starts = HOLDFAST_SERVICES.map(async (spec) => {
    const { registry } = stage
    services[spec.name] = await startService({ spec, context, environment, registry, signal })
  })
  const settled = await Promise.allSettled(starts)
  const failure = settled.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}
