import { describe, expect, it } from 'vitest'
import {
  brokers,
  commonSpec,
  flag,
  integer,
  loadConfig,
  oneOf,
  optionalJson,
  optionalRedisAddress,
  optionalUrl,
  port,
  redisAddress,
  text,
  url,
} from './config.ts'
import { OperationalError } from './errors.ts'

const GOOD = { KAFKA_BROKERS: '127.0.0.1:9092', MYSQL_URL: 'mysql://root@127.0.0.1:3306/' }

function problemsOf(action: () => unknown): string[] {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(OperationalError)
    expect((error as OperationalError).code).toBe('CONFIG_INVALID')
    return (error as Error).message.replace('CONFIG_INVALID: ', '').split('\n')
  }
  throw new Error('no problem was reported')
}

describe('loadConfig', () => {
  it('gives typed values and takes defaults for what is absent or empty', () => {
    const spec = { ...commonSpec, shards: integer('REDIS_SHARDS', { default: 16, min: 1 }) }
    const config = loadConfig(spec, { ...GOOD, REDIS_SHARDS: '', PORT: '8081' })
    const shards: number = config.shards
    expect({ ...config, shards }).toEqual({
      kafkaBrokers: '127.0.0.1:9092',
      mysqlUrl: 'mysql://root@127.0.0.1:3306',
      mysqlDatabasePrefix: 'holdfast',
      logLevel: 'info',
      port: 8081,
      shards: 16,
    })
  })

  it('reports every problem at once', () => {
    const spec = {
      ...commonSpec,
      shards: integer('REDIS_SHARDS', { default: 16, min: 1, max: 100 }),
      issuer: flag('SESSION_ISSUER', { default: true }),
    }
    const problems = problemsOf(() =>
      loadConfig(spec, {
        MYSQL_URL: 'postgres://x',
        PORT: '99999',
        LOG_LEVEL: 'loud',
        REDIS_SHARDS: '1e3',
        SESSION_ISSUER: 'maybe',
      }),
    )
    expect(problems).toEqual([
      'KAFKA_BROKERS is required',
      'MYSQL_URL must begin with mysql://',
      'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent',
      'PORT must be within 0 and 65535, not 99999',
      'REDIS_SHARDS must be a whole number, not "1e3"',
      'SESSION_ISSUER must be on or off, not "maybe"',
    ])
  })

  it.each([' ', '1.5', '0x10', 'NaN', '9007199254740993', '--1'])(
    'takes %j for no number instead of falling back to the default',
    (given) => {
      const spec = { count: integer('COUNT', { default: 7 }) }
      expect(problemsOf(() => loadConfig(spec, { COUNT: given }))).toHaveLength(1)
    },
  )

  it('never repeats a secret in a message', () => {
    const spec = {
      key: optionalJson('SESSION_KEY'),
      pay: optionalUrl('PAY', { protocols: ['http:'] }),
    }
    const secret = 'hush-hush'
    const problems = problemsOf(() =>
      loadConfig(spec, { SESSION_KEY: `{${secret}`, PAY: `ftp://${secret}@x` }),
    )
    expect(problems).toHaveLength(2)
    expect(problems.join()).not.toContain(secret)
  })

  it('checks words, patterns, ports, URLs and broker lists', () => {
    const spec = {
      mode: oneOf('MODE', ['a', 'b']),
      name: text('NAME', { pattern: /^[a-z]+$/ }),
      port: port('PORT'),
      site: url('SITE', { protocols: ['http:', 'https:'] }),
      kafka: brokers('KAFKA'),
    }
    const good = { MODE: 'b', NAME: 'x', PORT: '0', SITE: 'https://a.b/c/', KAFKA: 'a:1,b:2' }
    expect(loadConfig(spec, good)).toEqual({
      mode: 'b',
      name: 'x',
      port: 0,
      site: 'https://a.b/c',
      kafka: 'a:1,b:2',
    })
    const bad = { MODE: 'c', NAME: 'X', PORT: '-1', SITE: 'a.b', KAFKA: 'kafka' }
    expect(problemsOf(() => loadConfig(spec, bad))).toHaveLength(5)
  })

  it.each([
    'redis://h',
    'redis://user:p%40ss@h:6380/2',
    'rediss://[::1]:6379',
    'redis-cluster://a:7001,b:7002',
  ])('takes %s for the address of a Redis', (given) => {
    const spec = { redis: redisAddress('REDIS'), other: optionalRedisAddress('OTHER') }
    expect(loadConfig(spec, { REDIS: given })).toEqual({ redis: given, other: null })
  })

  it.each([
    'http://h',
    'redis://',
    'redis://h:99999',
    'h:6379',
    'redis-cluster://a',
    'redis-cluster://a:99999',
  ])('does not take %s for the address of a Redis', (given) => {
    const spec = { redis: redisAddress('REDIS'), other: optionalRedisAddress('OTHER') }
    const problems = problemsOf(() => loadConfig(spec, { REDIS: given, OTHER: given }))
    expect(problems).toHaveLength(2)
  })

  it.each(['a:0', 'a:65536', 'a:99999', 'a:1,b:70000'])('knows that %s is no broker', (given) => {
    expect(problemsOf(() => loadConfig({ kafka: brokers('KAFKA') }, { KAFKA: given }))).toEqual([
      'KAFKA must be host:port[,host:port...]',
    ])
  })

  it('knows that a URL without a host leads nowhere', () => {
    expect(problemsOf(() => loadConfig(commonSpec, { ...GOOD, MYSQL_URL: 'mysql://' }))).toEqual([
      'MYSQL_URL must name a host',
    ])
  })
})
