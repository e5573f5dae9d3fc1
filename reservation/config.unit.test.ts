import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../platform/config.ts'
import { problemsOf, reservationProblemsOf, spec, withKeyFile } from './config.ts'

const key = JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))
const env = {
  KAFKA_BROKERS: '127.0.0.1:9092',
  MYSQL_URL: 'mysql://root@127.0.0.1:3306',
  REDIS_URL: 'redis://127.0.0.1:6379',
}
const problems = (more: NodeJS.ProcessEnv) => problemsOf(loadConfig(spec, { ...env, ...more }))

describe('the configuration of the reservation service', () => {
  test('is complete with the servers and a way to log in', () => {
    const config = loadConfig(spec, { ...env, SESSION_ISSUER: 'on', SESSION_KEY: key })
    expect(problemsOf(config)).toEqual([])
    expect(config).toMatchObject({
      port: 8080,
      shards: 16,
      isPortShared: false,
      buyerRequestsPerSMax: 200,
      jwtAlgorithm: 'EdDSA',
    })
  })

  test('takes tokens of another issuer', () => {
    const more = { JWT_JWKS_URL: 'https://id.example.org/jwks', JWT_ALGORITHM: 'RS256' }
    expect(problems(more)).toEqual([])
  })

  test('refuses algorithms with which whoever verifies can also sign', () => {
    for (const algorithm of ['HS256', 'none']) {
      const more = { ...env, SESSION_KEY: key, JWT_ALGORITHM: algorithm }
      expect(() => loadConfig(spec, more)).toThrow(/JWT_ALGORITHM/)
    }
  })

  test.each<[NodeJS.ProcessEnv, RegExp]>([
    [{}, /SESSION_KEY or JWT_JWKS_URL is required/],
    [{ SESSION_KEY: key, JWT_JWKS_URL: 'https://id.example.org/' }, /exclude each other/],
    [{ SESSION_ISSUER: 'on', JWT_JWKS_URL: 'https://id.example.org/' }, /SESSION_ISSUER needs/],
    [{ SESSION_KEY: key, JWT_ALGORITHM: 'RS256' }, /JWT_ALGORITHM must be EdDSA/],
  ])('%j contradicts itself', (more, message) => {
    expect(problems(more).join('\n')).toMatch(message)
  })

  test('may have its key in a file, but not in two places', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
    try {
      const file = join(folder, 'key.json')
      writeFileSync(file, `${key}\n`)
      expect(withKeyFile({ SESSION_KEY_FILE: file })).toMatchObject({ SESSION_KEY: key })
      expect(() => withKeyFile({ SESSION_KEY_FILE: file, SESSION_KEY: key })).toThrow(/exclude/)
      expect(() => withKeyFile({ SESSION_KEY_FILE: `${file}.no` })).toThrow(/SESSION_KEY_FILE/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('reads origins, and keys that can sign', () => {
    const more = { ...env, SESSION_KEY: key, ALLOWED_ORIGINS: 'https://a.example, http://b:81' }
    expect(loadConfig(spec, more).allowedOrigins).toEqual(['https://a.example', 'http://b:81'])
    expect(loadConfig(spec, env).allowedOrigins).toEqual([])
    const bad = { ...env, ALLOWED_ORIGINS: 'b.example', SESSION_KEY: '{"kty":"oct","k":"secret"}' }
    expect(() => loadConfig(spec, bad)).toThrow(
      /SESSION_KEY must be a private Ed25519(.|\n)*ALLOWED_ORIGINS must be origins/,
    )
    expect(() => loadConfig(spec, bad)).not.toThrow(/secret/)
  })

  test('names every bad value at once, and what contradicts itself too', () => {
    const more = {
      ...env,
      PORT: '80800',
      REDIS_SHARDS: '0',
      REDIS_URL: 'http://x',
      ALLOWED_ORIGINS: 'seats.example',
      JWT_ALGORITHM: 'RS256',
      SESSION_KEY: key,
    }
    expect(reservationProblemsOf(more).map((problem) => problem.split(' ')[0])).toEqual([
      'PORT',
      'REDIS_URL',
      'REDIS_SHARDS',
      'ALLOWED_ORIGINS',
      'JWT_ALGORITHM',
    ])
    const lost = { ...env, PORT: 'x', SESSION_KEY_FILE: '/nowhere/key.json' }
    expect(reservationProblemsOf(lost).map((problem) => problem.split(' ')[0])).toEqual([
      'PORT',
      'SESSION_KEY_FILE',
    ])
  })
})
