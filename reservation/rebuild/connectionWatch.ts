/** Tells when a connection to Redis is lost, whatever kind of client it belongs to. */
import { Cluster } from 'ioredis'
import type { RedisClient } from '../../lua/client.ts'

/**
 * Calls `onLost` whenever a connection of the client ends, on a Cluster that of any node, and
 * `onReady` whenever one may be used (again). Answers how to stop watching.
 */
export function watchConnection(
  client: RedisClient,
  { onLost, onReady }: { onLost: () => void; onReady: () => void },
): () => void {
  const unwatch: (() => void)[] = []
  const watch = (one: RedisClient) => {
    one.on('close', onLost)
    one.on('ready', onReady)
    unwatch.push(() => {
      one.off('close', onLost)
      one.off('ready', onReady)
    })
  }
  watch(client)
  if (client instanceof Cluster) {
    for (const node of client.nodes('all')) watch(node)
    client.on('+node', watch)
    client.on('-node', onLost)
    unwatch.push(() => {
      client.off('+node', watch)
      client.off('-node', onLost)
    })
  }
  return () => {
    for (const one of unwatch) one()
  }
}
