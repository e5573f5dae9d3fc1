/**
 * How a process lives: its components start in order and stop in reverse, once, whatever asked
 * for the end: a signal, the supervisor going away, or a component that cannot go on.
 */
import type { Log } from './log.ts'

/** Anything with a beginning and an end: a pool, a server, a consumer, a sweep. */
export interface Component {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
  /**
   * A component that may find out that the process must not go on (a consumer that crashed for
   * good) offers this; `report` ends the process with status 1.
   */
  onFatal?(report: (error: unknown) => void): void
}

/** A graceful stop that takes longer than this is cut short. */
export const STOP_MS_MAX = 15_000

/** The parts of `process` that a lifecycle touches; tests hand in their own. */
export interface ProcessLike {
  on(event: string, listener: (...args: unknown[]) => void): unknown
  exit(code: number): void
  readonly send?: unknown
}

/**
 * Runs a service: starts the components in order and resolves when all of them run. From then on
 * SIGTERM, SIGINT or the loss of the supervisor (IPC channel) stops them in reverse order and ends
 * the process with status 0; a second signal ends it at once with status 1. Every stop runs, also
 * when another one fails. A failed start, an unhandled rejection, an uncaught exception or a fatal
 * report of a component stops what runs and ends the process with status 1.
 */
export async function runService(
  service: string,
  components: readonly Component[],
  log: Log,
  processLike: ProcessLike = process as unknown as ProcessLike,
): Promise<void> {
  const lifecycle = new Lifecycle(service, components, log, processLike)
  lifecycle.listen()
  await lifecycle.start()
}

class Lifecycle {
  readonly #service: string
  readonly #components: readonly Component[]
  readonly #log: Log
  readonly #process: ProcessLike
  readonly #started: Component[] = []
  #stopping: Promise<void> | null = null

  constructor(
    service: string,
    components: readonly Component[],
    log: Log,
    processLike: ProcessLike,
  ) {
    this.#service = service
    this.#components = components
    this.#log = log
    this.#process = processLike
  }

  listen(): void {
    for (const signal of ['SIGTERM', 'SIGINT']) {
      this.#process.on(signal, () => this.#signalled(signal))
    }
    const fail = (error: unknown) => this.#fail(error)
    this.#process.on('unhandledRejection', fail)
    this.#process.on('uncaughtException', fail)
    if (this.#process.send) {
      this.#process.on('disconnect', () => void this.#end('the supervisor is gone', 0))
    }
    for (const component of this.#components) component.onFatal?.(fail)
  }

  async start(): Promise<void> {
    try {
      for (const component of this.#components) {
        if (this.#stopping) return
        this.#started.push(component)
        await component.start()
        this.#log.debug({ component: component.name }, 'started')
      }
      if (!this.#stopping) this.#log.info(`${this.#service} runs`)
    } catch (error) {
      this.#fail(error)
      await this.#stopping
    }
  }

  #signalled(signal: string): void {
    if (this.#stopping) {
      this.#log.warn({ signal }, 'told twice to stop: ending at once')
      this.#process.exit(1)
      return
    }
    void this.#end(signal, 0)
  }

  #fail(error: unknown): void {
    this.#log.fatal({ err: error }, `${this.#service} cannot go on`)
    void this.#end('a fatal error', 1)
  }

  #end(reason: string, code: number): Promise<void> {
    this.#stopping ??= this.#stopAll(reason, code)
    return this.#stopping
  }

  async #stopAll(reason: string, code: number): Promise<void> {
    this.#log.info({ reason }, `${this.#service} stops`)
    const limit = setTimeout(() => {
      this.#log.error({ limitMs: STOP_MS_MAX }, 'the stop took too long: ending at once')
      this.#process.exit(1)
    }, STOP_MS_MAX)
    let failures = 0
    for (const component of [...this.#started].reverse()) {
      try {
        await component.stop()
        this.#log.debug({ component: component.name }, 'stopped')
      } catch (error) {
        failures += 1
        this.#log.error({ err: error, component: component.name }, 'a component failed to stop')
      }
    }
    clearTimeout(limit)
    this.#process.exit(code || (failures > 0 ? 1 : 0))
  }
}
