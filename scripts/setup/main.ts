/**
 * What `npm start` does before it starts services, for containers: makes the topics and, in
 * KEYS_DIR, the keys and an operator's token. Doing it again changes nothing but the token.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTopics } from '../../platform/infra/topics.ts'
import { loadSessionKey, loadWebhookSecret, makeAdminToken } from '../supervisor/secrets.ts'
import { loadSetupConfig } from './config.ts'

const config = loadSetupConfig()
mkdirSync(config.keysDir, { recursive: true })
const key = await loadSessionKey(join(config.keysDir, 'session-key.json'))
loadWebhookSecret(join(config.keysDir, 'webhook-secret'))
const token = await makeAdminToken(key, { issuer: 'holdfast', audience: 'holdfast' })
writeFileSync(join(config.keysDir, 'admin-token'), `${token}\n`, { mode: 0o600 })
const made = await createTopics({
  brokers: config.kafkaBrokers,
  partitions: config.kafkaPartitions,
})
console.log(`${made} topics made; keys and an operator's token are in ${config.keysDir}`)
