/** Where the system is: what `npm start` wrote down, or the environment, which has the last word. */
import { existsSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'
import {
  brokers,
  type ConfigOf,
  commonSpec,
  integer,
  loadConfig,
  optionalText,
  optionalUrl,
  problemsIn,
  text,
} from '../platform/config.ts'
import { OperationalError } from '../platform/errors.ts'
import { CommandFailed } from './cli/failure.ts'

const RUN_FILE = fileURLToPath(new URL('../.holdfast/run.json', import.meta.url))

export const spec = {
  kafkaBrokers: brokers('KAFKA_BROKERS'),
  mysqlUrl: commonSpec.mysqlUrl,
  mysqlDatabasePrefix: commonSpec.mysqlDatabasePrefix,
  redisUrl: text('REDIS_URL'),
  redisShards: integer('REDIS_SHARDS', { default: 16, min: 1, max: 100 }),
  /** The provider's own record, which `reconcile` compares with ours; without it, it does not. */
  providerUrl: optionalUrl('PAYMENT_PROVIDER_URL', { protocols: ['http:', 'https:'] }),
  /** Whom the audit names; the user of this machine unless given. */
  operator: optionalText('HOLDFAST_OPERATOR'),
  editor: optionalText('EDITOR'),
}

export interface OperatorConfig extends ConfigOf<typeof spec> {
  operator: string
}

interface RunFile {
  kafkaBrokers: string
  redisUrl: string
  mysqlUrl: string
  sandboxUrl: string
}

/**
 * Finds the system.
 *
 * @throws CommandFailed when neither run.json nor the environment tells enough
 */
export function loadOperatorConfig(env: NodeJS.ProcessEnv): OperatorConfig {
  try {
    const config = loadConfig(spec, { ...runEnvironment(), ...withoutEmpty(env) })
    return { ...config, operator: config.operator ?? userInfo().username }
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error
    const problems = problemsIn(error).join('\n')
    throw new CommandFailed(
      existsSync(RUN_FILE)
        ? `.holdfast/run.json and the environment together name no system:\n${problems}`
        : `no system was found: .holdfast/run.json is missing (is it running? npm start) and the environment does not name one either:\n${problems}`,
    )
  }
}

const withoutEmpty = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))

function readRunFile(): RunFile {
  try {
    return JSON.parse(readFileSync(RUN_FILE, 'utf8')) as RunFile
  } catch (cause) {
    throw new CommandFailed(`cannot read ${RUN_FILE}: ${(cause as Error).message}`, { cause })
  }
}

function runEnvironment(): NodeJS.ProcessEnv {
  if (!existsSync(RUN_FILE)) return {}
  const run = readRunFile()
  return {
    KAFKA_BROKERS: run.kafkaBrokers,
    REDIS_URL: run.redisUrl,
    MYSQL_URL: run.mysqlUrl,
    PAYMENT_PROVIDER_URL: run.sandboxUrl,
  }
}
