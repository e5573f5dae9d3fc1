import { createReader, type RedisClient, whenReady } from '../../lua/client.ts'

const READY_WITHIN_MS = 5_000
/** An auditor reads much at once and is in no hurry; no client of a service waits so long. */
const ANSWER_WITHIN_MS = 60_000

/**
 * Gives `work` a client that waits long for its answers.
 * @throws RedisUnavailable when Redis does not answer
 */
export async function withPatientRedis<T>(
  url: string,
  work: (redis: RedisClient) => Promise<T>,
): Promise<T> {
  const redis = createReader({ url, name: 'audit', blockMsMax: ANSWER_WITHIN_MS })
  try {
    await whenReady(redis, READY_WITHIN_MS)
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}
