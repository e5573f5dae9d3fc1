/** The command line: what can be typed, and what it means. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { UsageError } from './cli/failure.ts'
import { Interrupt, type Io, Terminal } from './cli/terminal.ts'
import { printable } from './cli/words.ts'
import { audit } from './commands/audit.ts'
import type { Context } from './commands/context.ts'
import { discard } from './commands/discard.ts'
import { type EditOptions, edit } from './commands/edit.ts'
import { follow } from './commands/follow.ts'
import { list } from './commands/list.ts'
import { type PlanOptions, plan } from './commands/plan.ts'
import { reconcile } from './commands/reconcile.ts'
import { REPLAYABLE, type ReplayOptions, replay } from './commands/replay.ts'
import { show } from './commands/show.ts'
import { loadOperatorConfig } from './config.ts'
import { LABELS, type Label } from './labels/situation.ts'
import { Stores } from './state/stores.ts'

const VALID_FOR_S = 3_600
const RATE_PER_S = 50
const RATE_MAX = 100_000
const AUDIT_ROWS = 50
const GRACE_S = 60

/** Runs what was typed. Answers the exit status: 0 done, 1 failed, 2 typed wrongly. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    await programOf(io).parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    io.stderr.write(`${printable(error instanceof Error ? error.message : String(error))}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

type Action = (context: Context) => Promise<void>
/** Opens what a command needs, runs it and closes everything. */
type Runner = (options: { json?: boolean; yes?: boolean }, action: Action) => Promise<void>

/** Nothing is opened here: the stores are asked when a command needs them. */
const runnerOf =
  (io: Io): Runner =>
  async (options, action) => {
    const config = loadOperatorConfig(io.env)
    const isJson = options.json === true
    const terminal = new Terminal({ isJson, isYes: options.yes === true }, io)
    const interrupt = new Interrupt()
    const stores = new Stores(config)
    try {
      await action({ config, stores, terminal, interrupt })
    } finally {
      await stores.close()
      interrupt.close()
    }
  }

function programOf(io: Io): Command {
  const run = runnerOf(io)
  const program = command('holdfast', "Holdfast's operator's desk")
  const dlq = command('dlq', 'dead letters: what is stuck, what to do about it, doing it')
  const looking = [listCommand, showCommand, followCommand, auditCommand]
  const acting = [planCommand, replayCommand, editCommand, discardCommand]
  for (const one of [...looking, ...acting]) dlq.addCommand(one(run))
  const ops = command('ops', 'the system as a whole')
  ops.addCommand(reconcileCommand(run))
  program.addCommand(dlq)
  program.addCommand(ops)
  for (const one of [program, dlq, ops, ...dlq.commands, ...ops.commands]) {
    one.configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
  }
  return program
}

const command = (name: string, description: string): Command =>
  new Command(name).description(description).exitOverride().showHelpAfterError()

const json = (one: Command): Command => one.option('--json', 'print JSON for scripts')
const yes = (one: Command): Command => one.option('--yes', 'answer every question with yes')

const listCommand = (run: Runner): Command =>
  json(command('list', 'count dead letters per topic and group, with lag and outbox age')).action(
    (options: { json?: boolean }) => run(options, list),
  )

const showCommand = (run: Runner): Command =>
  json(command('show', 'show one dead letter and all that is known of its reservation'))
    .argument('<id>', 'topic.DLQ/partition/offset')
    .action((id: string, options: { json?: boolean }) =>
      run(options, (context) => show(context, id)),
    )

function filtered(one: Command): Command {
  return one
    .option('--topic <topic>', 'the topic that they failed on')
    .option('--group <group>', 'the group that gave up')
    .option('--reason <text>', 'part of the error')
    .option('--reservation <id>', 'of one reservation')
    .option('--show <id>', 'of one show')
    .option('--since <time>', 'not before: 2026-01-31T10:00:00Z, or 2h for ago')
    .option('--until <time>', 'not after')
    .option('--offset <range>', 'in each partition: 17, 17-42 or 17-')
}

const planCommand = (run: Runner): Command =>
  filtered(json(command('plan', 'say what each dead letter would do if it were replayed now')))
    .option('--limit <count>', 'so many at most', wholeNumber(1, 1_000_000_000))
    .option('-o, --output <file>', 'write the plan to a file')
    .option(
      '--valid-for <seconds>',
      'how long it is good for',
      wholeNumber(1, 604_800),
      VALID_FOR_S,
    )
    .option('--all', 'also those that were discarded, edited or parked')
    .action((options: PlanOptions & { json?: boolean; validFor: number; all?: boolean }) =>
      run(options, (context) =>
        plan(context, { ...options, validForS: options.validFor, isAll: options.all === true }),
      ),
    )

const replayCommand = (run: Runner): Command =>
  yes(json(command('replay', 'carry out a plan; safe to stop and to repeat')))
    .argument('<plan>', 'the file that plan -o has written')
    .option('--rate <perSecond>', 'records per second', wholeNumber(1, RATE_MAX), RATE_PER_S)
    .addOption(only(REPLAYABLE))
    .option('--dry-run', 'look again at every record, and send nothing')
    .action(
      (
        path: string,
        options: { json?: boolean; yes?: boolean; dryRun?: boolean; only?: Label[]; rate: number },
      ) =>
        run(options, (context) => {
          const { rate, only = null, dryRun } = options
          const replayOptions: ReplayOptions = { rate, only, isDryRun: dryRun === true }
          return replay(context, path, replayOptions)
        }),
    )

const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN
    if (number >= min && number <= max) return number
    throw new InvalidArgumentError(`a whole number from ${min} to ${max} is wanted`)
  }

const only = (allowed: readonly Label[]): Option =>
  new Option('--only <labels>', `with commas: ${allowed.join(', ')}`).argParser((text: string) =>
    text.split(',').map((part) => labelIn(part.trim(), allowed)),
  )

function labelIn(name: string, allowed: readonly Label[]): Label {
  const found = LABELS.find((label) => label === name)
  if (found && allowed.includes(found)) return found
  throw new InvalidArgumentError(
    found
      ? `records that are "${name}" cannot be replayed`
      : `there is no label "${name}"; the labels are ${LABELS.join(', ')}`,
  )
}

const followCommand = (run: Runner): Command =>
  json(command('follow', 'print new dead letters as they come')).action(
    (options: { json?: boolean }) => run(options, follow),
  )

const editCommand = (run: Runner): Command =>
  yes(json(command('edit', 'mend the payload of a dead letter in $EDITOR, and replay it')))
    .argument('<id>', 'topic.DLQ/partition/offset')
    .option('--file <file>', 'the edited payload, instead of an editor')
    .action((id: string, options: EditOptions & { json?: boolean; yes?: boolean }) =>
      run(options, (context) => edit(context, id, options)),
    )

const discardCommand = (run: Runner): Command =>
  yes(json(command('discard', 'mark the records of a plan as dealt with; they stay in Kafka')))
    .argument('<plan>', 'the file that plan -o has written')
    .addOption(only(LABELS))
    .action((path: string, options: { json?: boolean; yes?: boolean; only?: Label[] }) =>
      run(options, (context) => discard(context, path, { only: options.only ?? null })),
    )

const auditCommand = (run: Runner): Command =>
  json(command('audit', 'list who replayed, edited and discarded what, newest first'))
    .option('--limit <count>', 'so many at most', wholeNumber(1, 10_000), AUDIT_ROWS)
    .action((options: { json?: boolean; limit: number }) =>
      run(options, (context) => audit(context, options.limit)),
    )

const reconcileCommand = (run: Runner): Command =>
  yes(json(command('reconcile', 'compare what every store says, and say what disagrees')))
    .option('--fix', 'publish, for each stuck reservation, the one message that moves it forward')
    .option(
      '--grace <seconds>',
      'what changed within this time is work under way',
      wholeNumber(0, 86_400),
      GRACE_S,
    )
    .action((options: { json?: boolean; yes?: boolean; fix?: boolean; grace: number }) =>
      run(options, (context) =>
        reconcile(context, { isFixing: options.fix === true, graceS: options.grace }),
      ),
    )
