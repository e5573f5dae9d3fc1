/** The load tests from the command line: `node --import tsx loadtest/main.ts --help`. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { serviceEnvironment } from './config.ts'
import { runGoodput } from './scenarios/goodputRun.ts'
import { startHoldfast } from './systems/holdfast.ts'

const whole = (text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new InvalidArgumentError('must be a whole number')
  }
  return number
}

const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort())

const say = (line: string): void => console.error(line)

const program = new Command('loadtest')
program
  .command('goodput')
  .description('orders that one system completes per second, in a closed loop')
  .addOption(new Option('--system <name>').choices(['holdfast']).default('holdfast'))
  .addOption(new Option('--generator <name>').choices(['light']).default('light'))
  .option('--seconds <s>', 'how long to measure', whole, 20)
  .option('--warm-up <s>', 'how long to warm up', whole, 8)
  .option('--buyers <n>', 'connections, each with one request under way', whole, 256)
  .option('--wait-every <n>', 'every so-manieth order waits for its ticket', whole, 16)
  .action(async (options) => {
    const { signal } = abort
    say('starting servers and services')
    const system = await startHoldfast({ signal, environment: serviceEnvironment() })
    try {
      const figures = await runGoodput(system, {
        warmUpS: options.warmUp,
        seconds: options.seconds,
        buyers: options.buyers,
        waitEvery: options.waitEvery,
        say,
        signal,
      })
      const { holdMs, checkoutMs, ticketMs, ...rest } = figures
      const quantiles = (list: number[]) => {
        const sorted = list.toSorted((a, b) => a - b)
        return [0.5, 0.99].map((q) => Math.round(sorted[Math.floor(q * sorted.length)] ?? 0))
      }
      console.log(
        JSON.stringify(
          {
            ...rest,
            holdMs: quantiles(holdMs),
            checkoutMs: quantiles(checkoutMs),
            ticketMs: quantiles(ticketMs),
          },
          null,
          2,
        ),
      )
    } finally {
      await system.stop()
    }
  })

await program.parseAsync()
