import { setTimeout as pause } from 'node:timers/promises'
import { type Child, type ChildSpec, type Exit, GRACE_MS, startChild, tailOf } from './child.ts'
import { freePort } from './ports.ts'
import type { ProcessRegistry } from './processes.ts'

/** What every start function takes; the caller decides where data and logs live. */
export interface ServerOptions {
  /** Folder of the server's data. Made when missing; what it holds is kept. */
  dataDir: string
  /** The port to listen on, on 127.0.0.1. Without it a free one is taken. */
  port?: number
  logFile?: string
  registry?: ProcessRegistry
  /** Gives up a start that is under way: the process is ended and the start rejects. */
  signal?: AbortSignal
}

/** A real server in a child process. */
export interface RunningServer {
  readonly name: string
  /** What a client needs to connect; the same for the server's whole life, restarts included. */
  readonly url: string
  readonly port: number
  /** Pid of the process that runs now, or that ran last. */
  readonly pid: number
  isAlive(): boolean
  /** Stops it gracefully and waits for its end. Repeating it is harmless. */
  stop(): Promise<void>
  /**
   * Sends a signal. After SIGKILL and SIGTERM (SIGKILL is the default) it waits for the end; after
   * any other, such as SIGSTOP and SIGCONT, it does not.
   */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again on the same port and data, stopping it first when it runs. */
  restart(): Promise<void>
  /** Calls back at each end of the process that nobody asked for through stop or restart. */
  onUnexpectedExit(listener: (exit: Exit) => void): void
}

/** How one kind of server is run; the functions get the port that was chosen. */
export interface ServerKind {
  name: string
  urlOf(port: number): string
  launch(port: number): Pick<ChildSpec, 'command' | 'args' | 'cwd' | 'env'>
  /** Answers true as soon as the server does its work; false or a rejection means not yet. */
  isReady(port: number): Promise<boolean>
  readyWithinMs: number
  /** How long a graceful stop may take before SIGKILL; 10 s when not said. */
  graceMs?: number
}

const PROBE_EVERY_MS = 25
const PORT_ATTEMPTS_MAX = 3

/**
 * Starts a server and waits until it is ready.
 * @throws Error naming the reason and the end of the log when it does not get ready.
 */
export async function startServer(
  kind: ServerKind,
  options: ServerOptions,
): Promise<RunningServer> {
  for (let attempt = 1; ; attempt += 1) {
    const server = new ServerProcess(kind, options.port ?? (await freePort()), options)
    try {
      await server.launch()
      return server
    } catch (error) {
      // Somebody may have taken the port between our look and the server's; a given one stays.
      const mayTryAnother = options.port === undefined && attempt < PORT_ATTEMPTS_MAX
      if (!mayTryAnother || options.signal?.aborted) throw error
    }
  }
}

class ServerProcess implements RunningServer {
  readonly name: string
  readonly url: string
  readonly port: number
  readonly #kind: ServerKind
  readonly #options: ServerOptions
  readonly #listeners: ((exit: Exit) => void)[] = []
  #child: Child | null = null
  #lastPid = 0
  /** Counts what stop and restart ask for, so that a launch under way notices the next word. */
  #wish = 0

  constructor(kind: ServerKind, port: number, options: ServerOptions) {
    this.name = kind.name
    this.url = kind.urlOf(port)
    this.port = port
    this.#kind = kind
    this.#options = options
  }

  get pid(): number {
    return this.#lastPid
  }

  isAlive(): boolean {
    return this.#child?.isAlive() ?? false
  }

  /** Starts the process and resolves when it is ready; ends it again when it does not get so. */
  async launch(): Promise<void> {
    const { logFile, registry, signal } = this.#options
    signal?.throwIfAborted()
    const wish = this.#wish
    const child = await startChild({
      name: this.name,
      ...this.#kind.launch(this.port),
      ...(logFile && { logFile }),
      ...(registry && { registry }),
    })
    this.#child = child
    this.#lastPid = child.pid
    const problem = await this.#waitUntilReady(child, wish)
    if (problem !== null) {
      await child.end({ graceMs: 1_000 })
      throw new Error(`${this.name} on port ${this.port} ${problem}\n${tailOf(logFile)}`.trim())
    }
    void child.exited.then((exit) => {
      if (wish !== this.#wish) return
      for (const listener of this.#listeners) listener(exit)
    })
  }

  async #waitUntilReady(child: Child, wish: number): Promise<string | null> {
    const { readyWithinMs, isReady } = this.#kind
    const deadline = performance.now() + readyWithinMs
    while (performance.now() < deadline) {
      if (wish !== this.#wish || this.#options.signal?.aborted) return 'was told to stop'
      if (!child.isAlive()) return `ended at once (${JSON.stringify(await child.exited)})`
      // A refused connection is the ordinary answer of a server that is still starting.
      if (await isReady(this.port).catch(() => false)) return null
      await pause(PROBE_EVERY_MS)
    }
    return `was not ready within ${readyWithinMs} ms`
  }

  async #end(): Promise<void> {
    await this.#child?.end({ graceMs: this.#kind.graceMs ?? GRACE_MS })
  }

  async stop(): Promise<void> {
    this.#wish += 1
    await this.#end()
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child?.signal(signal)
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await this.#child?.exited
  }

  async restart(): Promise<void> {
    this.#wish += 1
    const wish = this.#wish
    await this.#end()
    if (wish !== this.#wish) throw new Error(`${this.name} was told to stop`)
    await this.launch()
  }

  onUnexpectedExit(listener: (exit: Exit) => void): void {
    this.#listeners.push(listener)
  }
}
