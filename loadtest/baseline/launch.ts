/**
 * Starts the baseline on servers that run already: the sandbox provider and four services, each a
 * process of its own with a database of its own.
 *
 *   const stack = await startStack({ dataDir, logDir })
 *   const baseline = await startBaseline({ variant: 'tuned', stack, dir: '.holdfast/bench/tuned' })
 *   ... load on baseline.http ...
 *   await baseline.stop()
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importJWK, type JWK, SignJWT } from 'jose'
import type { ProcessRegistry } from '../../platform/infra/processes.ts'
import { type RunningServer, startServer } from '../../platform/infra/server.ts'
import type { Variant } from './api.ts'

export const BASELINE_PROCESSES = ['sandbox', 'payment', 'ticket', 'notification', 'order'] as const
export type BaselineProcess = (typeof BASELINE_PROCESSES)[number]

export interface BaselineOptions {
  variant: Variant
  /** Redis and a SQL server that run; Kafka is of no use here. */
  stack: { redis: { url: string }; mariadb: { url: string } }
  /** Logs, the provider's record and the mails go below this folder. */
  dir: string
  /** Of the four databases. Default `baseline`. */
  databasePrefix?: string
  /** Environment that every process gets on top of the usual. */
  env?: Readonly<Record<string, string>>
  /** Environment of single processes, such as SQL_CONNECTIONS or failpoints. */
  envOf?: Readonly<Partial<Record<BaselineProcess, Readonly<Record<string, string>>>>>
  registry?: ProcessRegistry
  /** Gives up a start that is under way. */
  signal?: AbortSignal
}

export interface Baseline {
  readonly variant: Variant
  /** Base URL of the order service, without a trailing slash. */
  readonly http: string
  readonly sandboxUrl: string
  /** May create shows; valid for a day. */
  readonly adminToken: string
  /** Pids by name, for measuring the CPU of each. */
  readonly processes: readonly { name: BaselineProcess; pid: number }[]
  readonly services: Readonly<Record<BaselineProcess, RunningServer>>
  /** What the audit needs to look at the same stores. */
  readonly stores: BaselineStores
  readonly mailDir: string
  stop(): Promise<void>
}

export interface BaselineStores {
  redisUrl: string
  redisShards: number
  mysqlUrl: string
  databasePrefix: string
  sandboxUrl: string
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ENTRIES: Readonly<Record<BaselineProcess, string>> = {
  sandbox: 'payment/sandbox/main.ts',
  payment: 'loadtest/baseline/payment/main.ts',
  ticket: 'loadtest/baseline/ticket/main.ts',
  notification: 'loadtest/baseline/notification/main.ts',
  order: 'loadtest/baseline/order/main.ts',
}
const READY_WITHIN_MS = 45_000
const ASK_WITHIN_MS = 2_000
/** Longer than a service allows its own graceful stop. */
const GRACE_MS = 17_000
const REDIS_SHARDS = 16

/**
 * Starts the five processes and waits until each is ready.
 * @throws Error with the end of its log when one does not get ready; the others are stopped then
 */
export async function startBaseline(options: BaselineOptions): Promise<Baseline> {
  const { stack, databasePrefix = 'baseline', dir, variant } = options
  const { sessionKey, adminToken } = await makeSecrets()
  const mailDir = join(dir, 'mail')
  mkdirSync(mailDir, { recursive: true })
  const base = {
    BASELINE_VARIANT: variant,
    REDIS_URL: stack.redis.url,
    REDIS_SHARDS: String(REDIS_SHARDS),
    MYSQL_URL: stack.mariadb.url,
    MYSQL_DATABASE_PREFIX: databasePrefix,
    SESSION_KEY: sessionKey,
    MAIL_DIR: mailDir,
    SANDBOX_DATA_DIR: join(dir, 'sandbox'),
    ...options.env,
  }
  const running: RunningServer[] = []
  const start = async (name: BaselineProcess, more: Record<string, string> = {}) => {
    const server = await startProcess(name, { ...base, ...more, ...options.envOf?.[name] }, options)
    running.push(server)
    return server
  }
  const stop = async (): Promise<void> => {
    // The edge first, so that what it has under way is finished by services that still run.
    for (const name of [...BASELINE_PROCESSES].reverse()) {
      await running.find((server) => server.name === name)?.stop()
    }
  }
  try {
    const sandbox = await start('sandbox')
    const [payment, ticket, notification] = await allStarted([
      start('payment', { PAYMENT_PROVIDER_URL: sandbox.url }),
      start('ticket'),
      start('notification'),
    ])
    const urls = { PAYMENT_URLS: payment.url, TICKET_URLS: ticket.url }
    const order = await start('order', { ...urls, NOTIFICATION_URLS: notification.url })
    const services = { sandbox, payment, ticket, notification, order }
    return {
      ...{ variant, http: order.url, sandboxUrl: sandbox.url, adminToken, services, mailDir, stop },
      processes: BASELINE_PROCESSES.map((name) => ({ name, pid: services[name].pid })),
      stores: {
        redisUrl: stack.redis.url,
        redisShards: REDIS_SHARDS,
        mysqlUrl: stack.mariadb.url,
        databasePrefix,
        sandboxUrl: sandbox.url,
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** All of them, once none is on its way any more: one that fails must not leave others behind. */
async function allStarted<const T extends readonly Promise<RunningServer>[]>(
  starts: T,
): Promise<{ -readonly [K in keyof T]: RunningServer }> {
  await Promise.allSettled(starts)
  return (await Promise.all(starts)) as { -readonly [K in keyof T]: RunningServer }
}

async function makeSecrets(): Promise<{ sessionKey: string; adminToken: string }> {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as JWK
  const adminToken = await new SignJWT({ scope: 'admin' })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setSubject('operator')
    .setIssuer('holdfast')
    .setAudience('holdfast')
    .setIssuedAt()
    .setExpirationTime('1d')
    .sign(await importJWK(jwk, 'EdDSA'))
  return { sessionKey: JSON.stringify(jwk), adminToken }
}

function startProcess(
  name: BaselineProcess,
  env: Readonly<Record<string, string>>,
  { dir, registry, signal }: BaselineOptions,
): Promise<RunningServer> {
  return startServer(
    {
      name,
      urlOf: (port) => `http://127.0.0.1:${port}`,
      launch: (port) => ({
        command: process.execPath,
        args: ['--import', 'tsx', join(ROOT, ENTRIES[name])],
        cwd: ROOT,
        env: { ...env, PORT: String(port) },
      }),
      isReady: isReadyAt,
      readyWithinMs: READY_WITHIN_MS,
      graceMs: GRACE_MS,
    },
    {
      dataDir: ROOT,
      logFile: join(dir, `${name}.log`),
      ...(registry && { registry }),
      ...(signal && { signal }),
    },
  )
}

async function isReadyAt(port: number): Promise<boolean> {
  const signal = AbortSignal.timeout(ASK_WITHIN_MS)
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal })
  await response.arrayBuffer()
  return response.ok
}
