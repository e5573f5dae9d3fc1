/** The load tests from the command line: `npm run bench -- --help`. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { runBench, SCENARIOS, type Scenario } from './bench/bench.ts'
import { type Bench, openBench } from './bench/open.ts'
import { openProgress } from './bench/progress.ts'
import { serviceEnvironment } from './config.ts'
import { runGoodput } from './goodput/goodput.ts'
import type { GeneratorName } from './goodput/phase.ts'
import { goodputFigures } from './report/model.ts'
import { writeReport } from './report/write.ts'
import { SYSTEM_NAMES, type SystemName } from './systems/system.ts'

const STATUS_USAGE = 2
/** Ctrl-C, as a shell says it. */
const STATUS_INTERRUPTED = 130
const RUNS_FULL = 5

interface Options {
  quick?: boolean
  runs?: number
  plant?: 'oversell'
  system?: SystemName
  generator?: GeneratorName
  seconds: number
  warmUp: number
  buyers?: number
  audit: boolean
}

const countFrom = (least: number) => (text: string) => {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= least) return number
  throw new InvalidArgumentError(`It must be a whole number from ${least}.`)
}

const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The kernel ends the children of a process that ends, so nothing outlives the second signal.
    if (abort.signal.aborted) process.exit(STATUS_INTERRUPTED)
    console.error('\nstopping; once more to stop at once')
    abort.abort()
  })
}

const progress = openProgress((text) => process.stderr.write(text))

/** Compares the systems and writes a report. */
async function compare(bench: Bench, scenarios: readonly Scenario[]): Promise<boolean> {
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ')
  const report = await runBench(bench.context, { scenarios, command })
  const dir = writeReport(report)
  progress.say(`${report.ok ? 'all good' : 'FAILED'}; the report is in ${dir}`)
  return report.ok
}

/** One system alone, for those who tune it: prints JSON and writes no report. */
async function probe(bench: Bench, options: Options): Promise<boolean> {
  const { seconds, warmUp: warmUpS, system, generator, buyers, audit: isAuditing } = options
  const duration = { warmUpS, seconds }
  const result = await runGoodput(bench.context, {
    ...(system && { systems: [system] }),
    ...(generator && { generators: [generator] }),
    durations: { light: duration, k6: duration, ladderStepS: 4 },
    ...(buyers && { buyers }),
    isAuditing,
  })
  const { runs, crowds } = result
  console.log(JSON.stringify({ runs, crowds, ...goodputFigures(result) }, null, 2))
  return result.runs.every(({ failure, audit }) => failure === null && audit?.ok !== false)
}

async function run(named: readonly string[], options: Options): Promise<void> {
  const isProbe = options.system !== undefined || options.generator !== undefined
  const wrong = named.find((one) => !SCENARIOS.some((known) => known === one))
  if (wrong) program.error(`error: there is no scenario ${wrong}`, { exitCode: STATUS_USAGE })
  const isOneRound = options.quick || isProbe
  const all: readonly Scenario[] = options.quick ? ['goodput'] : SCENARIOS
  const bench = await openBench({
    ...{ signal: abort.signal, environment: serviceEnvironment(), progress },
    runs: options.runs ?? (isOneRound ? 1 : RUNS_FULL),
    isQuick: options.quick ?? false,
    plant: options.plant ?? null,
  })
  try {
    const scenarios = named.length > 0 ? (named as Scenario[]) : all
    const isGood = await (isProbe ? probe(bench, options) : compare(bench, scenarios))
    process.exitCode = isGood ? 0 : 1
  } catch (error) {
    if (!abort.signal.aborted) throw error
    process.exitCode = STATUS_INTERRUPTED
  } finally {
    await bench.close()
  }
}

const program = new Command('bench')
  .description('Compares Holdfast with the same services calling each other, and writes a report')
  .argument('[scenarios...]', `without any, all of: ${SCENARIOS.join(', ')}`)
  .option('--quick', 'one short round, of goodput alone unless scenarios are named')
  .option('--runs <n>', `rounds of goodput (${RUNS_FULL}; 1 with --quick)`, countFrom(1))
  .addOption(
    new Option('--plant <fault>', 'plant a fault before each audit, to see it caught').choices([
      'oversell',
    ]),
  )
  .optionsGroup('One system alone (goodput; prints JSON, writes no report):')
  .addOption(new Option('--system <name>', 'which one').choices(SYSTEM_NAMES))
  .addOption(new Option('--generator <name>', 'by whom').choices(['light', 'k6']))
  .option('--seconds <s>', 'how long to measure', countFrom(1), 20)
  .option('--warm-up <s>', 'how long to warm up', countFrom(0), 8)
  .option('--buyers <n>', 'how many; without it the best of a ladder', countFrom(1))
  .option('--no-audit', 'leaves the audit out')
  .action(run)
  .exitOverride()

try {
  await program.parseAsync()
} catch (error) {
  const { exitCode, code } = error as { exitCode?: number; code?: string }
  if (exitCode === undefined) throw error
  process.exitCode = exitCode === 0 || code === 'commander.helpDisplayed' ? 0 : STATUS_USAGE
}
