import { join } from 'node:path'
import type { ProcessRegistry } from '../../platform/infra/processes.ts'
import { type RunningServer, startServer } from '../../platform/infra/server.ts'
import type { Addresses } from './infrastructure.ts'
import type { Workspace } from './workspace.ts'

/** What a service is told at its start, beside the inherited environment. */
export interface ServiceContext extends Addresses {
  workspace: Workspace
  /** Private JWK as JSON, or null when tokens are made elsewhere. */
  sessionKey: string | null
  webhookSecret: string
  /** Port of each service by name; the public one for the service with `isEntry`. */
  ports: Readonly<Record<string, number>>
}

export interface ServiceSpec {
  name: string
  /** Entry file for scripts/run.mjs, relative to the root. */
  entry: string
  /** The one that people and browsers talk to: it gets the port that was asked for. */
  isEntry?: boolean
  /** What the service is told; the servers' addresses and PORT come by themselves. */
  env(context: ServiceContext): Record<string, string>
  /** Told too, where the user's own environment says nothing else. */
  defaults?(context: ServiceContext): Record<string, string>
}

const urlOf = (context: ServiceContext, name: string): string =>
  `http://127.0.0.1:${context.ports[name]}`

/** The processes of Holdfast, in the order in which they start. */
export const HOLDFAST_SERVICES: readonly ServiceSpec[] = [
  {
    name: 'sandbox',
    entry: 'payment/sandbox/main.ts',
    env: (context) => ({
      PAYMENT_WEBHOOK_URL: `${urlOf(context, 'payment')}/v1/webhooks/payments`,
      PAYMENT_WEBHOOK_SECRET: context.webhookSecret,
    }),
    // A provider does not forget what it charged when it is started again.
    defaults: ({ workspace }) => ({ SANDBOX_DATA_DIR: join(workspace.dataDir, 'sandbox') }),
  },
  {
    name: 'payment',
    entry: 'payment/main.ts',
    env: () => ({}),
    defaults: (context) => ({
      PAYMENT_PROVIDER_URL: urlOf(context, 'sandbox'),
      PAYMENT_WEBHOOK_SECRET: context.webhookSecret,
    }),
  },
  { name: 'ticket', entry: 'ticket/main.ts', env: () => ({}) },
  {
    name: 'notification',
    entry: 'notification/main.ts',
    env: () => ({}),
    defaults: ({ workspace }) => ({ MAIL_DIR: workspace.mailDir }),
  },
  {
    name: 'reservation',
    entry: 'reservation/main.ts',
    isEntry: true,
    env: ({ sessionKey }): Record<string, string> =>
      sessionKey === null ? {} : { SESSION_KEY: sessionKey },
    defaults: ({ sessionKey }) => ({ SESSION_ISSUER: sessionKey === null ? 'off' : 'on' }),
  },
]

const READY_WITHIN_MS = 60_000
const ASK_WITHIN_MS = 2_000
/** Longer than a service allows its own graceful stop. */
const GRACE_MS = 17_000

/** Whether /readyz of the loopback port answers 200. */
async function isReadyAt(port: number): Promise<boolean> {
  const signal = AbortSignal.timeout(ASK_WITHIN_MS)
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal })
  await response.arrayBuffer()
  return response.ok
}

export interface ServiceStart {
  spec: ServiceSpec
  context: ServiceContext
  environment: Record<string, string>
  registry: ProcessRegistry
  signal: AbortSignal
}

/**
 * Starts a service and waits until /readyz agrees.
 * @throws Error with the end of its log when it ends before or takes over a minute.
 */
export function startService(start: ServiceStart): Promise<RunningServer> {
  const { spec, context, environment, registry, signal } = start
  const { redisUrl, mysqlUrl, kafkaBrokers, workspace, ports } = context
  const port = ports[spec.name]
  if (port === undefined) throw new Error(`${spec.name} has no port`)
  const env = {
    ...spec.defaults?.(context),
    ...environment,
    REDIS_URL: redisUrl,
    MYSQL_URL: mysqlUrl,
    KAFKA_BROKERS: kafkaBrokers,
    ...spec.env(context),
    PORT: String(port),
  }
  return startServer(
    {
      name: spec.name,
      urlOf: (chosen) => `http://127.0.0.1:${chosen}`,
      launch: () => ({
        command: process.execPath,
        args: [join(workspace.root, 'scripts/run.mjs'), join(workspace.root, spec.entry)],
        cwd: workspace.root,
        env,
      }),
      isReady: isReadyAt,
      readyWithinMs: READY_WITHIN_MS,
      graceMs: GRACE_MS,
    },
    {
      dataDir: workspace.root,
      port,
      logFile: join(workspace.logDir, `${spec.name}.log`),
      registry,
      signal,
    },
  )
}
