/** The way to Kafka: where it is, how we call ourselves, and how kafkajs may speak in our log. */
import net from 'node:net'
import kafkajs, { type Admin, type Kafka, type LogEntry } from 'kafkajs'
import type { Log } from '../log.ts'
import { stopIdleSpin } from './requestQueue.ts'

const CONNECT_MS_MAX = 3_000
const CONNECT_RETRIES_MAX = 5
const REQUEST_MS_MAX = 15_000
const KEEP_ALIVE_MS = 60_000
const REPEAT_MS = 30_000
/** Messages with the same beginning are of one kind; numbers and addresses come later. */
const KIND_CHARS = 24
const KINDS_MAX = 100

export interface KafkaConnectionOptions {
  /** host:port[,host:port...] */
  brokers: string
  clientId: string
  log: Log
}

/**
 * Makes kafkajs clients. Every call of `client` answers a fresh one: clients cache the committed
 * offsets of a group, so two consumers of one group must not share one. It costs nothing, for
 * each producer and consumer opens connections of its own in any case.
 */
export class KafkaConnection {
  readonly #options: KafkaConnectionOptions
  /** When a kind of warning was last written. */
  readonly #warnedAt = new Map<string, number>()

  constructor(options: KafkaConnectionOptions) {
    this.#options = options
    stopIdleSpin(options.log)
  }

  get log(): Log {
    return this.#options.log
  }

  /**
   * @param connectRetriesMax how often a lost broker is called before an operation fails; the
   *   pause between two calls grows to a second
   */
  client(connectRetriesMax = CONNECT_RETRIES_MAX): Kafka {
    const { brokers, clientId } = this.#options
    return new kafkajs.Kafka({
      brokers: brokers.split(',').map((one) => one.trim()),
      clientId,
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: connectRetriesMax },
      logLevel: kafkajs.logLevel.INFO,
      logCreator: () => this.#relayLog,
      socketFactory: ({ host, port, onConnect }) => {
        const socket = net.connect({ host, port, noDelay: true }, onConnect)
        socket.setKeepAlive(true, KEEP_ALIVE_MS)
        return socket
      },
    })
  }

  /** A client for questions and for making topics; disconnect it after use. */
  admin(): Admin {
    return this.client().admin()
  }

  /**
   * kafkajs calls every broker hiccup an error, although it goes on by itself: one level quieter,
   * and one line of a kind within REPEAT_MS. What its connections report of single answers, the
   * layers above report again.
   */
  readonly #relayLog = ({ level, namespace, log: entry }: LogEntry): void => {
    const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...rest } = entry
    const fields = { kafka: namespace, ...rest }
    const isAnswer = namespace === 'Connection' && message.startsWith('Response ')
    const isWarning = level === kafkajs.logLevel.ERROR && !isAnswer && this.#isNews(message)
    if (isWarning) this.log.warn(fields, message)
    else this.log.debug(fields, message)
  }

  #isNews(message: string): boolean {
    const now = Date.now()
    const kind = message.slice(0, KIND_CHARS)
    if (now - (this.#warnedAt.get(kind) ?? 0) < REPEAT_MS) return false
    if (this.#warnedAt.size >= KINDS_MAX) this.#warnedAt.clear()
    this.#warnedAt.set(kind, now)
    return true
  }
}
