import { mkdirSync } from 'node:fs'
import { findProgram } from './child.ts'
import { redisAnswers } from './probe.ts'
import { type RunningServer, type ServerOptions, startServer } from './server.ts'

export interface RedisOptions extends ServerOptions {
  /** Further directives for redis-server, such as `['--maxmemory', '64mb']`. */
  args?: readonly string[]
}

const READY_WITHIN_MS = 30_000

/**
 * Starts redis-server with an append-only file flushed every second; it never evicts a key.
 * `url` is `redis://127.0.0.1:<port>`.
 * @throws Error when redis-server is not installed or does not get ready.
 */
export async function startRedis(options: RedisOptions): Promise<RunningServer> {
  const command = findProgram('redis-server')
  if (!command) throw new Error('redis-server is not installed; node scripts/bootstrap.mjs start')
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const launch = (port: number) => ({
    command,
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', options.dataDir],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
      ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no', '--databases', '16'],
      ...(options.args ?? []),
    ],
  })
  return startServer(
    {
      name: 'redis',
      urlOf: (port) => `redis://127.0.0.1:${port}`,
      launch,
      isReady: redisAnswers,
      readyWithinMs: READY_WITHIN_MS,
    },
    options,
  )
}
