/**
 * Connections to Redis with settings under which a lost reply is never mistaken for anything else:
 * nothing is queued while there is no connection, nothing is sent twice, and every command ends
 * within a known time. By default ioredis does the opposite of each.
 */
import type { Socket } from 'node:net'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { RedisUnavailable } from './errors.ts'

export type RedisClient = Redis | Cluster

export const COMMAND_TIMEOUT_MS = 800
const CONNECT_TIMEOUT_MS = 2_000
const RECONNECT_DELAY_MS_MIN = 50
const RECONNECT_DELAY_MS_MAX = 1_000
/** How much longer than its BLOCK time a blocking read may take before it counts as failed. */
const BLOCKING_GRACE_MS = 1_000

export interface ClientOptions {
  /**
   * `redis://[user:password@]host:port[/db]`, `rediss://` for TLS, or
   * `redis-cluster://host:port[,host:port...]` for a Redis Cluster.
   */
  url: string
  /** Shown by CLIENT LIST. */
  name?: string
  /** Called with every connection error; the client goes on reconnecting by itself. */
  onError?: (error: Error) => void
}

/**
 * A client for everything that answers at once: scripts and plain reads. Connects by itself. What
 * is asked in one turn of the event loop goes out together when the turn ends.
 */
export function createClient(options: ClientOptions): RedisClient {
  const client = connect(options, COMMAND_TIMEOUT_MS)
  if (client instanceof Cluster) client.on('+node', writeByTurns)
  else writeByTurns(client)
  return client
}

/**
 * A client for blocking reads (XREAD BLOCK), to be used for nothing else: a command sent behind
 * a blocking one waits for it. `blockMsMax` is the longest BLOCK time that will be asked for.
 */
export function createReader(options: ClientOptions & { blockMsMax: number }): RedisClient {
  return connect(options, options.blockMsMax + BLOCKING_GRACE_MS)
}

function connect(options: ClientOptions, commandTimeoutMs: number): RedisClient {
  const client = options.url.startsWith('redis-cluster:')
    ? clusterOf(options, commandTimeoutMs)
    : new Redis(options.url, {
        ...settings(options, commandTimeoutMs),
        retryStrategy: reconnectDelayMs,
        enableOfflineQueue: false,
      })
  // Without a listener ioredis prints connection errors by itself.
  client.on('error', options.onError ?? (() => {}))
  return client
}

/**
 * Makes one system call of all that is written to a connection in one turn of the event loop: under
 * load the calls cost more than the commands. ioredis writes each command by itself, and its own
 * pipelines would have to be awaited as one.
 */
function writeByTurns(client: Redis): void {
  // A reconnect brings a new socket.
  client.on('connect', () => {
    const socket = client.stream
    const write = socket.write
    let isCorked = false
    const uncork = () => {
      isCorked = false
      socket.uncork()
    }
    socket.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
      if (!isCorked) {
        isCorked = true
        socket.cork()
        setImmediate(uncork)
      }
      return write.apply(this, args)
    } as Socket['write']
  })
}

function settings(options: ClientOptions, commandTimeoutMs: number) {
  return {
    ...(options.name && { connectionName: options.name }),
    protocol: 2,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: commandTimeoutMs,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
  } satisfies RedisOptions
}

function clusterOf(options: ClientOptions, commandTimeoutMs: number): Cluster {
  const nodes = options.url.slice('redis-cluster://'.length).split(',')
  return new Cluster(
    nodes.map((node) => `redis://${node}`),
    {
      clusterRetryStrategy: reconnectDelayMs,
      enableOfflineQueue: false,
      redisOptions: settings(options, commandTimeoutMs),
    },
  )
}

/** Doubles from 50 ms to 1 s, with jitter so that processes do not come back in step. */
function reconnectDelayMs(attempts: number): number {
  const delayMs = RECONNECT_DELAY_MS_MIN * 2 ** Math.min(attempts - 1, 10)
  return Math.min(delayMs, RECONNECT_DELAY_MS_MAX) * (0.75 + Math.random() * 0.5)
}

/** Waits until the client may send commands. Throws RedisUnavailable after `waitMs`. */
export async function whenReady(client: RedisClient, waitMs: number): Promise<void> {
  if (client.status === 'ready') return
  await new Promise<void>((resolve, reject) => {
    const onReady = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      client.off('ready', onReady)
      const cause = new Error(`no connection within ${waitMs} ms`)
      reject(new RedisUnavailable('REDIS_UNAVAILABLE', { cause }))
    }, waitMs)
    client.once('ready', onReady)
  })
}
