/**
 * The whole system for tests that cross services: real servers of its own and every service as a
 * process of its own, each of which a test may kill and start again on the same port.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'
import { freePort } from '../../platform/infra/ports.ts'
import { type RunningServer, startServer } from '../../platform/infra/server.ts'
import {
  evidenceDir,
  freshDatabasePrefix,
  type OwnInfra,
  startOwnInfra,
  uniqueName,
} from '../../platform/testing/infra.ts'

export const SERVICES = ['sandbox', 'payment', 'ticket', 'notification', 'reservation'] as const
export type ServiceName = (typeof SERVICES)[number]

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const READY_WITHIN_MS = 45_000
const WEBHOOK_SECRET = 'test-webhook-secret-0123456789abcdef'

const ENTRIES: Record<ServiceName, string> = {
  sandbox: 'payment/sandbox/main.ts',
  payment: 'payment/main.ts',
  ticket: 'ticket/main.ts',
  notification: 'notification/main.ts',
  reservation: 'reservation/main.ts',
}

export interface System {
  /** Base URL of the one HTTP entry, without a trailing slash. */
  readonly http: string
  readonly sandboxUrl: string
  readonly adminToken: string
  readonly infra: OwnInfra
  readonly databasePrefix: string
  readonly mailDir: string
  readonly services: Record<ServiceName, RunningServer>
  /** Starts one more process of a service; it is stopped with the system. */
  startAnother(name: Exclude<ServiceName, 'sandbox'>): Promise<RunningServer>
  stop(): Promise<void>
}

export interface SystemOptions {
  /** Environment that every service gets on top of the usual. */
  env?: Record<string, string>
  /** Environment of single services, such as failpoints. */
  envOf?: Partial<Record<ServiceName, Record<string, string>>>
}

interface Secrets {
  sessionKey: string
  adminToken: string
}

async function makeSecrets(): Promise<Secrets> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const sessionKey = { ...(await exportJWK(privateKey)), alg: 'EdDSA', kid: 'test' }
  const adminToken = await new SignJWT({ scope: 'admin' })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'test' })
    .setSubject('operator')
    .setIssuer('holdfast')
    .setAudience('holdfast')
    .setIssuedAt()
    .setExpirationTime('1d')
    .sign(await importJWK(sessionKey, 'EdDSA'))
  return { sessionKey: JSON.stringify(sessionKey), adminToken }
}

const isReadyAt = async (port: number): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/readyz`)).ok

async function startService(options: {
  name: ServiceName
  env: Record<string, string>
  logName: string
  port?: number
}): Promise<RunningServer> {
  const { name, env, logName, port } = options
  return startServer(
    {
      name: logName,
      urlOf: (chosen) => `http://127.0.0.1:${chosen}`,
      launch: (chosen) => ({
        command: process.execPath,
        args: ['--import', 'tsx', join(ROOT, ENTRIES[name])],
        cwd: ROOT,
        env: { PATH: process.env.PATH, ...env, PORT: String(chosen) },
      }),
      isReady: isReadyAt,
      readyWithinMs: READY_WITHIN_MS,
    },
    { dataDir: ROOT, logFile: join(evidenceDir(), `${logName}.log`), ...(port && { port }) },
  )
}

/** Starts everything; takes some ten seconds on two cores. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const infra = await startOwnInfra()
  const running: RunningServer[] = []
  const stop = async (): Promise<void> => {
    for (const server of running.toReversed()) await server.stop()
    await infra.stop()
  }
  try {
    return await startServices(infra, options, running, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function startServices(
  infra: OwnInfra,
  options: SystemOptions,
  running: RunningServer[],
  stop: () => Promise<void>,
): Promise<System> {
  const label = uniqueName('system')
  const { sessionKey, adminToken } = await makeSecrets()
  const databasePrefix = freshDatabasePrefix()
  const mailDir = join(evidenceDir(), label, 'mail')
  mkdirSync(mailDir, { recursive: true })
  const base: Record<string, string> = {
    REDIS_URL: infra.redisUrl,
    MYSQL_URL: infra.mysqlUrl,
    MYSQL_DATABASE_PREFIX: databasePrefix,
    KAFKA_BROKERS: infra.kafkaBrokers,
    LOG_LEVEL: 'info',
    SESSION_ISSUER: 'on',
    SESSION_KEY: sessionKey,
    PAYMENT_WEBHOOK_SECRET: WEBHOOK_SECRET,
    MAIL_DIR: mailDir,
    SANDBOX_DATA_DIR: join(evidenceDir(), label, 'sandbox'),
    ...options.env,
  }
  const start = async (name: ServiceName, more: { suffix?: string; port?: number } = {}) => {
    const { suffix = '', port } = more
    const env = { ...base, ...options.envOf?.[name] }
    const logName = `${label}-${name}${suffix}`
    const server = await startService({ name, env, logName, ...(port && { port }) })
    running.push(server)
    return server
  }
  // The provider tells the payment service about outcomes, so each must know the other's port.
  const paymentPort = await freePort()
  base.PAYMENT_WEBHOOK_URL = `http://127.0.0.1:${paymentPort}/v1/webhooks/payments`
  const sandbox = await start('sandbox')
  base.PAYMENT_PROVIDER_URL = sandbox.url
  const [payment, ticket, notification, reservation] = await Promise.all([
    start('payment', { port: paymentPort }),
    start('ticket'),
    start('notification'),
    start('reservation'),
  ])
  const services = { sandbox, payment, ticket, notification, reservation }
  return {
    http: reservation.url,
    sandboxUrl: sandbox.url,
    adminToken,
    infra,
    databasePrefix,
    mailDir,
    services,
    startAnother: (name) => start(name, { suffix: `-${uniqueName('more')}` }),
    stop,
  }
}
