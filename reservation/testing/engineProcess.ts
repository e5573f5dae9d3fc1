/**
 * An engine in a process of its own, for tests that kill or freeze it. The process is this very
 * file; its orders come as JSON on the command line.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { activateFailpoints } from '../../platform/failpoints.ts'
import { type Stores, startEngine } from './engine.ts'

interface Orders {
  stores: Stores
  without?: readonly string[]
  /** As FAILPOINTS has it. */
  failpoints?: string
  logLevel?: string
  shards?: number
}

export interface EngineProcess {
  readonly pid: number
  /** Resolves at its end, whatever brings that about. */
  readonly ended: Promise<unknown>
  signal(signal: NodeJS.Signals): void
  /** kill -9, and its end. */
  kill(): Promise<void>
}

/** Starts the process; resolves when all of the engine's components run. */
export async function startEngineProcess(orders: Orders): Promise<EngineProcess> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), [JSON.stringify(orders)], {
    execArgv: ['--import', 'tsx'],
  })
  const ended = once(child, 'exit')
  const first = await Promise.race([once(child, 'message'), ended.then(() => null)])
  if (first === null) throw new Error('the engine process ended before it was ready')
  return {
    pid: child.pid as number,
    ended,
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const { stores, failpoints, ...options } = JSON.parse(argv[2] as string) as Orders
  if (failpoints) activateFailpoints(failpoints)
  await startEngine(stores, options)
  // Whoever started us is gone: so are we, and nothing is left running.
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}
