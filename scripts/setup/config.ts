import { brokers, configOrExit, integer, text } from '../../platform/config.ts'

export const spec = {
  kafkaBrokers: brokers('KAFKA_BROKERS'),
  kafkaPartitions: integer('KAFKA_PARTITIONS', { default: 8, min: 1, max: 200 }),
  /** Folder for the keys that services read at their start. */
  keysDir: text('KEYS_DIR'),
}

export const loadSetupConfig = () => configOrExit('setup', spec, process.env)
