import type { SupervisorConfig } from './config.ts'
import { parseOptions, USAGE } from './options.ts'
import { openProgress, type Terminal } from './progress.ts'
import type { ServiceSpec } from './services.ts'
import { StartError, Supervisor } from './supervisor.ts'
import { claim, release, type Workspace } from './workspace.ts'

/**
 * npm passes a terminal's Ctrl-C on to a process that the terminal has told already. Two signals
 * this close together are one.
 */
const ECHO_MS = 300

export interface RunOptions {
  args: readonly string[]
  workspace: Workspace
  services: readonly ServiceSpec[]
  loadConfig(): SupervisorConfig
  terminal: Terminal
}

function listenForSignals(supervisor: Supervisor, end: () => void): void {
  let firstAt = Number.NaN
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (Number.isNaN(firstAt)) {
        firstAt = performance.now()
        end()
      } else if (performance.now() - firstAt > ECHO_MS) {
        supervisor.killAll()
        process.exit(1)
      }
    })
  }
}

/** The command `npm start`: runs until a signal, then exits with 0; with 1 or 2 on failure. */
export async function runSupervisor(run: RunOptions): Promise<void> {
  const { workspace, services, terminal } = run
  const parsed = parseOptions(run.args)
  if (parsed.type === 'help') {
    terminal.write(USAGE)
    return
  }
  if (parsed.type === 'wrong') {
    console.error(`${parsed.problem}\n\n${USAGE}`)
    process.exit(2)
  }
  const config = run.loadConfig()
  const owner = claim(workspace)
  if (owner) {
    console.error(
      `Holdfast is running in this folder already (pid ${owner.pid}). ` +
        `Stop it with Ctrl-C in its terminal, or with: kill ${owner.pid}`,
    )
    process.exit(1)
  }

  const abort = new AbortController()
  const progress = openProgress(terminal, abort.signal)
  const { options } = parsed
  const supervisor = new Supervisor({ options, config, workspace, services, progress, abort })
  const end = async (status: number): Promise<never> => {
    await supervisor.stop()
    release(workspace)
    if (status === 0) progress.say('Everything has stopped.')
    process.exit(status)
  }
  listenForSignals(supervisor, () => {
    progress.say('Stopping (once more to stop at once) ...')
    void end(0)
  })
  // A terminal that was closed takes no more lines; the stop goes on without them.
  process.stdout.on('error', () => {})
  process.on('uncaughtException', (error) => {
    console.error(error)
    void end(1)
  })
  try {
    await supervisor.start()
  } catch (error) {
    // A stop that was asked for makes whatever was starting fail; that is no news.
    if (supervisor.isStopping) return
    const isForUser = error instanceof StartError
    console.error(`\nHoldfast did not start: ${isForUser ? error.message : describe(error)}`)
    await end(1)
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
