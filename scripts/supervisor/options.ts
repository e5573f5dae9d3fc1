import { parseArgs } from 'node:util'

export interface StartOptions {
  /** The port that the user asked for, or null when any will do. */
  port: number | null
  isSeeding: boolean
  isCleaning: boolean
}

export type ParsedOptions =
  | { type: 'start'; options: StartOptions }
  | { type: 'help' }
  | { type: 'wrong'; problem: string }

export const USAGE = `Usage: npm start [-- <options>]

Starts Redis, MariaDB, Kafka and all services of Holdfast, and stops them again on Ctrl-C.

  --port <port>  where the seat service listens (also PORT); without it 8080, or the next free one
  --no-seed      does not make the demo shows
  --clean        first wipes what earlier runs kept under .holdfast/ (data, mail, logs, keys)
  --help         prints this

REDIS_URL, KAFKA_BROKERS and MYSQL_URL name servers to use instead of starting them.
HOLDFAST_INFRA=own starts them as child processes even where Docker Compose is at hand;
HOLDFAST_INFRA=compose insists on Compose.
`

/** Reads the command line (without node and script). `--port` must be within 1 and 65,535. */
export function parseOptions(args: readonly string[]): ParsedOptions {
  let values: { port?: string; 'no-seed'?: boolean; clean?: boolean; help?: boolean }
  try {
    const options = {
      port: { type: 'string' },
      'no-seed': { type: 'boolean' },
      clean: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    } as const
    ;({ values } = parseArgs({ args: [...args], options }))
  } catch (error) {
    return { type: 'wrong', problem: (error as Error).message }
  }
  if (values.help) return { type: 'help' }
  const port = values.port === undefined ? null : Number(values.port)
  if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    return { type: 'wrong', problem: `--port must be within 1 and 65535, not ${values.port}` }
  }
  const isSeeding = values['no-seed'] !== true
  return { type: 'start', options: { port, isSeeding, isCleaning: values.clean === true } }
}
