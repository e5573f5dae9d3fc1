/** Holdfast as `npm start` runs it: the same services, each a process, on a stage of its own. */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
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
import type { NamedProcess } from './cpu.ts'
import { type HoldfastStores, openStores } from './holdfastStores.ts'
import { openStage, ROOT, type Stage } from './stage.ts'
import type { SystemUnderTest } from './system.ts'

export const KAFKA_PARTITIONS = 8
export const DATABASE_PREFIX = 'holdfast'
const REST_POLL_MS = 250
const TOKEN_RULES = { issuer: 'holdfast', audience: 'holdfast' }

export interface HoldfastOptions {
  signal: AbortSignal
  /** What the services inherit: PATH and what else a program needs. */
  environment: Readonly<Record<string, string>>
}

export interface Holdfast extends SystemUnderTest {
  readonly stage: Stage
  readonly services: Readonly<Record<string, RunningServer>>
}

/**
 * Starts servers, topics and services.
 * @throws Error naming what did not start; everything has been stopped then
 */
export async function startHoldfast(options: HoldfastOptions): Promise<Holdfast> {
  const { signal } = options
  const stage = await openStage(['redis', 'mariadb', 'kafka'], { signal })
  const services: Record<string, RunningServer> = {}
  let stores: HoldfastStores | null = null
  const stop = async (): Promise<void> => {
    await stores?.close()
    const names = HOLDFAST_SERVICES.map(({ name }) => name).toReversed()
    for (const name of names) await services[name]?.stop()
    await stage.stop()
  }
  try {
    await createTopics({ brokers: stage.urlOf('kafka'), partitions: KAFKA_PARTITIONS })
    const { context, adminToken } = await contextOf(stage)
    await startServices({ context, stage, services, ...options })
    stores = await openStores({ mysqlUrl: stage.urlOf('mariadb'), prefix: DATABASE_PREFIX })
    return systemOf({ stage, services, context, adminToken, stores, stop })
  } catch (error) {
    await stop()
    throw error
  }
}

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
  start: HoldfastOptions & {
    context: ServiceContext
    stage: Stage
    services: Record<string, RunningServer>
  },
): Promise<void> {
  const { context, stage, services, environment, signal } = start
  const { registry } = stage
  const starts = HOLDFAST_SERVICES.map(async (spec) => {
    services[spec.name] = await startService({
      spec,
      context,
      environment: { ...environment, MYSQL_DATABASE_PREFIX: DATABASE_PREFIX },
      registry,
      signal,
    })
  })
  const settled = await Promise.allSettled(starts)
  const failure = settled.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}

function systemOf(parts: {
  stage: Stage
  services: Record<string, RunningServer>
  context: ServiceContext
  adminToken: string
  stores: HoldfastStores
  stop: () => Promise<void>
}): Holdfast {
  const { stage, services, context, adminToken, stores, stop } = parts
  return {
    name: 'holdfast',
    http: `http://127.0.0.1:${context.ports.reservation}`,
    sandboxUrl: `http://127.0.0.1:${context.ports.sandbox}`,
    adminToken,
    isAsynchronous: true,
    stage,
    services,
    processes: (): NamedProcess[] =>
      [...Object.values(stage.servers), ...Object.values(services)].map(({ name, pid }) => ({
        name,
        pid,
      })),
    completions: (window) => stores.completions(window),
    async rest({ withinMs }) {
      const deadline = performance.now() + withinMs
      for (;;) {
        const open = await stores.underWay()
        if (Object.values(open).every((rows) => rows === 0)) return
        if (performance.now() > deadline) {
          throw new Error(`after ${withinMs} ms there is still ${JSON.stringify(open)} under way`)
        }
        await pause(REST_POLL_MS)
      }
    },
    stop,
  }
}
