import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type Child, type ChildSpec, type Exit, GRACE_MS, startChild } from './child.ts'
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
  /** Called after a graceful stop. */
  onStopped?(): void
}

const PROBE_EVERY_MS = 25
const PORT_ATTEMPTS_MAX = 3
const LOG_TAIL_BYTES = 4_000

/** The last lines of a log file, for error messages. */
export function tailOf(file: string | undefined): string {
  if (!file) return ''
  try {
    const fd = openSync(file, 'r')
    try {
      const { size } = fstatSync(fd)
      const buffer = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES))
      readSync(fd, buffer, 0, buffer.length, size - buffer.length)
      return buffer.toString('utf8').trim().split('\n').slice(-20).join('\n')
    } finally {
      closeSync(fd)
    }
  } catch {
    return ''
  }
}

async function waitUntilReady(
  child: Child,
  kind: ServerKind,
  port: number,
): Promise<string | null> {
  const deadline = performance.now() + kind.readyWithinMs
  let exit: Exit | null = null
  void child.exited.then((value) => {
    exit = value
  })
  while (performance.now() < deadline) {
    if (exit !== null) return `ended at once (${JSON.stringify(exit)})`
    // A refused connection is the ordinary answer of a server that is still starting.
    if (await kind.isReady(port).catch(() => false)) return null
    await pause(PROBE_EVERY_MS)
  }
  return `was not ready within ${kind.readyWithinMs} ms`
}

/**
 * Starts a server and waits until it is ready.
 * @throws Error naming the reason and the end of the log when it does not get ready.
 */
export async function startServer(
  kind: ServerKind,
  options: ServerOptions,
): Promise<RunningServer> {
  let port = options.port ?? (await freePort())
  let child: Child
  const listeners: ((exit: Exit) => void)[] = []
  let isStopping = false

  const launch = async (): Promise<Child> => {
    const { logFile, registry } = options
    const started = await startChild({
      name: kind.name,
      ...kind.launch(port),
      ...(logFile && { logFile }),
      ...(registry && { registry }),
    })
    const problem = await waitUntilReady(started, kind, port)
    if (problem !== null) {
      await started.end({ graceMs: 1_000 })
      throw new Error(`${kind.name} on port ${port} ${problem}\n${tailOf(logFile)}`.trim())
    }
    isStopping = false
    void started.exited.then((exit) => {
      if (!isStopping) for (const listener of listeners) listener(exit)
    })
    return started
  }

  for (let attempt = 1; ; attempt += 1) {
    try {
      child = await launch()
      break
    } catch (error) {
      // Somebody may have taken the port between our look and the server's; only ours may change.
      if (options.port !== undefined || attempt === PORT_ATTEMPTS_MAX) throw error
      port = await freePort()
    }
  }

  const stop = async (): Promise<void> => {
    isStopping = true
    await child.end({ graceMs: GRACE_MS })
    kind.onStopped?.()
  }
  return {
    name: kind.name,
    url: kind.urlOf(port),
    port,
    get pid() {
      return child.pid
    },
    isAlive: () => child.isAlive(),
    stop,
    async kill(signal = 'SIGKILL') {
      child.signal(signal)
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await child.exited
    },
    async restart() {
      isStopping = true
      await child.end({ graceMs: GRACE_MS })
      child = await launch()
    },
    onUnexpectedExit: (listener) => void listeners.push(listener),
  }
}
