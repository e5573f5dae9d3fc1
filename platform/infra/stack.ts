import { join } from 'node:path'
import { startKafka } from './kafka.ts'
import { startMariadb } from './mariadb.ts'
import type { ProcessRegistry } from './processes.ts'
import { startRedis } from './redis.ts'
import type { RunningServer } from './server.ts'

export type ServerName = 'redis' | 'mariadb' | 'kafka'
export const SERVER_NAMES: readonly ServerName[] = ['redis', 'mariadb', 'kafka']

/** What tests and benchmarks may tune; the defaults are those of `npm start`. */
export interface ServerTuning {
  redisArgs?: readonly string[]
  bufferPoolMib?: number
  kafkaHeapMib?: number
  kafkaJvmArgs?: readonly string[]
}

export interface StackOptions extends ServerTuning {
  /** Each server keeps its data in a folder of its own name below this one. */
  dataDir: string
  /** Each server logs to `<name>.log` in this folder. */
  logDir: string
  registry?: ProcessRegistry
  /** Gives up a start that is under way. */
  signal?: AbortSignal
}

/** Starts one of the servers under `options.dataDir`. */
export function startNamed(name: ServerName, options: StackOptions): Promise<RunningServer> {
  const { registry, signal } = options
  const common = {
    dataDir: join(options.dataDir, name),
    logFile: join(options.logDir, `${name}.log`),
    ...(registry && { registry }),
    ...(signal && { signal }),
  }
  switch (name) {
    case 'redis':
      return startRedis({ ...common, ...(options.redisArgs && { args: options.redisArgs }) })
    case 'mariadb': {
      const { bufferPoolMib } = options
      return startMariadb({ ...common, ...(bufferPoolMib && { bufferPoolMib }) })
    }
    case 'kafka': {
      const { kafkaHeapMib, kafkaJvmArgs } = options
      return startKafka({
        ...common,
        ...(kafkaHeapMib && { heapMib: kafkaHeapMib }),
        ...(kafkaJvmArgs && { jvmArgs: kafkaJvmArgs }),
      })
    }
    default:
      throw new Error(`no server is called ${name satisfies never}`)
  }
}

/** Redis, MariaDB and Kafka together. */
export interface Stack {
  redis: RunningServer
  mariadb: RunningServer
  kafka: RunningServer
  /** Stops all three. */
  stop(): Promise<void>
}

/**
 * Starts the three servers side by side.
 * @throws Error when one of them does not get ready; the others have been stopped then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const results = await Promise.allSettled(SERVER_NAMES.map((name) => startNamed(name, options)))
  const servers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()))
  }
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) {
    await stop()
    throw failure.reason
  }
  const [redis, mariadb, kafka] = servers as [RunningServer, RunningServer, RunningServer]
  return { redis, mariadb, kafka, stop }
}
