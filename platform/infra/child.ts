import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { programFolders } from './config.ts'
import type { ProcessRegistry } from './processes.ts'

export interface ChildSpec {
  /** What people call it: `redis`, `payment`. */
  name: string
  command: string
  args: readonly string[]
  /** The whole environment of the child; without it the child inherits ours. */
  env?: Record<string, string | undefined>
  cwd?: string
  /** Standard output and error are appended to this file, or dropped when there is none. */
  logFile?: string
  registry?: ProcessRegistry
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface Child {
  readonly name: string
  readonly pid: number
  /** Settles when the process has ended; never rejects. */
  readonly exited: Promise<Exit>
  isAlive(): boolean
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, and SIGKILL when that was not enough within `graceMs`. Waits for the end. */
  end(options?: { graceMs?: number }): Promise<Exit>
}

export const GRACE_MS = 10_000
const LOG_TAIL_BYTES = 4_000

/** The full path of a program, or null when it is not installed. */
export function findProgram(name: string): string | null {
  for (const folder of programFolders()) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this folder; the next one may have it.
    }
  }
  return null
}

let setpriv: string | null | undefined

/**
 * util-linux's setpriv lets the kernel end a child when the process that started it is gone, even
 * by kill -9. It executes the program in its own place, so the pid stays the same. Where it is
 * missing the child outlives a killed parent until the next start finds it in the registry.
 */
function boundToParent(command: string, args: readonly string[]): [string, string[]] {
  setpriv ??= findProgram('setpriv')
  return setpriv ? [setpriv, ['--pdeathsig', 'TERM', '--', command, ...args]] : [command, [...args]]
}

function spawnLogged(spec: ChildSpec): ChildProcess {
  if (spec.logFile) mkdirSync(dirname(spec.logFile), { recursive: true })
  const log = spec.logFile ? openSync(spec.logFile, 'a', 0o600) : null
  const [command, args] = boundToParent(spec.command, spec.args)
  try {
    return spawn(command, args, {
      stdio: ['ignore', log ?? 'ignore', log ?? 'ignore'],
      // A group of its own keeps the terminal's Ctrl-C away: the parent stops its children in order.
      detached: true,
      ...(spec.cwd && { cwd: spec.cwd }),
      ...(spec.env && { env: spec.env }),
    })
  } finally {
    if (log !== null) closeSync(log)
  }
}

/**
 * Starts a child process and registers it.
 * @throws Error when the program cannot be executed.
 */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const handle = spawnLogged(spec)
  const { pid } = handle
  if (pid === undefined) {
    const cause = await new Promise<Error>((resolve) => handle.once('error', resolve))
    throw new Error(`${spec.name} cannot be started: ${cause.message}`, { cause })
  }
  spec.registry?.add(spec.name, pid)
  handle.on('error', () => {
    // Only a signal that could not be delivered comes here; the exit event tells the rest.
  })
  const exited = new Promise<Exit>((resolve) => {
    handle.once('exit', (code, signal) => {
      spec.registry?.remove(pid)
      resolve({ code, signal })
    })
  })
  const isAlive = (): boolean => handle.exitCode === null && handle.signalCode === null
  const signal = (name: NodeJS.Signals): void => {
    if (isAlive()) handle.kill(name)
  }
  return {
    name: spec.name,
    pid,
    exited,
    isAlive,
    signal,
    end: ({ graceMs = GRACE_MS } = {}) => endChild({ signal, exited }, graceMs),
  }
}

/**
 * Runs a program that prepares something and ends by itself. When `signal` aborts, it is killed
 * together with everything it has started.
 * @throws Error with the end of its log when it fails or is killed.
 */
export async function runTool(
  spec: ChildSpec & { logFile: string; signal?: AbortSignal },
): Promise<void> {
  spec.signal?.throwIfAborted()
  const tool = await startChild(spec)
  const killGroup = (): void => {
    try {
      process.kill(-tool.pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
  }
  spec.signal?.addEventListener('abort', killGroup)
  const { code, signal } = await tool.exited
  spec.signal?.removeEventListener('abort', killGroup)
  if (code === 0) return
  throw new Error(`${spec.name} ended with ${signal ?? code}\n${tailOf(spec.logFile)}`.trim())
}

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

async function endChild(child: Pick<Child, 'signal' | 'exited'>, graceMs: number): Promise<Exit> {
  child.signal('SIGTERM')
  child.signal('SIGCONT')
  const force = setTimeout(() => child.signal('SIGKILL'), graceMs)
  try {
    return await child.exited
  } finally {
    clearTimeout(force)
  }
}
