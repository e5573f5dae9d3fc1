import { createClient, whenReady } from '../../lua/client.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import type { Log } from '../../platform/log.ts'
import { Database } from '../../platform/mysql/database.ts'
import type { Facts } from './facts.ts'
import { gatherKafka } from './gatherKafka.ts'
import { gatherProvider } from './gatherProvider.ts'
import { gatherRedis } from './gatherRedis.ts'
import { type Databases, gatherSql } from './gatherSql.ts'

export interface Stores {
  redisUrl: string
  redisShards: number
  /** Without a path. */
  mysqlUrl: string
  databasePrefix: string
  kafkaBrokers: string
  /** Null where the provider cannot be asked: our own ledger then stands in for its record. */
  sandboxUrl: string | null
  log: Log
}

const POOL_SIZE = 2
const REDIS_READY_WITHIN_MS = 5_000

/**
 * Asks every store what it knows. The answers agree only when the system is quiet.
 * @throws the store's own error when one does not answer
 */
export async function gather(stores: Stores): Promise<Facts> {
  const databases = databasesOf(stores)
  const redis = createClient({ url: stores.redisUrl, name: 'checker' })
  const connection = new KafkaConnection({
    brokers: stores.kafkaBrokers,
    clientId: 'checker',
    log: stores.log,
  })
  try {
    await whenReady(redis, REDIS_READY_WITHIN_MS)
    for (const database of Object.values(databases)) await database.start()
    const [redisFacts, sqlFacts, kafkaFacts] = await Promise.all([
      gatherRedis(redis, stores.redisShards),
      gatherSql(databases),
      gatherKafka(connection),
    ])
    const charged = sqlFacts.services.filter(({ service }) => service === 'payment')
    const reservationIds = [...new Set(charged.map(({ reservationId }) => reservationId))]
    const provider =
      stores.sandboxUrl === null
        ? sqlFacts.ledger
        : await gatherProvider(stores.sandboxUrl, reservationIds)
    return { ...redisFacts, ...sqlFacts, ...kafkaFacts, provider }
  } finally {
    redis.disconnect()
    await Promise.all(Object.values(databases).map((database) => database.stop()))
  }
}

function databasesOf({ mysqlUrl, databasePrefix, log }: Stores): Databases {
  const open = (service: string): Database =>
    new Database({
      url: mysqlUrl,
      database: `${databasePrefix}_${service}`,
      poolSize: POOL_SIZE,
      log,
    })
  return {
    reservation: open('reservation'),
    payment: open('payment'),
    ticket: open('ticket'),
    notification: open('notification'),
  }
}
