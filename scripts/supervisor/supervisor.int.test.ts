import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importJWK, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../platform/infra/ports.ts'
import {
  endMarked,
  isRunning,
  type ProcessMark,
  readProcessRegistry,
} from '../../platform/infra/processes.ts'
import { testInfra, waitFor } from '../../platform/testing/infra.ts'
import type { RunRecord } from './workspace.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Start {
  pid: number
  /** Everything the terminal has shown so far. */
  seen(): string
  signal(name: NodeJS.Signals): void
  ended: Promise<{ code: number | null; signal: string | null }>
}

let folder: string
let starts: Start[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  starts = []
})

afterEach(async () => {
  for (const start of starts) start.signal('SIGKILL')
  await endMarked(children(), { graceMs: 2_000 })
  rmSync(folder, { recursive: true, force: true })
})

const fileIn = (name: string): string => join(folder, name)
const children = (): ProcessMark[] => readProcessRegistry(fileIn('processes.json'))
const childNamed = (name: string): ProcessMark => {
  const mark = children().find((one) => one.name === name)
  if (!mark) throw new Error(`no child is called ${name}`)
  return mark
}
const runRecord = (): RunRecord => JSON.parse(readFileSync(fileIn('run.json'), 'utf8'))

/** Runs the supervisor with stand-ins for its services. */
function start(env: Record<string, string | undefined>, args: readonly string[] = []): Start {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'scripts/run.mjs'), join(ROOT, 'scripts/supervisor/fakes/start/main.ts'), ...args],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, FAKE_FOLDER: folder, ...env },
    },
  )
  let text = ''
  child.stdout.on('data', (data) => {
    text += data
  })
  child.stderr.on('data', (data) => {
    text += data
  })
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const one: Start = {
    pid: child.pid as number,
    seen: () => text,
    signal: (name) => void child.kill(name),
    ended,
  }
  starts.push(one)
  return one
}

/** Command lines of all processes of the machine in which `text` stands. */
const commandsWith = (text: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        return []
      }
    })
    .filter((command) => command.includes(text))

async function sharedServers(): Promise<Record<string, string>> {
  const { redisUrl, mysqlUrl, kafkaBrokers } = await testInfra()
  return { REDIS_URL: redisUrl, MYSQL_URL: mysqlUrl, KAFKA_BROKERS: kafkaBrokers }
}

async function startReady(
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<Start> {
  const port = String(await freePort())
  const one = start({ ...(await sharedServers()), ...env }, ['--port', port, ...args])
  await seesText(one, 'Ctrl-C stops everything.')
  return one
}

async function seesText(one: Start, text: string): Promise<void> {
  const isSeen = (): true => {
    if (!one.seen().includes(text)) throw new Error(`the terminal shows:\n${one.seen()}`)
    return true
  }
  await waitFor(`"${text}"`, isSeen, { timeoutMs: 50_000 })
}

describe('npm start', () => {
  it('writes run.json, says that it is ready, and stops everything with status 0', async () => {
    const servers = await sharedServers()
    const one = await startReady()
    const record = runRecord()
    expect(record).toEqual({
      pid: one.pid,
      http: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      kafkaBrokers: servers.KAFKA_BROKERS,
      redisUrl: servers.REDIS_URL,
      mysqlUrl: servers.MYSQL_URL,
      sandboxUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      adminToken: expect.any(String),
    })
    expect(statSync(fileIn('run.json')).mode & 0o777).toBe(0o600)
    expect(one.seen()).toMatch(/^Holdfast is ready$/m)
    expect(one.seen()).toContain('"floor-A-2"')

    const marks = children()
    expect(marks.map(({ name }) => name).toSorted(), one.seen()).toEqual([
      'notification',
      'payment',
      'reservation',
      'sandbox',
      'ticket',
    ])
    one.signal('SIGTERM')
    expect(await one.ended).toEqual({ code: 0, signal: null })
    expect(marks.filter(isRunning)).toEqual([])
    expect(() => runRecord()).toThrow('ENOENT')
  })

  it('makes an admin token with the session key, which the next start keeps', async () => {
    const first = await startReady({}, ['--no-seed'])
    const { adminToken } = runRecord()
    first.signal('SIGINT')
    expect((await first.ended).code).toBe(0)
    await startReady({}, ['--no-seed'])

    const keyFile = fileIn('session-key.json')
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    const { d: _private, ...publicJwk } = JSON.parse(readFileSync(keyFile, 'utf8'))
    const { payload } = await jwtVerify(adminToken ?? '', await importJWK(publicJwk, 'EdDSA'), {
      issuer: 'holdfast',
      audience: 'holdfast',
      algorithms: ['EdDSA'],
      subject: 'operator',
    })
    expect(payload.scope).toBe('admin')
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeGreaterThanOrEqual(24 * 3_600)
  })

  it('tells each service what it needs, and the key to the seat service alone', async () => {
    await startReady()
    const { http, sandboxUrl } = runRecord()
    const environmentOf = async (url: string) =>
      (await (await fetch(`${url}/environment`)).json()) as Record<string, string>
    const seats = await environmentOf(http)
    const sandbox = await environmentOf(sandboxUrl)
    expect(JSON.parse(seats.SESSION_KEY ?? '{}')).toMatchObject({ kty: 'OKP', crv: 'Ed25519' })
    expect(sandbox.SESSION_KEY).toBeUndefined()
    const webhookUrl = sandbox.PAYMENT_WEBHOOK_URL ?? ''
    expect(webhookUrl).toMatch(/\/v1\/webhooks\/payments$/)
    const payment = await environmentOf(new URL('/', webhookUrl).origin)
    expect(payment.PAYMENT_PROVIDER_URL).toBe(sandboxUrl)
    expect(payment.PAYMENT_WEBHOOK_SECRET).toBe(sandbox.PAYMENT_WEBHOOK_SECRET)
    expect(payment.PAYMENT_WEBHOOK_SECRET?.length).toBeGreaterThanOrEqual(32)
  })

  it('wipes what earlier runs kept when asked to, but no downloads', async () => {
    for (const name of ['mail', 'cache', 'data/redis']) mkdirSync(fileIn(name), { recursive: true })
    const old = ['mail/old.eml', 'cache/jar', 'data/redis/aof', 'session-key.json'].map(fileIn)
    for (const file of old) writeFileSync(file, 'old')
    await startReady({}, ['--clean'])
    expect(old.filter((file) => existsSync(file) && readFileSync(file, 'utf8') === 'old')).toEqual([
      fileIn('cache/jar'),
    ])
  })

  it('stops in good order when its terminal is closed', async () => {
    const one = await startReady()
    one.signal('SIGHUP')
    expect((await one.ended).code).toBe(0)
  })

  it('refuses a second start in the same folder', async () => {
    const first = await startReady()
    const second = start(await sharedServers())
    expect((await second.ended).code).toBe(1)
    expect(second.seen()).toContain(`running in this folder already (pid ${first.pid})`)
    expect(isRunning(childNamed('ticket'))).toBe(true)
  })

  it('starts a killed service again on its port and says so', async () => {
    const one = await startReady()
    const { http } = runRecord()
    const killed = childNamed('reservation')
    process.kill(killed.pid, 'SIGKILL')
    await seesText(one, 'reservation ended (SIGKILL); starting it again in 0.25 s')
    await seesText(one, 'reservation is back after')
    expect(childNamed('reservation').pid).not.toBe(killed.pid)
    expect((await fetch(`${http}/readyz`)).status).toBe(200)
  })

  it('takes its children with it when it is killed', async () => {
    const one = await startReady()
    const marks = children()
    one.signal('SIGKILL')
    await one.ended
    await waitFor('the end of the children', () => !marks.some(isRunning))
  })

  it('ends what a killed start left behind where the kernel could not', async () => {
    // Without setpriv in its PATH the children are not bound to the supervisor.
    const unbound = { ...(await sharedServers()), PATH: '/nowhere' }
    const one = start(unbound, ['--port', String(await freePort())])
    await seesText(one, 'Ctrl-C stops everything.')
    const marks = children()
    one.signal('SIGKILL')
    await one.ended
    expect(marks.filter(isRunning)).toHaveLength(5)

    const next = await startReady()
    expect(next.seen()).toContain('ended what an earlier run had left behind: ')
    expect(marks.filter(isRunning)).toEqual([])
  })

  it('kills what does not stop at the second signal', async () => {
    const one = await startReady({ FAKE_PAYMENT_MODE: 'stubborn' })
    const stubborn = childNamed('payment')
    one.signal('SIGINT')
    await waitFor('payment to be asked', () =>
      readFileSync(fileIn('logs/payment.log'), 'utf8').includes('told to stop'),
    )
    // Signals closer together than a terminal's echo count as one; so it is repeated.
    const repeat = setInterval(() => one.signal('SIGINT'), 50)
    const { code } = await one.ended
    clearInterval(repeat)
    expect(code).toBe(1)
    await waitFor('the end of payment', () => !isRunning(stubborn))
  })

  it('shows why a service does not start, and leaves nothing behind', async () => {
    const env = { ...(await sharedServers()), FAKE_PAYMENT_MODE: 'misconfigured' }
    const one = start(env, ['--port', String(await freePort())])
    expect((await one.ended).code).toBe(1)
    expect(one.seen()).toContain('FAKE_MODE must be good')
    expect(children()).toEqual([])
  })

  it('lists all wrong settings at once', async () => {
    const one = start({ MYSQL_URL: 'postgres://x', KAFKA_PARTITIONS: 'many' })
    expect((await one.ended).code).toBe(1)
    expect(one.seen()).toContain('MYSQL_URL must begin with mysql://')
    expect(one.seen()).toContain('KAFKA_PARTITIONS must be a whole number')
  })

  it('lists what a service would refuse before any server is started', async () => {
    const one = start({
      REDIS_URL: 'redis://127.0.0.1:99999',
      KAFKA_BROKERS: '127.0.0.1:99999',
      MYSQL_URL: 'mysql://',
      JWT_JWKS_URL: 'nonsense',
      ALLOWED_ORIGINS: 'seats.example',
      SMTP_URL: 'smtp://',
    })
    expect((await one.ended).code).toBe(1)
    const wrong = [...one.seen().matchAll(/^ {2}- (\w+)/gm)].map(([, variable]) => variable)
    expect(wrong.toSorted()).toEqual([
      'ALLOWED_ORIGINS',
      'JWT_JWKS_URL',
      'KAFKA_BROKERS',
      'MYSQL_URL',
      'REDIS_URL',
      'SMTP_URL',
    ])
    expect(existsSync(fileIn('data'))).toBe(false)
  })

  it.each([
    { JWT_JWKS_URL: 'http://127.0.0.1:9/jwks', SESSION_ISSUER: 'on' },
    { JWT_ALGORITHM: 'RS256' },
  ])('sees that %j contradicts itself before any server is started', async (env) => {
    const one = start(env)
    expect((await one.ended).code).toBe(1)
    expect(one.seen()).toMatch(/^supervisor cannot start, its configuration is wrong:\n {2}- /)
    expect(existsSync(fileIn('data'))).toBe(false)
  })
})

describe('the port', () => {
  const occupy = async (port: number): Promise<() => void> => {
    const server = createServer()
    await new Promise<void>((resolve) => {
      // Somebody else may have it, which serves as well.
      server.once('error', () => resolve()).listen(port, '127.0.0.1', resolve)
    })
    return () => void server.close()
  }

  it('is an error when it was asked for and is taken', async () => {
    const port = await freePort()
    const free = await occupy(port)
    const one = start(await sharedServers(), ['--port', String(port)])
    expect((await one.ended).code).toBe(1)
    expect(one.seen()).toContain(`port ${port} is taken`)
    free()
  })

  it('is the next free one when 8080 is taken', async () => {
    const free = await occupy(8080)
    const one = start(await sharedServers())
    await seesText(one, 'Ctrl-C stops everything.')
    expect(one.seen()).toMatch(/port 8080 is taken; using 80\d\d/)
    expect(Number(new URL(runRecord().http).port)).toBeGreaterThan(8080)
    free()
  })
})

describe('servers of its own', () => {
  it('are kept running, keep their data, and end with the start', {
    timeout: 120_000,
  }, async () => {
    const own = { HOLDFAST_INFRA: 'own' }
    const port = String(await freePort())
    const one = start(own, ['--port', port])
    await seesText(one, 'Ctrl-C stops everything.')
    process.kill(childNamed('redis').pid, 'SIGKILL')
    await seesText(one, 'redis is back after')
    const marks = children()
    expect(marks).toHaveLength(8)
    one.signal('SIGTERM')
    expect((await one.ended).code).toBe(0)
    expect(marks.filter(isRunning)).toEqual([])

    const again = start(own, ['--port', port])
    await seesText(again, 'Ctrl-C stops everything.')
    expect(again.seen()).toMatch(/topics +0 made/)
    again.signal('SIGTERM')
    expect((await again.ended).code).toBe(0)
  })

  it('leave nothing behind when they are stopped while they are being made', async () => {
    const one = start({ HOLDFAST_INFRA: 'own' }, ['--port', String(await freePort())])
    // From here on the system tables of MariaDB and the log folder of Kafka are being made.
    await waitFor('the first tool', () => children().some(({ name }) => name === 'kafka-format'))
    one.signal('SIGTERM')
    expect((await one.ended).code).toBe(0)
    expect(commandsWith(folder)).toEqual([])
    expect(one.seen()).not.toContain('FAIL')
  })
})
