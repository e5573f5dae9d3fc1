/** What the environment tells a test run; the only place of the test tools that reads it. */
export interface TestEnvironment {
  /** Servers to use instead of starting some. */
  redisUrl?: string
  mysqlUrl?: string
  kafkaBrokers?: string
  /** Folder for what helps to understand a failure: server logs, audit records. */
  evidenceDir?: string
  /** True under `npm run test:full`: suites take their long form. */
  isFull: boolean
}

export function loadTestEnvironment(env: NodeJS.ProcessEnv = process.env): TestEnvironment {
  return {
    ...(env.REDIS_URL && { redisUrl: env.REDIS_URL }),
    ...(env.MYSQL_URL && { mysqlUrl: env.MYSQL_URL.replace(/\/+$/, '') }),
    ...(env.KAFKA_BROKERS && { kafkaBrokers: env.KAFKA_BROKERS }),
    ...(env.HOLDFAST_TEST_EVIDENCE && { evidenceDir: env.HOLDFAST_TEST_EVIDENCE }),
    isFull: env.HOLDFAST_TEST_FULL === '1',
  }
}
