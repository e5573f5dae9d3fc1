import { integer, oneOf, optionalText, optionalUrl, port } from '../../platform/config.ts'
import { LOG_LEVELS } from '../../platform/log.ts'

/** What the sandbox provider reads from the environment. */
export const spec = {
  port: port('PORT', { default: 8090 }),
  logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, { default: 'info' }),
  /** How long a charge or refund takes. */
  latencyMs: integer('PAYMENT_SANDBOX_LATENCY_MS', { default: 20, min: 0, max: 60_000 }),
  /** Folder of the record file; without it a restart forgets every charge. */
  dataDir: optionalText('SANDBOX_DATA_DIR'),
  /** Charges kept in memory (about 0.4 kB each), and as many refunds; then the oldest go. */
  recordsMax: integer('SANDBOX_RECORDS_MAX', { default: 500_000, min: 1_000 }),
  /** Where outcomes are told; without it nobody is. */
  webhookUrl: optionalUrl('PAYMENT_WEBHOOK_URL', { protocols: ['http:', 'https:'] }),
  webhookSecret: optionalText('PAYMENT_WEBHOOK_SECRET'),
}
