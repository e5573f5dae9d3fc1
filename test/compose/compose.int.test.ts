/**
 * No container engine is needed here: docker-compose.yml is held against the Compose Specification
 * and against what the processes read, listen on and answer.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { spec as notificationSpec } from '../../notification/config.ts'
import { spec as paymentSpec } from '../../payment/config.ts'
import { spec as sandboxSpec } from '../../payment/sandbox/config.ts'
import { loadConfig, type Spec } from '../../platform/config.ts'
import { problemsOf, spec as reservationSpec } from '../../reservation/config.ts'
import { spec as seedSpec } from '../../scripts/seed/config.ts'
import { spec as setupSpec } from '../../scripts/setup/config.ts'
import { COMPOSE_ROOT_PASSWORD, COMPOSE_SERVERS } from '../../scripts/supervisor/compose.ts'
import { HOLDFAST_SERVICES } from '../../scripts/supervisor/services.ts'
import { spec as ticketSpec } from '../../ticket/config.ts'
import {
  COMPOSE_TEXT,
  type ComposeService,
  environmentOf,
  interpolate,
  interpolateAll,
  parseCompose,
  ROOT,
} from './composeFile.ts'
import { COMPOSE_SCHEMA } from './schema.ts'

const compose = parseCompose(COMPOSE_TEXT)
const serviceOf = (name: string): ComposeService => {
  const service = compose.services[name]
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}

const SPECS: Record<string, Spec> = {
  setup: setupSpec,
  sandbox: sandboxSpec,
  payment: paymentSpec,
  ticket: ticketSpec,
  notification: notificationSpec,
  reservation: reservationSpec,
  seed: seedSpec,
}
const OWN = Object.keys(SPECS)
const SERVERS = ['redis', 'kafka', 'mysql', 'mailpit']
const ONE_SHOTS = ['setup', 'seed']

/** What ops/entrypoint.sh makes of a variable that names a file. */
async function withSecrets(env: Record<string, string>): Promise<Record<string, string>> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const secrets: Record<string, string> = {
    SESSION_KEY: JSON.stringify({ ...(await exportJWK(privateKey)), alg: 'EdDSA', kid: 'test' }),
    PAYMENT_WEBHOOK_SECRET: 'a-secret-of-some-length',
    ADMIN_TOKEN: 'a.b.c',
  }
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => {
      const secret = /^(.+)_FILE$/.exec(name)?.[1]
      return secret && secrets[secret] ? [secret, secrets[secret]] : [name, value]
    }),
  )
}

describe('docker-compose.yml', () => {
  const validate = new Ajv2020({ allErrors: true, strict: false }).compile(COMPOSE_SCHEMA)

  it('is a Compose file', () => {
    validate(interpolateAll(compose))
    expect(validate.errors).toBeNull()
  })

  it.each([
    ['a misspelt attribute', (text: string) => text.replace('healthcheck:', 'healtcheck:')],
    ['a condition that does not exist', (text: string) => text.replace(/service_healthy/, 'ready')],
    ['an unknown unit of time', (text: string) => text.replace('interval: 5s', 'interval: 5 s')],
    ['a list where a map belongs', (text: string) => text.replace('  redis:\n', '  - redis:\n')],
  ])('would not be one with %s', (_what, change) => {
    const broken = change(COMPOSE_TEXT)
    expect(broken).not.toBe(COMPOSE_TEXT)
    const isFile = (): boolean => validate(interpolateAll(parseCompose(broken)))
    try {
      expect(isFile()).toBe(false)
    } catch (error) {
      expect((error as Error).name).toBe('YAMLParseError')
    }
  })

  it('has the servers in the profile infra, and everything in full', () => {
    const namesIn = (profile: string): string[] =>
      Object.keys(compose.services).filter((name) => serviceOf(name).profiles.includes(profile))
    expect(namesIn('infra').toSorted()).toEqual(SERVERS.toSorted())
    expect(namesIn('full').toSorted()).toEqual([...SERVERS, ...OWN].toSorted())
  })

  it('runs every service that npm start runs, from the same entry', () => {
    for (const { name, entry } of HOLDFAST_SERVICES) {
      expect(serviceOf(name).command).toEqual([entry])
    }
    for (const name of OWN) {
      expect(existsSync(`${ROOT}${serviceOf(name).command?.[0]}`)).toBe(true)
    }
  })

  it('takes only variables that have defaults, so that it works without any', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how Compose names a variable.
    expect(COMPOSE_TEXT).toContain('${HOLDFAST_HTTP_PORT:-8080}')
    expect(() => interpolateAll(compose)).not.toThrow()
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
    const needy = { image: 'holdfast:${TAG}' }
    expect(() => interpolateAll(needy)).toThrow('not a variable with a default')
  })

  it('depends on services that exist, and waits for health only where health is checked', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        const isOneShot = ONE_SHOTS.includes(needed)
        const right = isOneShot ? 'service_completed_successfully' : 'service_healthy'
        expect([name, needed, condition]).toEqual([name, needed, right])
        expect(isOneShot || serviceOf(needed).healthcheck !== undefined).toBe(true)
      }
    }
  })

  it('declares every volume that it mounts, and mounts every one that it declares', () => {
    const mounted = Object.values(compose.services)
      .flatMap(({ volumes = [] }) => volumes)
      .map((volume) => volume.split(':')[0])
    expect([...new Set(mounted)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
  })
})

describe('the images', () => {
  it('are pinned to the versions that Holdfast asks for', () => {
    const kafkaVersion = /<kafka\.version>([^<]+)</.exec(
      readFileSync(`${ROOT}ops/kafka/pom.xml`, 'utf8'),
    )?.[1]
    expect(serviceOf('kafka').image).toBe(`apache/kafka:${kafkaVersion}`)
    expect(serviceOf('kafka').image).toMatch(/:4\.1\./)
    expect(serviceOf('mysql').image).toMatch(/^mysql:8\.4/)
    expect(Number(/^redis:(\d+)/.exec(serviceOf('redis').image)?.[1])).toBeGreaterThanOrEqual(7)
    expect(serviceOf('mailpit').image).toMatch(/^axllent\/mailpit:v\d/)
  })

  it('of our own is one, built here on Node 24 and Debian 13, without root', () => {
    for (const name of OWN) {
      expect(serviceOf(name)).toMatchObject({ build: '.', image: 'holdfast' })
    }
    const dockerfile = readFileSync(`${ROOT}Dockerfile`, 'utf8')
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1])
    expect(new Set(bases)).toEqual(new Set(['node:24-trixie-slim']))
    expect(dockerfile).toMatch(/^RUN npm ci --omit=dev/m)
    expect(dockerfile).toMatch(/^USER node$/m)
    const entrypoint = /^ENTRYPOINT \["\/app\/([^"]+)"\]$/m.exec(dockerfile)?.[1]
    expect(statSync(`${ROOT}${entrypoint}`).mode & 0o111).toBe(0o111)
    const ignored = readFileSync(`${ROOT}.dockerignore`, 'utf8').split('\n')
    expect(ignored).toEqual(expect.arrayContaining(['.git', '.holdfast', 'node_modules']))
  })
})

describe.each(OWN)('what %s is told', (name) => {
  const service = serviceOf(name)
  const spec = SPECS[name] as Spec

  it('is what it reads, and all that it must know', async () => {
    const env = await withSecrets(environmentOf(service))
    const readable = Object.values(spec).map(({ variable }) => variable)
    expect(Object.keys(env).filter((variable) => !readable.includes(variable))).toEqual([])
    expect(() => loadConfig(spec, env)).not.toThrow()
  })

  it('names only hosts that it waits for, at the ports on which they listen', () => {
    const listens: Record<string, number> = {
      redis: 6379,
      mysql: 3306,
      kafka: 19092,
      mailpit: 1025,
    }
    for (const other of OWN) {
      const port = Number(serviceOf(other).environment?.PORT)
      if (port) listens[other] = port
    }
    for (const [variable, value] of Object.entries(environmentOf(service))) {
      const place = /^(?:[a-z]+:\/\/)?(?:[^@/]+@)?([a-z]+):(\d+)/.exec(value)
      if (!place) continue
      const [, host = '', port] = place
      expect([variable, host, listens[host]]).toEqual([variable, host, Number(port)])
      // The provider calls payment back when it has something to say; payment waits for it.
      if (variable !== 'PAYMENT_WEBHOOK_URL') expect(service.depends_on).toHaveProperty(host)
    }
  })

  it('lies where its files are mounted', () => {
    const mounts = (service.volumes ?? []).map((volume) => volume.split(':')[1] as string)
    for (const [variable, value] of Object.entries(environmentOf(service))) {
      if (!/_(FILE|DIR)$/.test(variable)) continue
      expect(mounts.some((mount) => value === mount || value.startsWith(`${mount}/`))).toBe(true)
    }
  })
})

it.each(OWN.filter((name) => !ONE_SHOTS.includes(name)))(
  '%s has its health asked at the port where it listens',
  (name) => {
    const service = serviceOf(name)
    const port = String(environmentOf(service).PORT)
    expect(service.healthcheck?.test).toEqual(['CMD', 'node', 'scripts/ready.mjs', port])
    for (const published of service.ports ?? []) {
      expect(interpolate(published).split(':').at(-1)).toBe(port)
    }
  },
)

describe('what fits together', () => {
  it('is a reservation service that accepts the sessions it makes', async () => {
    const env = await withSecrets(environmentOf(serviceOf('reservation')))
    expect(problemsOf(loadConfig(reservationSpec, env))).toEqual([])
  })

  it('is a sandbox that calls payment at the path where it listens to webhooks', () => {
    const told = HOLDFAST_SERVICES.find(({ name }) => name === 'sandbox')?.env({
      ports: { payment: 8081 },
    } as never)
    const path = new URL(told?.PAYMENT_WEBHOOK_URL ?? '').pathname
    const { PAYMENT_WEBHOOK_URL = '' } = environmentOf(serviceOf('sandbox'))
    expect(new URL(PAYMENT_WEBHOOK_URL).pathname).toBe(path)
  })

  it('is a set of secrets that ops/entrypoint.sh reads and setup writes', () => {
    const entrypoint = readFileSync(`${ROOT}ops/entrypoint.sh`, 'utf8')
    const setup = readFileSync(`${ROOT}scripts/setup/main.ts`, 'utf8')
    const read = /for name in ([A-Z_ ]+);/.exec(entrypoint)?.[1]?.split(' ') ?? []
    for (const name of OWN) {
      for (const [variable, file] of Object.entries(environmentOf(serviceOf(name)))) {
        if (!variable.endsWith('_FILE')) continue
        expect(read).toContain(variable.replace(/_FILE$/, ''))
        expect(setup).toContain(`'${file.replace('/keys/', '')}'`)
      }
    }
  })

  it('is a set of servers that the supervisor can place on ports of its choice', () => {
    for (const { service: name, portVariable } of Object.values(COMPOSE_SERVERS)) {
      const { ports = [] } = serviceOf(name)
      const placed = ports.map((port) => interpolate(port, { [portVariable]: '23456' }))
      expect(placed).toEqual([expect.stringMatching(/^127\.0\.0\.1:23456:\d+$/)])
    }
    expect(serviceOf('mysql').environment?.MYSQL_ROOT_PASSWORD).toBe(COMPOSE_ROOT_PASSWORD)
    const { portVariable } = COMPOSE_SERVERS.kafka
    const kafka = environmentOf(serviceOf('kafka'), { [portVariable]: '23456' })
    expect(kafka.KAFKA_ADVERTISED_LISTENERS).toContain('OUTSIDE://127.0.0.1:23456')
  })

  it('is a broker whose listeners agree with each other', () => {
    const kafka = environmentOf(serviceOf('kafka'))
    const names = (list = ''): string[] => list.split(',').map((one) => one.split(':')[0] as string)
    const protocols = names(kafka.KAFKA_LISTENER_SECURITY_PROTOCOL_MAP)
    expect(names(kafka.KAFKA_LISTENERS).toSorted()).toEqual(protocols.toSorted())
    expect(names(kafka.KAFKA_ADVERTISED_LISTENERS)).toContain(
      kafka.KAFKA_INTER_BROKER_LISTENER_NAME,
    )
    const port = /CONTROLLER:\/\/:(\d+)/.exec(kafka.KAFKA_LISTENERS ?? '')?.[1]
    expect(kafka.KAFKA_CONTROLLER_QUORUM_VOTERS).toBe(`${kafka.KAFKA_NODE_ID}@kafka:${port}`)
    expect(Buffer.from(kafka.CLUSTER_ID ?? '', 'base64url')).toHaveLength(16)
  })

  it('is a health check that asks each server in its own language', () => {
    expect(serviceOf('redis').healthcheck?.test).toEqual(['CMD', 'redis-cli', 'ping'])
    expect(serviceOf('mailpit').healthcheck?.test).toEqual(['CMD', '/mailpit', 'readyz'])
    const mysql = interpolate(serviceOf('mysql').healthcheck?.test[1] ?? '')
    expect(mysql).toContain('mysqladmin ping')
    expect(mysql).toContain('"$MYSQL_ROOT_PASSWORD"')
    const kafka = serviceOf('kafka').healthcheck?.test[1] ?? ''
    const inside = /INSIDE:\/\/(kafka:\d+)/.exec(
      String(serviceOf('kafka').environment?.KAFKA_ADVERTISED_LISTENERS),
    )?.[1]
    expect(kafka).toContain(`--bootstrap-server ${inside}`)
  })
})
