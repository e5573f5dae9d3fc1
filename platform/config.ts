/**
 * Configuration from the environment, typed and checked as a whole: every problem is reported at
 * once, a bad number is an error and never the default, and secrets are not repeated in messages.
 *
 *   export const spec = { ...commonSpec, shards: integer('REDIS_SHARDS', { default: 16, min: 1 }) }
 *   const config = configOrExit('ticket', spec, process.env)   // { shards: number, ... }
 */
import { OperationalError } from './errors.ts'
import { activateFailpoints } from './failpoints.ts'
import { LOG_LEVELS } from './log.ts'

/** One variable: its name and how its text becomes a value. */
export interface Field<T> {
  readonly variable: string
  /** What the field is when the variable is absent or empty; undefined means it is required. */
  readonly fallback: { readonly value: T } | undefined
  parse(text: string): { ok: true; value: T } | { ok: false; problem: string }
}

export type Spec = Readonly<Record<string, Field<unknown>>>
export type ConfigOf<S extends Spec> = {
  readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never
}

const good = <T>(value: T) => ({ ok: true as const, value })
const bad = (problem: string) => ({ ok: false as const, problem })

type Options<T> = { readonly default?: T }

function field<T>(variable: string, options: Options<T>, parse: Field<T>['parse']): Field<T> {
  const fallback = options.default === undefined ? undefined : { value: options.default }
  return { variable, fallback, parse }
}

/** Any text; `pattern` must match all of it when given. */
export function text(
  variable: string,
  options: Options<string> & { pattern?: RegExp } = {},
): Field<string> {
  return field(variable, options, (value) =>
    !options.pattern || options.pattern.test(value)
      ? good(value)
      : bad(`must match ${options.pattern}`),
  )
}

/** Text that may be absent: null then. */
export function optionalText(variable: string): Field<string | null> {
  return field<string | null>(variable, { default: null }, good)
}

/** A whole number within `min` and `max`, in whatever unit the variable's name ends with. */
export function integer(
  variable: string,
  options: Options<number> & { min?: number; max?: number } = {},
): Field<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options
  return field(variable, options, (value) => {
    const number = /^[+-]?[0-9]+$/.test(value) ? Number(value) : Number.NaN
    if (!Number.isSafeInteger(number)) return bad(`must be a whole number, not "${value}"`)
    if (number < min || number > max) return bad(`must be within ${min} and ${max}, not ${number}`)
    return good(number)
  })
}

/** A TCP port; 0 lets the system choose a free one. */
export const port = (variable: string, options: Options<number> = {}): Field<number> =>
  integer(variable, { ...options, min: 0, max: 65_535 })

/** A URL with one of the given protocols (`mysql:`), without a trailing slash. */
export function url(
  variable: string,
  options: Options<string> & { protocols: readonly string[] },
): Field<string> {
  return field(variable, options, (value) => {
    if (!URL.canParse(value)) return bad('must be a URL')
    const { protocol, hostname } = new URL(value)
    if (!options.protocols.includes(protocol)) {
      return bad(`must begin with ${options.protocols.map((p) => `${p}//`).join(' or ')}`)
    }
    if (hostname === '') return bad('must name a host')
    return good(value.replace(/\/+$/, ''))
  })
}

/** A URL that may be absent: null then. */
export function optionalUrl(
  variable: string,
  options: { protocols: readonly string[] },
): Field<string | null> {
  return field<string | null>(variable, { default: null }, url(variable, options).parse)
}

const FLAG_WORDS: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  '1': true,
  off: false,
  false: false,
  '0': false,
}

/** on | off (also true | false, 1 | 0). */
export function flag(variable: string, options: Options<boolean> = {}): Field<boolean> {
  return field(variable, options, (value) => {
    const known = FLAG_WORDS[value.toLowerCase()]
    return known === undefined ? bad(`must be on or off, not "${value}"`) : good(known)
  })
}

/** One word of a closed list. */
export function oneOf<const W extends string>(
  variable: string,
  words: readonly W[],
  options: Options<NoInfer<W>> = {},
): Field<W> {
  return field<W>(variable, options, (value) => {
    const word = words.find((candidate) => candidate === value)
    return word === undefined ? bad(`must be one of ${words.join(', ')}`) : good(word)
  })
}

function isHostAndPort(text: string): boolean {
  const port = Number(/^[^\s,:/]+:([0-9]{1,5})$/.exec(text)?.[1])
  return port >= 1 && port <= 65_535
}

/** host:port[,host:port...] */
export function brokers(variable: string, options: Options<string> = {}): Field<string> {
  return field(variable, options, (value) =>
    value.split(',').every(isHostAndPort) ? good(value) : bad('must be host:port[,host:port...]'),
  )
}

export const REDIS_CLUSTER = 'redis-cluster://'

/**
 * One Redis, `redis://[user:password@]host[:port][/db]` (`rediss://` for TLS), or a Redis Cluster
 * by some of its nodes, `redis-cluster://host:port[,host:port...]`.
 */
export function redisAddress(variable: string, options: Options<string> = {}): Field<string> {
  const single = url(variable, { protocols: ['redis:', 'rediss:'] })
  return field(variable, options, (value) => {
    if (value.startsWith(REDIS_CLUSTER)) {
      const nodes = value.slice(REDIS_CLUSTER.length).split(',')
      return nodes.every(isHostAndPort)
        ? good(value)
        : bad(`must be ${REDIS_CLUSTER}host:port[,host:port...]`)
    }
    if (/^rediss?:/.test(value)) return single.parse(value)
    return bad(`must begin with redis://, rediss:// or ${REDIS_CLUSTER}`)
  })
}

/** The address of a Redis that may be absent: null then. */
export function optionalRedisAddress(variable: string): Field<string | null> {
  return field<string | null>(variable, { default: null }, redisAddress(variable).parse)
}

/** Secret JSON (a key): parsed, and never repeated in a message. Null when absent. */
export function optionalJson(variable: string): Field<Record<string, unknown> | null> {
  return field<Record<string, unknown> | null>(variable, { default: null }, (value) => {
    try {
      const parsed: unknown = JSON.parse(value)
      if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
        return good(parsed as Record<string, unknown>)
      }
    } catch {
      // The problem below says all there is to say: the text itself may be a secret.
    }
    return bad('must be a JSON object')
  })
}

/** What every service reads. Spread it into the service's own spec. */
export const commonSpec = {
  kafkaBrokers: brokers('KAFKA_BROKERS'),
  mysqlUrl: url('MYSQL_URL', { protocols: ['mysql:'] }),
  mysqlDatabasePrefix: text('MYSQL_DATABASE_PREFIX', {
    default: 'holdfast',
    pattern: /^[a-z][a-z0-9_]{0,39}$/,
  }),
  logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, { default: 'info' }),
  /** Where health and metrics (and the service's own routes) are served; 0 = any free port. */
  port: port('PORT', { default: 0 }),
} as const satisfies Spec

/**
 * Reads all fields of `spec`. An empty variable counts as absent.
 *
 * @throws OperationalError CONFIG_INVALID, whose message lists every problem, one per line
 */
export function loadConfig<S extends Spec>(spec: S, env: NodeJS.ProcessEnv): ConfigOf<S> {
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  for (const [name, one] of Object.entries(spec)) {
    const given = env[one.variable]
    if (given === undefined || given === '') {
      if (one.fallback) values[name] = one.fallback.value
      else problems.push(`${one.variable} is required`)
      continue
    }
    const outcome = one.parse(given)
    if (outcome.ok) values[name] = outcome.value
    else problems.push(`${one.variable} ${outcome.problem}`)
  }
  if (problems.length > 0) {
    throw new OperationalError('CONFIG_INVALID', { retriable: false, detail: problems.join('\n') })
  }
  return values as ConfigOf<S>
}

/** The problems that a CONFIG_INVALID lists, one line for each. */
export const problemsIn = ({ message }: OperationalError): string[] =>
  message.replace(/^CONFIG_INVALID: /, '').split('\n')

/** What is wrong with the fields of `spec`, one line for each; empty when nothing is. */
export function fieldProblemsOf(spec: Spec, env: NodeJS.ProcessEnv): string[] {
  try {
    loadConfig(spec, env)
    return []
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error
    return problemsIn(error)
  }
}

/**
 * loadConfig for main.ts: prints all problems on stderr and exits with status 1 when there are any.
 * `contradictions` are problems of several fields together. Also activates the failpoints that
 * FAILPOINTS names (see failpoints.ts).
 */
export function configOrExit<S extends Spec>(
  service: string,
  spec: S,
  env: NodeJS.ProcessEnv,
  contradictions: readonly string[] = [],
): ConfigOf<S> {
  const failpoints = activateFailpoints(env.FAILPOINTS ?? '').map((one) => `FAILPOINTS ${one}`)
  const problems = [...failpoints, ...fieldProblemsOf(spec, env), ...contradictions]
  if (problems.length === 0) return loadConfig(spec, env)
  const list = problems.map((problem) => `  - ${problem}\n`).join('')
  process.stderr.write(`${service} cannot start, its configuration is wrong:\n${list}`)
  process.exit(1)
}
