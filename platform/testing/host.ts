/**
 * The servers of a test run live in the runner's own process and are started by the first test
 * that asks, so that a run without such tests starts none. Tests ask over a loopback port.
 */
import { randomInt } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { openProcessRegistry } from '../infra/processes.ts'
import type { RunningServer } from '../infra/server.ts'
import { SERVER_NAMES, type ServerName, startNamed } from '../infra/stack.ts'
import { createTopics } from '../infra/topics.ts'
import type { TestEnvironment } from './config.ts'
import { registriesOf } from './runs.ts'

export const TEST_KAFKA_PARTITIONS = 8
const REDIS_DATABASES = 4_096
export const TEST_TUNING = {
  /** Each test file may take a database of its own. */
  redisArgs: ['--databases', String(REDIS_DATABASES)],
  bufferPoolMib: 64,
  kafkaHeapMib: 256,
  /** The quick compiler alone: a test's broker starts often and never lives long. */
  kafkaJvmArgs: ['-XX:TieredStopAtLevel=1'],
} as const

export interface InfraHost {
  /**
   * Where tests ask: `GET <url>/<server name>` answers the server's URL, and
   * `GET <url>/redis-database` the number of a Redis database that nobody else was told.
   */
  url: string
  stop(): Promise<void>
}

interface HostOptions {
  runDir: string
  environment: TestEnvironment
}

async function startShared(name: ServerName, options: HostOptions): Promise<RunningServer> {
  const { runDir, environment } = options
  const server = await startNamed(name, {
    ...TEST_TUNING,
    dataDir: join(runDir, 'shared'),
    logDir: environment.evidenceDir ?? join(runDir, 'logs'),
    // One registry per server: they start side by side and each file has one writer.
    registry: openProcessRegistry(join(registriesOf(runDir), `shared-${name}.json`)),
  })
  if (name === 'kafka') {
    await createTopics({ brokers: server.url, partitions: TEST_KAFKA_PARTITIONS })
  }
  return server
}

function givenUrl(name: ServerName, environment: TestEnvironment): string | undefined {
  switch (name) {
    case 'redis':
      return environment.redisUrl
    case 'mariadb':
      return environment.mysqlUrl
    case 'kafka':
      return environment.kafkaBrokers
  }
}

/** Opens the host. It starts a server when it is first asked for, and never twice. */
export async function openInfraHost(options: HostOptions): Promise<InfraHost> {
  const started = new Map<ServerName, Promise<RunningServer>>()

  const urlOf = async (name: ServerName): Promise<string> => {
    const given = givenUrl(name, options.environment)
    if (given !== undefined) {
      if (name === 'kafka') {
        await createTopics({ brokers: given, partitions: TEST_KAFKA_PARTITIONS })
      }
      return given
    }
    let server = started.get(name)
    if (!server) {
      server = startShared(name, options)
      started.set(name, server)
    }
    return (await server).url
  }

  // A Redis that was given may be used by others too, so a run does not begin at the first.
  let database = randomInt(REDIS_DATABASES - 1)

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/redis-database') {
      database = (database + 1) % (REDIS_DATABASES - 1)
      response.end(String(database + 1))
      return
    }
    const name = SERVER_NAMES.find((candidate) => request.url === `/${candidate}`)
    if (!name) {
      response.writeHead(404).end(`no server at ${request.url}`)
      return
    }
    try {
      response.end(await urlOf(name))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  }

  const http = createServer((request, response) => void answer(request, response))
  // Tests come and go; an open host must not keep a runner alive that wants to end.
  http.unref()
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      http.close()
      http.closeAllConnections()
      const settled = await Promise.allSettled(started.values())
      const servers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}
