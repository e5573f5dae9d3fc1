/** The servers that a command talks to, opened when it first needs them, and closed at its end. */
import { createClient, type RedisClient, whenReady } from '../../lua/client.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { KafkaProducer } from '../../platform/kafka/producer.ts'
import { createLog, type Log } from '../../platform/log.ts'
import { Database } from '../../platform/mysql/database.ts'
import { LATE, within } from '../../platform/within.ts'
import type { Databases } from '../checker/gatherSql.ts'
import { CommandFailed } from '../cli/failure.ts'
import type { OperatorConfig } from '../config.ts'
import { Desk } from '../desk/desk.ts'

/** A person waits: a server that has not answered by then is reported as away. */
const ANSWER_MS_MAX = 3_000
const POOL_SIZE = 4

export class Stores {
  readonly config: OperatorConfig
  readonly log: Log
  readonly #closers: (() => Promise<void>)[] = []
  #kafka: Promise<KafkaConnection> | null = null
  #producer: Promise<KafkaProducer> | null = null
  #redis: Promise<RedisClient> | null = null
  #databases: Promise<Databases> | null = null
  #desk: Promise<Desk> | null = null

  constructor(config: OperatorConfig) {
    this.config = config
    this.log = createLog('operator', 'silent')
  }

  /** @throws CommandFailed when no broker answers */
  kafka(): Promise<KafkaConnection> {
    this.#kafka ??= this.#openKafka()
    return this.#kafka
  }

  /** @throws CommandFailed when no broker answers */
  producer(): Promise<KafkaProducer> {
    this.#producer ??= this.#openProducer()
    return this.#producer
  }

  /** @throws CommandFailed when Redis does not answer */
  redis(): Promise<RedisClient> {
    this.#redis ??= this.#openRedis()
    return this.#redis
  }

  /** The databases of the services. @throws CommandFailed when SQL does not answer */
  databases(): Promise<Databases> {
    this.#databases ??= this.#openDatabases()
    return this.#databases
  }

  /** The desk's own database. @throws CommandFailed when SQL does not answer */
  desk(): Promise<Desk> {
    this.#desk ??= this.#openDesk()
    return this.#desk
  }

  /** Closes what was opened, newest first. */
  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close()
  }

  async #openKafka(): Promise<KafkaConnection> {
    const { kafkaBrokers: brokers } = this.config
    const connection = new KafkaConnection({ brokers, clientId: 'holdfast-desk', log: this.log })
    const admin = connection.client(0).admin()
    const hello = async (): Promise<void> => {
      await admin.connect()
      await admin.disconnect()
    }
    await inTime(hello(), `no broker answers at ${brokers}`)
    return connection
  }

  async #openProducer(): Promise<KafkaProducer> {
    const producer = new KafkaProducer({ connection: await this.kafka() })
    await producer.start()
    this.#closers.push(() => producer.stop())
    return producer
  }

  async #openRedis(): Promise<RedisClient> {
    const { redisUrl: url } = this.config
    const redis = createClient({ url, name: 'holdfast-desk' })
    this.#closers.push(async () => redis.disconnect())
    await inTime(whenReady(redis, ANSWER_MS_MAX), `Redis does not answer at ${placeOf(url)}`)
    return redis
  }

  async #openDatabases(): Promise<Databases> {
    const [reservation, payment, ticket, notification] = await Promise.all(
      ['reservation', 'payment', 'ticket', 'notification'].map((name) =>
        this.#openDatabase(name, { isOthers: true }),
      ),
    )
    return { reservation, payment, ticket, notification } as Databases
  }

  async #openDesk(): Promise<Desk> {
    // Where the services have no databases, the desk has no business either.
    await this.databases()
    const db = await this.#openDatabase('operator', { isOthers: false })
    return Desk.open(db, this.config.operator, this.log)
  }

  async #openDatabase(name: string, { isOthers }: { isOthers: boolean }): Promise<Database> {
    const { mysqlUrl: url, mysqlDatabasePrefix } = this.config
    const database = `${mysqlDatabasePrefix}_${name}`
    const db = new Database({ url, database, poolSize: POOL_SIZE, isOthers, log: this.log })
    const missing = `there is no database ${database} at ${placeOf(url)}: MYSQL_DATABASE_PREFIX?`
    const start = db.start().catch((cause: Error & { code?: string }) => {
      throw cause.code === 'ER_BAD_DB_ERROR' ? new CommandFailed(missing, { cause }) : cause
    })
    await inTime(start, `SQL does not answer at ${placeOf(url)}`)
    this.#closers.push(() => db.stop())
    return db
  }
}

/** Host and port of a URL, without the password that may stand in it. */
const placeOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'REDIS_URL')

async function inTime<T>(work: Promise<T>, problem: string): Promise<T> {
  try {
    const result = await within(work, ANSWER_MS_MAX)
    if (result !== LATE) return result
  } catch (cause) {
    if (cause instanceof CommandFailed) throw cause
    throw new CommandFailed(`${problem}: ${(cause as Error).message}`, { cause })
  }
  throw new CommandFailed(problem)
}
