/** What the reservation service reads from the environment. */
import { readFileSync } from 'node:fs'
import { SHARDS_MAX } from '../contracts/ids.ts'
import {
  type ConfigOf,
  commonSpec,
  configOrExit,
  type Field,
  fieldProblemsOf,
  flag,
  integer,
  loadConfig,
  oneOf,
  optionalJson,
  optionalText,
  optionalUrl,
  port,
  problemsIn,
  redisAddress,
  text,
} from '../platform/config.ts'
import { OperationalError } from '../platform/errors.ts'
import { parseOrigins } from './feed/origins.ts'
import { SESSION_ALGORITHM, sessionKeyFaultOf } from './http/auth/sessions.ts'

/** Asymmetric ones only: whoever can verify a token must not be able to make one. */
const ALGORITHMS = ['EdDSA', 'ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256'] as const

/** A private key as JSON; null when absent. */
function privateKey(variable: string): Field<Record<string, unknown> | null> {
  const json = optionalJson(variable)
  const parse: typeof json.parse = (text) => {
    const parsed = json.parse(text)
    const problem = parsed.ok && parsed.value && sessionKeyFaultOf(parsed.value)
    return problem ? { ok: false, problem } : parsed
  }
  return { ...json, parse }
}

/** `https://a.example,https://b.example`; empty when absent. */
function origins(variable: string): Field<readonly string[]> {
  const problem = 'must be origins as browsers send them, separated by commas'
  const parse = (text: string) => {
    const value = parseOrigins(text)
    return value ? { ok: true as const, value } : { ok: false as const, problem }
  }
  return { variable, fallback: { value: [] }, parse }
}

/** Whose tokens are accepted, and whether we make some: fields that must fit together. */
const tokenSpec = {
  /** Whether POST /v1/sessions makes guests. */
  issuesSessions: flag('SESSION_ISSUER', { default: false }),
  sessionKey: privateKey('SESSION_KEY'),
  jwksUrl: optionalUrl('JWT_JWKS_URL', { protocols: ['http:', 'https:'] }),
  jwtAlgorithm: oneOf('JWT_ALGORITHM', ALGORITHMS, { default: SESSION_ALGORITHM }),
} as const

export const spec = {
  ...commonSpec,
  port: port('PORT', { default: 8080 }),
  host: text('HOST', { default: '0.0.0.0' }),
  /** Lets several processes listen on one port and share its connections. */
  isPortShared: flag('REUSE_PORT', { default: false }),
  redisUrl: redisAddress('REDIS_URL'),
  shards: integer('REDIS_SHARDS', { default: 16, min: 1, max: SHARDS_MAX }),
  sqlConnections: integer('RESERVATION_SQL_CONNECTIONS', { default: 10, min: 2, max: 200 }),
  ...tokenSpec,
  /** A file that holds SESSION_KEY, as container platforms hand out secrets. */
  sessionKeyFile: optionalText('SESSION_KEY_FILE'),
  sessionTtlMs: integer('SESSION_TTL_MS', {
    default: 24 * 3_600_000,
    min: 1_000,
    max: 30 * 24 * 3_600_000,
  }),
  jwtIssuer: text('JWT_ISSUER', { default: 'holdfast' }),
  jwtAudience: text('JWT_AUDIENCE', { default: 'holdfast' }),
  /** Requests a second of one buyer, and as many in a burst; 0 is no limit. */
  buyerRequestsPerSMax: integer('BUYER_REQUESTS_PER_S_MAX', { default: 200, min: 0 }),
  /** With so many payments under way a checkout is refused, 503, instead of promised. */
  checkoutsUnderWayMax: integer('CHECKOUTS_UNDER_WAY_MAX', { default: 50_000, min: 1 }),
  /** Changes of a show within this time go out as one delta. */
  feedTickMs: integer('FEED_TICK_MS', { default: 50, min: 1, max: 10_000 }),
  /** `https://a.example,https://b.example`: whose pages may open the feed; default: our own. */
  allowedOrigins: origins('ALLOWED_ORIGINS'),
  feedConnectionsMax: integer('FEED_CONNECTIONS_MAX', { default: 50_000, min: 1 }),
  feedConnectionsPerCustomerMax: integer('FEED_CONNECTIONS_PER_CUSTOMER_MAX', {
    default: 100,
    min: 1,
  }),
  /** Messages a second of one connection, and as many in a burst. */
  feedMessagesPerSMax: integer('FEED_MESSAGES_PER_S_MAX', { default: 200, min: 1 }),
} as const

export type ReservationConfig = ConfigOf<typeof spec>

/** What is wrong with fields that are right one by one; empty when nothing is. */
export function problemsOf(config: ConfigOf<typeof tokenSpec>): string[] {
  const { issuesSessions, sessionKey, jwksUrl, jwtAlgorithm } = config
  const problems: string[] = []
  if (jwksUrl !== null && sessionKey !== null) {
    problems.push('JWT_JWKS_URL and SESSION_KEY exclude each other: tokens have one issuer')
  }
  if (jwksUrl !== null && issuesSessions) {
    problems.push('SESSION_ISSUER needs SESSION_KEY, and JWT_JWKS_URL excludes it')
  }
  if (jwksUrl === null && sessionKey === null) {
    problems.push('SESSION_KEY or JWT_JWKS_URL is required, or nobody could log in')
  }
  if (jwksUrl === null && jwtAlgorithm !== SESSION_ALGORITHM) {
    problems.push(`JWT_ALGORITHM must be ${SESSION_ALGORITHM} with SESSION_KEY`)
  }
  return problems
}

/**
 * The environment with SESSION_KEY taken from the file that SESSION_KEY_FILE names.
 * @throws OperationalError CONFIG_INVALID when the file cannot be read, or both are set
 */
export function withKeyFile(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { SESSION_KEY_FILE: file, SESSION_KEY: key } = env
  if (!file) return env
  if (key) throw invalid('SESSION_KEY and SESSION_KEY_FILE exclude each other')
  try {
    return { ...env, SESSION_KEY: readFileSync(file, 'utf8').trim() }
  } catch (cause) {
    throw invalid(`SESSION_KEY_FILE cannot be read: ${(cause as Error).message}`, cause)
  }
}

const invalid = (detail: string, cause?: unknown) =>
  new OperationalError('CONFIG_INVALID', { retriable: false, detail, cause })

/** How the settings of tokens contradict each other; empty while one of them is wrong by itself. */
export function tokenProblemsOf(env: NodeJS.ProcessEnv): string[] {
  if (fieldProblemsOf(tokenSpec, env).length > 0) return []
  return problemsOf(loadConfig(tokenSpec, env))
}

/** The environment as it will be read, and what is wrong beyond its single fields. */
function judge(env: NodeJS.ProcessEnv): { told: NodeJS.ProcessEnv; contradictions: string[] } {
  try {
    const told = withKeyFile(env)
    return { told, contradictions: tokenProblemsOf(told) }
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error
    return { told: env, contradictions: problemsIn(error) }
  }
}

/** Everything that is wrong, one line for each. */
export function reservationProblemsOf(env: NodeJS.ProcessEnv): string[] {
  const { told, contradictions } = judge(env)
  return [...fieldProblemsOf(spec, told), ...contradictions]
}

/** The configuration, or one message on stderr with everything that is wrong, and status 1. */
export function reservationConfigOrExit(env: NodeJS.ProcessEnv): ReservationConfig {
  const { told, contradictions } = judge(env)
  return configOrExit('reservation', spec, told, contradictions)
}
