/**
 * Starts the whole system, keeps it running and stops it: servers, topics, services, demo show.
 * Every child is bound to this process by the kernel (see platform/infra/child.ts) and written to
 * processes.json; should both fail, the next start ends what is left.
 */
import { relative } from 'node:path'
import { claimPort, freePort, isPortFree } from '../../platform/infra/ports.ts'
import {
  endMarked,
  openProcessRegistry,
  type ProcessRegistry,
  readProcessRegistry,
} from '../../platform/infra/processes.ts'
import type { RunningServer } from '../../platform/infra/server.ts'
import { createTopics } from '../../platform/infra/topics.ts'
import type { SupervisorConfig } from './config.ts'
import { findFreeSeat, holdCommand, seedDemoShows } from './demo-show.ts'
import { type Infrastructure, provideInfrastructure } from './infrastructure.ts'
import { keepRunning } from './keeper.ts'
import type { StartOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { loadSessionKey, loadWebhookSecret, makeAdminToken } from './secrets.ts'
import { type ServiceContext, type ServiceSpec, startService } from './services.ts'
import { prepare, trimLogs, type Workspace, wipe, writeRunRecord } from './workspace.ts'

export const PORT_DEFAULT = 8080
const PORT_ATTEMPTS_MAX = 100
const LEFTOVER_GRACE_MS = 10_000
const TRIM_EVERY_MS = 60_000
const START_ATTEMPTS_MAX = 3
const PLACE_WIDTH = 36
/** What every service writes when its settings are wrong (platform/config.ts). */
const CONFIG_PROBLEM = /its configuration is wrong/

export interface SupervisorOptions {
  options: StartOptions
  config: SupervisorConfig
  workspace: Workspace
  services: readonly ServiceSpec[]
  progress: Progress
  /** Aborted by stop(): whatever is starting then gives up. */
  abort: AbortController
}

/** A start that cannot go on, for a reason that the user can act upon. */
export class StartError extends Error {}

/** The port asked for, or the first free one from 8080 on. */
async function choosePort(asked: number | null, progress: Progress): Promise<number> {
  if (asked !== null) {
    if (await isPortFree(asked)) return asked
    throw new StartError(`port ${asked} is taken; choose another: npm start -- --port <port>`)
  }
  for (let port = PORT_DEFAULT; port < PORT_DEFAULT + PORT_ATTEMPTS_MAX; port += 1) {
    if (!(await isPortFree(port))) continue
    if (port !== PORT_DEFAULT) progress.say(`port ${PORT_DEFAULT} is taken; using ${port}`)
    return port
  }
  return freePort()
}

export class Supervisor {
  readonly #given: SupervisorOptions
  readonly #abort: AbortController
  readonly #registry: ProcessRegistry
  readonly #services: RunningServer[] = []
  #infrastructure: Infrastructure | null = null
  #trimmer: NodeJS.Timeout | undefined
  #stopped: Promise<void> | null = null

  constructor(given: SupervisorOptions) {
    this.#given = given
    this.#abort = given.abort
    this.#registry = openProcessRegistry(given.workspace.processesFile)
  }

  get isStopping(): boolean {
    return this.#stopped !== null
  }

  /**
   * Brings everything up. Call stop() also when it throws.
   * @throws StartError or Error naming what did not start, with the end of its log.
   */
  async start(): Promise<void> {
    const { workspace, progress, options, config } = this.#given
    await this.#endLeftovers()
    const port = await choosePort(options.port ?? (config.port || null), progress)
    // Nobody listens there yet, so for a server of ours it would pass for free.
    claimPort(port)
    if (options.isCleaning) wipe(workspace)
    prepare(workspace)
    this.#trimmer = setInterval(() => trimLogs(workspace), TRIM_EVERY_MS)

    const infrastructure = await this.#startInfrastructure()
    const key = config.jwksUrl === null ? await loadSessionKey(workspace.sessionKeyFile) : null
    const context: ServiceContext = {
      redisUrl: infrastructure.redisUrl,
      mysqlUrl: infrastructure.mysqlUrl,
      kafkaBrokers: infrastructure.kafkaBrokers,
      workspace,
      sessionKey: key && JSON.stringify(key),
      webhookSecret: loadWebhookSecret(workspace.webhookSecretFile),
      ports: await this.#choosePorts(port),
    }
    await this.#startServices(context)
    const issuer = config.jwtIssuer ?? 'holdfast'
    const audience = config.jwtAudience ?? 'holdfast'
    const adminToken = key && (await makeAdminToken(key, { issuer, audience }))
    await this.#announce(context, adminToken)
  }

  /** Processes of a supervisor that was killed; normally the kernel has told them already. */
  async #endLeftovers(): Promise<void> {
    const { workspace, progress } = this.#given
    const marks = readProcessRegistry(workspace.processesFile)
    const ended = await endMarked(marks, { graceMs: LEFTOVER_GRACE_MS })
    this.#registry.clear()
    if (ended.length === 0) return
    const names = ended.map(({ name, pid }) => `${name} (${pid})`).join(', ')
    progress.say(`ended what an earlier run had left behind: ${names}`)
  }

  async #startInfrastructure(): Promise<Infrastructure> {
    const { workspace, progress, options, config } = this.#given
    const { signal } = this.#abort
    const infrastructure = await provideInfrastructure({
      config,
      workspace,
      registry: this.#registry,
      progress,
      isCleaning: options.isCleaning,
      signal,
    })
    this.#infrastructure = infrastructure
    for (const server of infrastructure.own) keepRunning(server, { say: progress.say, signal })
    const { kafkaBrokers } = infrastructure
    const partitions = config.kafkaPartitions
    await progress.step(
      'topics',
      createTopics({ brokers: kafkaBrokers, partitions }).then((made) => `${made} made`),
    )
    return infrastructure
  }

  async #choosePorts(entryPort: number): Promise<Record<string, number>> {
    const ports: Record<string, number> = {}
    for (const { name, isEntry } of this.#given.services) {
      ports[name] = isEntry ? entryPort : await freePort()
    }
    return ports
  }

  /** All at once, for most of a start is waiting; told in the order of the list. */
  async #startServices(context: ServiceContext): Promise<void> {
    const { services, progress } = this.#given
    const { signal } = this.#abort
    const startedAt = performance.now()
    const starts = services.map(async (spec) => {
      const server = await this.#startPatiently(spec, context)
      this.#services.push(server)
      keepRunning(server, { say: progress.say, signal })
      return `${server.url}, pid ${server.pid}`
    })
    const settled = Promise.allSettled(starts)
    try {
      for (const [index, spec] of services.entries()) {
        await progress.step(spec.name, starts[index] as Promise<string>, startedAt)
      }
    } catch (error) {
      this.#abort.abort()
      await settled
      throw error
    }
  }

  /** A service may stumble over a server that has only just come up; a wrong setting stays wrong. */
  async #startPatiently(spec: ServiceSpec, context: ServiceContext): Promise<RunningServer> {
    const { environment } = this.#given.config
    const { signal } = this.#abort
    const registry = this.#registry
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await startService({ spec, context, environment, registry, signal })
      } catch (error) {
        const isHopeless = CONFIG_PROBLEM.test((error as Error).message)
        if (signal.aborted || isHopeless || attempt === START_ATTEMPTS_MAX) throw error
      }
    }
  }

  async #announce(context: ServiceContext, adminToken: string | null): Promise<void> {
    const { workspace, progress, options, services } = this.#given
    const entry = services.find(({ isEntry }) => isEntry)
    const http = `http://127.0.0.1:${context.ports[entry?.name ?? '']}`
    const sandboxUrl = `http://127.0.0.1:${context.ports.sandbox}`
    if (options.isSeeding && adminToken !== null) {
      await progress.step('seed', seedDemoShows(http, adminToken))
    }
    const seatId = await findFreeSeat(http)
    const { kafkaBrokers, redisUrl, mysqlUrl } = context
    const addresses = { http, kafkaBrokers, redisUrl, mysqlUrl, sandboxUrl }
    writeRunRecord(workspace, { pid: process.pid, ...addresses, adminToken })
    const folder = (path: string): string => relative(process.cwd(), path) || path
    const places: [string, string][] = [
      [`${http}/`, 'the seat picker'],
      [`${http}/openapi.json`, 'the HTTP interface, described'],
      [sandboxUrl, 'the payment sandbox'],
      [folder(workspace.mailDir), 'messages to buyers'],
      [folder(workspace.logDir), 'what each process logs'],
      [folder(workspace.runFile), 'addresses, and a token for operators'],
    ]
    const lines = [
      '',
      'Holdfast is ready',
      '',
      ...places.map(([place, what]) => `  ${place.padEnd(PLACE_WIDTH)} ${what}`),
      '',
      'Try it in another terminal:',
      '',
      seatId === null ? `  curl -s ${http}/v1/shows` : `  ${holdCommand(http, seatId)}`,
      '',
      'Ctrl-C stops everything.',
    ]
    for (const line of lines) progress.say(line)
  }

  /** Stops the services against their order, then the servers. Every stop runs; memoised. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll()
    return this.#stopped
  }

  async #stopAll(): Promise<void> {
    this.#abort.abort()
    clearInterval(this.#trimmer)
    const order = this.#given.services.map(({ name }) => name)
    const byOrder = this.#services.toSorted((a, b) => order.indexOf(b.name) - order.indexOf(a.name))
    const problems: unknown[] = []
    for (const server of byOrder) await server.stop().catch((error) => problems.push(error))
    await this.#infrastructure?.stop().catch((error) => problems.push(error))
    // What was still starting when the stop came is in no list but this one.
    await endMarked(readProcessRegistry(this.#given.workspace.processesFile))
    this.#registry.clear()
    for (const problem of problems) this.#given.progress.say(`while stopping: ${problem}`)
  }

  /** Ends every child at once. */
  killAll(): void {
    for (const { pid } of readProcessRegistry(this.#given.workspace.processesFile)) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It had ended already.
      }
    }
    this.#registry.clear()
  }
}
