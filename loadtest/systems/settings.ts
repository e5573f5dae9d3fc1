/** What the running servers say of how they keep what they were told. */
import { createClient, whenReady } from '../../lua/client.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { createLog } from '../../platform/log.ts'
import type { SystemUnderTest } from './system.ts'

/** Setting by name, as the server spells it; server by name. */
export type Settings = Record<string, Record<string, string>>

const SQL_NAMES = [
  ...['version', 'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'log_bin', 'sync_binlog'],
  ...['innodb_buffer_pool_size', 'innodb_log_file_size', 'tx_isolation'],
] as const
const REDIS_NAMES = ['appendonly', 'appendfsync', 'save', 'maxmemory-policy', 'io-threads'] as const
const KAFKA_NAMES = [
  ...['min.insync.replicas', 'log.flush.interval.messages', 'log.flush.interval.ms'],
  ...['unclean.leader.election.enable', 'compression.type', 'num.io.threads'],
] as const
const READY_WITHIN_MS = 5_000
/** kafkajs's number for the resource type BROKER. */
const BROKER_RESOURCE = 4

/** Asks each server of the system. @throws the server's error when it does not answer */
export async function readSettings({ stage, books }: SystemUnderTest): Promise<Settings> {
  const settings: Settings = {
    redis: await readRedis(stage.urlOf('redis')),
    mariadb: await books.variables(SQL_NAMES),
  }
  if (stage.servers.kafka) settings.kafka = await readKafka(stage.urlOf('kafka'))
  return settings
}

async function readRedis(url: string): Promise<Record<string, string>> {
  const client = createClient({ url, name: 'bench' })
  try {
    await whenReady(client, READY_WITHIN_MS)
    const info = (await client.info('server')) as string
    const settings: Record<string, string> = {
      version: /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown',
    }
    for (const name of REDIS_NAMES) {
      const [, value] = (await client.config('GET', name)) as string[]
      settings[name] = value ?? ''
    }
    return settings
  } finally {
    client.disconnect()
  }
}

async function readKafka(brokers: string): Promise<Record<string, string>> {
  const log = createLog('bench', 'silent')
  const admin = new KafkaConnection({ brokers, clientId: 'bench', log }).admin()
  await admin.connect()
  try {
    const { brokers: known } = await admin.describeCluster()
    const name = String(known[0]?.nodeId ?? 1)
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: BROKER_RESOURCE, name, configNames: [...KAFKA_NAMES] }],
    })
    const entries = resources[0]?.configEntries ?? []
    return {
      ...Object.fromEntries(
        entries.map(({ configName, configValue }) => [configName, configValue]),
      ),
      // The producer asks for it, so no server can tell: platform/kafka/producer.ts.
      'acks (producer)': 'all',
    }
  } finally {
    await admin.disconnect()
  }
}
