/** The sample worker in a process of its own, for tests that kill and freeze it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface WorkerOptions {
  kafkaBrokers: string
  mysqlUrl: string
  group: string
  /** FAILPOINTS, SAMPLE_BATCH_MAX and the like. */
  env?: Readonly<Record<string, string>>
}

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

/** What the worker has logged, and how it ends. It dies with the process that started it. */
export class Worker {
  readonly ended: Promise<Ending>
  readonly log: Record<string, unknown>[] = []
  readonly #child: ChildProcess
  #isAlive = true

  constructor({ kafkaBrokers, mysqlUrl, group, env = {} }: WorkerOptions) {
    const { PATH = '' } = process.env
    this.#child = spawn(process.execPath, ['--import', 'tsx', MAIN], {
      cwd: ROOT,
      env: {
        PATH,
        KAFKA_BROKERS: kafkaBrokers,
        MYSQL_URL: mysqlUrl,
        SAMPLE_GROUP: group,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#isAlive = false
        resolve({ code, signal })
      })
    })
    const { stdout } = this.#child
    if (stdout) createInterface(stdout).on('line', (line) => this.log.push(JSON.parse(line)))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** How many partitions it was given when it last joined; 0 before. */
  get partitions(): number {
    const joined = this.log.findLast(({ msg }) => msg === 'joined the group')
    const assignment = (joined?.assignment ?? {}) as Record<string, number[]>
    return Object.values(assignment).flat().length
  }

  /** Where its health is served; null before it is. */
  get healthUrl(): string | null {
    const served = this.log.find(({ msg }) => msg === 'health and metrics are served')
    return served ? `http://127.0.0.1:${served.port}` : null
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Closes the channel to it, as happens when a supervisor is killed. */
  abandon(): void {
    this.#child.disconnect()
  }

  /** Ends it if it lives; a frozen one too. */
  async kill(): Promise<void> {
    if (this.#isAlive) this.#child.kill('SIGKILL')
    await this.ended
  }
}
