import { spec as notificationSpec } from '../../notification/config.ts'
import { spec as paymentSpec } from '../../payment/config.ts'
import { spec as sandboxSpec } from '../../payment/sandbox/config.ts'
import {
  brokers,
  type ConfigOf,
  configOrExit,
  type Field,
  integer,
  oneOf,
  optionalRedisAddress,
  optionalText,
  optionalUrl,
  port,
  type Spec,
} from '../../platform/config.ts'
import { spec as reservationSpec, tokenProblemsOf } from '../../reservation/config.ts'
import { spec as ticketSpec } from '../../ticket/config.ts'

/** What the supervisor itself reads; the services read the rest of the environment. */
export const spec = {
  redisUrl: optionalRedisAddress('REDIS_URL'),
  kafkaBrokers: brokers('KAFKA_BROKERS', { default: '' }),
  mysqlUrl: optionalUrl('MYSQL_URL', { protocols: ['mysql:'] }),
  kafkaPartitions: integer('KAFKA_PARTITIONS', { default: 8, min: 1, max: 200 }),
  /** 0 when the user named none. */
  port: port('PORT', { default: 0 }),
  infra: oneOf('HOLDFAST_INFRA', ['auto', 'own', 'compose'], { default: 'auto' }),
  /** Tokens then come from elsewhere, and none of ours would be accepted. */
  jwksUrl: optionalUrl('JWT_JWKS_URL', { protocols: ['http:', 'https:'] }),
  jwtIssuer: optionalText('JWT_ISSUER'),
  jwtAudience: optionalText('JWT_AUDIENCE'),
} as const satisfies Spec

export type SupervisorConfig = ConfigOf<typeof spec> & {
  /** The environment that every service starts from. */
  environment: Record<string, string>
}

/** Variables of npm's own run, and what the supervisor alone decides. */
const NOT_INHERITED = /^(npm_|INIT_CWD$|PORT$|HOLDFAST_INFRA$|SESSION_KEY(_FILE)?$)/

/**
 * The services' fields that the user has set, by variable: each service would refuse to start over
 * a bad one, but only after the servers are up and one service at a time.
 */
function givenToServices(env: NodeJS.ProcessEnv): Spec {
  const given: Record<string, Field<unknown>> = {}
  const own = new Set(Object.values(spec).map(({ variable }) => variable))
  for (const service of [sandboxSpec, paymentSpec, ticketSpec, notificationSpec, reservationSpec]) {
    for (const field of Object.values(service) as Field<unknown>[]) {
      if (env[field.variable] && !own.has(field.variable)) given[field.variable] = field
    }
  }
  return given
}

/** Reads the environment. Prints every problem and exits with status 1 when there is one. */
export function loadSupervisorConfig(env: NodeJS.ProcessEnv = process.env): SupervisorConfig {
  // The key of sessions is ours to make, unless tokens come from elsewhere.
  const { SESSION_KEY: _, ...told } = env
  const contradictions = tokenProblemsOf(told).filter((problem) => !problem.includes('is required'))
  const fields = { ...givenToServices(env), ...spec }
  const config = configOrExit('supervisor', fields, env, contradictions)
  const inherited = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || NOT_INHERITED.test(name) ? [] : [[name, value] as const],
  )
  return { ...config, environment: Object.fromEntries(inherited) }
}
