/** The `infra` profile of docker-compose.yml, on free loopback ports. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from '../../platform/infra/child.ts'
import { freePort } from '../../platform/infra/ports.ts'
import type { ServerName } from '../../platform/infra/stack.ts'
import type { Progress } from './progress.ts'

const ANSWER_WITHIN_MS = 5_000
/** Pulling the images the first time may take minutes. */
const UP_WITHIN_MS = 15 * 60_000
const STOP_WITHIN_MS = 60_000

/** The password of MySQL's administrator, who is reachable from this machine alone. */
export const COMPOSE_ROOT_PASSWORD = 'holdfast'

const run = promisify(execFile)

/** What docker-compose.yml calls each server, and the variables that place it on the host. */
export const COMPOSE_SERVERS: Record<ServerName, { service: string; portVariable: string }> = {
  redis: { service: 'redis', portVariable: 'HOLDFAST_REDIS_PORT' },
  mariadb: { service: 'mysql', portVariable: 'HOLDFAST_MYSQL_PORT' },
  kafka: { service: 'kafka', portVariable: 'HOLDFAST_KAFKA_PORT' },
}

/** Whether a Docker engine with the Compose plugin answers within five seconds. */
export async function isComposeAnswering(): Promise<boolean> {
  const docker = findProgram('docker')
  if (!docker) return false
  try {
    const timeout = ANSWER_WITHIN_MS
    await run(docker, ['version', '--format', '{{.Server.Version}}'], { timeout })
    await run(docker, ['compose', 'version'], { timeout })
    return true
  } catch {
    return false
  }
}

export interface ComposeInfra {
  addresses: Record<ServerName, string>
  stop(): Promise<void>
}

/**
 * Starts the named servers and waits for their health checks.
 * @throws Error with what docker said.
 */
export async function composeInfra(options: {
  root: string
  names: readonly ServerName[]
  progress: Progress
  isCleaning: boolean
  /** Where docker finds its engine, its home and its proxies. */
  environment: Record<string, string>
}): Promise<ComposeInfra> {
  const { root, names, progress, isCleaning } = options
  const ports = { redis: await freePort(), mariadb: await freePort(), kafka: await freePort() }
  const env = { ...options.environment }
  for (const name of names) env[COMPOSE_SERVERS[name].portVariable] = String(ports[name])
  // Two clones on one machine are two projects with volumes of their own.
  const project = `holdfast-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`
  const compose = (args: readonly string[], timeout: number) =>
    run('docker', ['compose', '-p', project, '-f', join(root, 'docker-compose.yml'), ...args], {
      env,
      timeout,
    })
  const services = names.map((name) => COMPOSE_SERVERS[name].service)
  if (isCleaning) await compose(['--profile', 'infra', 'down', '--volumes'], STOP_WITHIN_MS)
  await progress.step(
    'compose',
    compose(['up', '--detach', '--wait', ...services], UP_WITHIN_MS).then(
      () => `${services.join(', ')} are healthy`,
    ),
  )
  return {
    addresses: {
      redis: `redis://127.0.0.1:${ports.redis}`,
      mariadb: `mysql://root:${COMPOSE_ROOT_PASSWORD}@127.0.0.1:${ports.mariadb}`,
      kafka: `127.0.0.1:${ports.kafka}`,
    },
    async stop() {
      await compose(['stop', ...services], STOP_WITHIN_MS)
    },
  }
}
