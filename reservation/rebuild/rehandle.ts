/**
 * Applies again what the saga's consumer has not committed: its effects may have been lost with
 * Redis before SQL had them. One pass over Kafka serves all shards that are being rebuilt.
 */
import { shardOfReservation } from '../../contracts/ids.ts'
import type { Message } from '../../contracts/message.ts'
import { isDependencyDown } from '../../platform/errors.ts'
import type { KafkaConnection } from '../../platform/kafka/connection.ts'
import { readCommittedToEnd } from '../../platform/kafka/readRange.ts'
import type { Log } from '../../platform/log.ts'
import { SAGA_TOPICS, type SagaHandler } from '../saga/handler.ts'

export interface RehandleOptions {
  connection: KafkaConnection
  group: string
  handler: SagaHandler
  log: Log
}

/**
 * Handles every uncommitted message of the shards named in `permits` (lease tokens), up to the
 * ends of the topics at the start. Answers how many messages there were.
 *
 * @throws OperationalError when Kafka, Redis or SQL is away, or a permit is not valid any more
 */
export async function rehandle(
  options: RehandleOptions,
  permits: ReadonlyMap<number, string>,
): Promise<number> {
  let handled = 0
  await readCommittedToEnd({
    connection: options.connection,
    group: options.group,
    topics: SAGA_TOPICS,
    each: async (messages) => {
      const ours = messages.filter(({ payload }) =>
        permits.has(shardOfReservation(payload.reservationId)),
      )
      handled += ours.length
      await handleSound(options, ours, permits)
    },
  })
  return handled
}

/** A message that cannot be handled is the consumer's to bury; it must not keep a shard shut. */
async function handleSound(
  options: RehandleOptions,
  messages: readonly Message[],
  permits: ReadonlyMap<number, string>,
): Promise<void> {
  if (messages.length === 0) return
  try {
    await options.handler.handle(messages, permits)
  } catch (error) {
    if (isDependencyDown(error)) throw error
    if (messages.length === 1) {
      options.log.warn({ err: error, id: messages[0]?.id }, 'a message is left to the consumer')
      return
    }
    const middle = messages.length >> 1
    await handleSound(options, messages.slice(0, middle), permits)
    await handleSound(options, messages.slice(middle), permits)
  }
}
