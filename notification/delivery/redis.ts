/** Connections to the Redis that keeps the queue: one server, or a cluster. */
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { REDIS_CLUSTER } from '../../platform/config.ts'

export type RedisClient = Redis | Cluster

/** @param url as `redisAddress` of platform/config.ts takes it */
export function connectRedis(url: string, options: RedisOptions): RedisClient {
  if (!url.startsWith(REDIS_CLUSTER)) return new Redis(url, options)
  const nodes = url.slice(REDIS_CLUSTER.length).split(',')
  const { enableOfflineQueue = true, ...redisOptions } = options
  return new Cluster(
    nodes.map((node) => `redis://${node}`),
    { enableOfflineQueue, redisOptions },
  )
}
