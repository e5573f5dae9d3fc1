/**
 * Where Redis, SQL and Kafka come from: each server that the environment names is used as it is;
 * for the others Docker Compose is asked, and where no engine answers they are child processes.
 */
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { ProcessRegistry } from '../../platform/infra/processes.ts'
import type { RunningServer } from '../../platform/infra/server.ts'
import { SERVER_NAMES, type ServerName, startNamed } from '../../platform/infra/stack.ts'
import { composeInfra, isComposeAnswering } from './compose.ts'
import type { SupervisorConfig } from './config.ts'
import type { Progress } from './progress.ts'
import type { Workspace } from './workspace.ts'

export interface Addresses {
  redisUrl: string
  mysqlUrl: string
  kafkaBrokers: string
}

export interface Infrastructure extends Addresses {
  /** The servers that are our own child processes. */
  own: RunningServer[]
  stop(): Promise<void>
}

export interface InfrastructureOptions {
  config: SupervisorConfig
  workspace: Workspace
  registry: ProcessRegistry
  progress: Progress
  isCleaning: boolean
  signal: AbortSignal
}

const REACH_WITHIN_MS = 30_000
const RETRY_MS = 250

const givenBy = (config: SupervisorConfig): Record<ServerName, string | null> => ({
  redis: config.redisUrl,
  mariadb: config.mysqlUrl,
  kafka: config.kafkaBrokers || null,
})

/** Where a given server listens: its URL's place, or the first one of a list. */
export function hostAndPort(address: string): { host: string; port: number } {
  const [first = ''] = address.split(',')
  const { hostname, port, protocol } = new URL(first.includes('://') ? first : `tcp://${first}`)
  // A URL has an IPv6 address in brackets, and a socket wants it without.
  const host = hostname.replace(/^\[|\]$/g, '')
  return { host, port: Number(port || (protocol === 'mysql:' ? 3306 : 6379)) }
}

const canConnect = (target: { host: string; port: number }): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ ...target, timeout: 2_000 })
    const answer = (isOpen: boolean) => (): void => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false))
  })

/** Waits until somebody listens at a given address; it may be starting beside us. */
async function reach(name: ServerName, address: string, signal: AbortSignal): Promise<string> {
  const target = hostAndPort(address)
  const place = `${target.host}:${target.port}`
  const deadline = performance.now() + REACH_WITHIN_MS
  while (!(await canConnect(target))) {
    if (performance.now() > deadline) throw new Error(`${name} at ${place} does not answer`)
    await pause(RETRY_MS, undefined, { signal })
  }
  return `${place} (given)`
}

async function startOwn(
  names: readonly ServerName[],
  options: InfrastructureOptions,
): Promise<RunningServer[]> {
  const { workspace, registry, progress, signal } = options
  const { dataDir, logDir } = workspace
  const startedAt = performance.now()
  const starts = names.map((name) => startNamed(name, { dataDir, logDir, registry, signal }))
  const settled = Promise.allSettled(starts)
  try {
    for (const [index, start] of starts.entries()) {
      const name = names[index] as string
      await progress.step(
        name,
        start.then((server) => `127.0.0.1:${server.port}, pid ${server.pid}`),
        startedAt,
      )
    }
  } catch (error) {
    await settled
    throw error
  }
  return Promise.all(starts)
}

async function chooseCompose(
  missing: readonly ServerName[],
  options: InfrastructureOptions,
): Promise<Awaited<ReturnType<typeof composeInfra>> | null> {
  const { config, progress, workspace, isCleaning } = options
  if (missing.length === 0 || config.infra === 'own') return null
  if (!(await isComposeAnswering())) {
    if (config.infra === 'auto') return null
    throw new Error('HOLDFAST_INFRA=compose, but no Docker engine with Compose answers')
  }
  try {
    const { environment } = config
    const { root } = workspace
    return await composeInfra({ root, names: missing, progress, isCleaning, environment })
  } catch (error) {
    if (config.infra === 'compose') throw error
    progress.say(`Compose did not start the servers: ${(error as Error).message.trim()}`)
    progress.say('Starting servers of our own; HOLDFAST_INFRA=own npm start does so at once.')
    return null
  }
}

/**
 * Provides the three servers, ready.
 * @throws Error naming the server that is not to be had. What had been started is still running
 * then, and known to the registry.
 */
export async function provideInfrastructure(
  options: InfrastructureOptions,
): Promise<Infrastructure> {
  const { config, progress, signal } = options
  const given = givenBy(config)
  const missing = SERVER_NAMES.filter((name) => given[name] === null)
  for (const name of SERVER_NAMES) {
    const address = given[name]
    if (address !== null) await progress.step(name, reach(name, address, signal))
  }
  const compose = await chooseCompose(missing, options)
  const own = compose ? [] : await startOwn(missing, options)
  const addressOf = (name: ServerName): string => {
    const address =
      given[name] ?? compose?.addresses[name] ?? own.find((one) => one.name === name)?.url
    if (address === undefined) throw new Error(`nothing provides ${name}`)
    return address
  }
  return {
    redisUrl: addressOf('redis'),
    mysqlUrl: addressOf('mariadb'),
    kafkaBrokers: addressOf('kafka'),
    own,
    async stop() {
      await Promise.all(own.map((server) => server.stop()))
      await compose?.stop()
    },
  }
}
