import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram, runTool } from './child.ts'
import { freePort } from './ports.ts'
import { kafkaAnswers } from './probe.ts'
import { type RunningServer, type ServerOptions, startServer } from './server.ts'

export interface KafkaOptions extends ServerOptions {
  /** The broker's heap in MiB. */
  heapMib?: number
  /** Further options of the Java virtual machine. */
  jvmArgs?: readonly string[]
  /** Folder with the broker's jars; without it the one that scripts/bootstrap.mjs fills. */
  libs?: string
}

const READY_WITHIN_MS = 60_000
const HEAP_MIB = 512
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Where scripts/bootstrap.mjs puts the jars of the version that ops/kafka/pom.xml names. */
export function kafkaLibs(): string {
  const pom = readFileSync(join(ROOT, 'ops/kafka/pom.xml'), 'utf8')
  const version = /<kafka\.version>([^<]+)</.exec(pom)?.[1]
  if (!version) throw new Error('ops/kafka/pom.xml names no kafka.version')
  return join(ROOT, '.holdfast/cache', `kafka-${version}`, 'libs')
}

/** The settings of a broker that is its own controller, on loopback ports. */
function properties(options: { logDir: string; port: number; controllerPort: number }): string {
  const { logDir, port, controllerPort } = options
  return `${[
    'process.roles=broker,controller',
    'node.id=1',
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'inter.broker.listener.name=PLAINTEXT',
    `controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}`,
    `log.dirs=${logDir}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=8',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false',
    'num.network.threads=2',
    'num.io.threads=4',
    'background.threads=2',
    'log.cleaner.dedupe.buffer.size=8388608',
    'controlled.shutdown.retry.backoff.ms=500',
    // A killed broker may register again only when the session of its former life is over.
    'broker.heartbeat.interval.ms=500',
    'broker.session.timeout.ms=3000',
  ].join('\n')}\n`
}

/** A cluster id is a random UUID in URL-safe base64; a leading dash would read as an option. */
function clusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

interface Broker {
  java: string
  classPath: string
  dataDir: string
  logDir: string
  settings: string
  controllerPort: number
}

/** Writes the settings and, the first time, formats the log folder. */
async function prepare(broker: Broker, port: number, options: KafkaOptions): Promise<void> {
  const { java, classPath, dataDir, logDir, settings, controllerPort } = broker
  const { logFile, registry, signal } = options
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  writeFileSync(settings, properties({ logDir, port, controllerPort }))
  if (existsSync(join(logDir, 'meta.properties'))) return
  rmSync(logDir, { recursive: true, force: true })
  await runTool({
    name: 'kafka-format',
    command: java,
    args: [
      ...['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classPath],
      ...['kafka.tools.StorageTool', 'format', '--standalone', '-t', clusterId(), '-c', settings],
    ],
    logFile: logFile ?? join(dataDir, 'format.log'),
    ...(registry && { registry }),
    ...(signal && { signal }),
  })
}

const brokerArgs = (broker: Broker, options: KafkaOptions): string[] => [
  `-Xmx${options.heapMib ?? HEAP_MIB}m`,
  // One small heap on few cores: the serial collector keeps the least memory of its own.
  '-XX:+UseSerialGC',
  // The optimising compiler works for minutes on a broker that has just started, on cores that the
  // services need, and what it makes is hardly quicker here.
  '-XX:TieredStopAtLevel=1',
  '-XX:MaxMetaspaceSize=160m',
  '-XX:ReservedCodeCacheSize=64m',
  '-Xss512k',
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  ...(options.jvmArgs ?? []),
  ...['-cp', broker.classPath, 'kafka.Kafka', broker.settings],
]

function findJars(libs: string): string {
  if (!existsSync(libs) || readdirSync(libs).length === 0) {
    throw new Error(`Kafka's jars are missing in ${libs}; run: node scripts/bootstrap.mjs start`)
  }
  return join(libs, '*')
}

/**
 * Starts a Kafka broker that is its own controller (KRaft). `url` is `127.0.0.1:<port>`, the
 * bootstrap address. The controller's port may differ from start to start.
 * @throws Error when Java or the jars are missing or the broker does not get ready.
 */
export async function startKafka(options: KafkaOptions): Promise<RunningServer> {
  const java = findProgram('java')
  if (!java) throw new Error('java is not installed; node scripts/bootstrap.mjs start')
  const broker: Broker = {
    java,
    classPath: findJars(options.libs ?? kafkaLibs()),
    dataDir: options.dataDir,
    logDir: join(options.dataDir, 'logs'),
    settings: join(options.dataDir, 'server.properties'),
    controllerPort: await freePort(),
  }
  const port = options.port ?? (await freePort())
  await prepare(broker, port, options)
  return startServer(
    {
      name: 'kafka',
      urlOf: (chosen) => `127.0.0.1:${chosen}`,
      launch: () => ({ command: java, args: brokerArgs(broker, options) }),
      isReady: kafkaAnswers,
      readyWithinMs: READY_WITHIN_MS,
    },
    { ...options, port },
  )
}
