/** What `npm run demo` does: finds or starts a system, plays the scenes and says how it went. */
import { randomBytes } from 'node:crypto'
import { TOPICS } from '../../contracts/topics.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { followTopics } from '../../platform/kafka/follow.ts'
import { createLog } from '../../platform/log.ts'
import { Hops } from './hops.ts'
import { settle } from './ledger.ts'
import { SCENES, SEATS_AT_THE_END } from './scenes.ts'
import { type RunningSystem, Stage } from './stage.ts'
import { SystemFinder, type SystemPlace } from './system.ts'

const HELP = `npm run demo

Buys seats from a running system (npm start), or from one that it starts and stops itself:
a purchase, a declined card, a forgotten hold, and a late payment both ways. Prints every
message of each with its milliseconds, the seat counts, and the ledger of the provider.

Exit status: 0 when everything is as it should be, 1 otherwise, 2 for unknown arguments.
`

/** Short enough to watch, long enough for a slow machine to pay in time. */
const POLICY = { holdTtlMs: 1_500, paymentWindowMs: 1_500 }

async function play(system: RunningSystem): Promise<readonly string[]> {
  const hops = new Hops()
  const connection = new KafkaConnection({
    brokers: system.kafkaBrokers,
    clientId: 'demo',
    log: createLog('demo', 'silent'),
  })
  const onMessage = hops.note.bind(hops)
  const following = await followTopics({ connection, topics: TOPICS, onMessage })
  try {
    const stage = new Stage({ system, hops, showId: `demo-${randomBytes(4).toString('hex')}` })
    await stage.open(POLICY)
    for (const [at, scene] of SCENES.entries()) {
      process.stdout.write(`\n${at + 1}. ${scene.title}\n`)
      await scene.play(stage)
    }
    await reckon(stage)
    return stage.complaints()
  } finally {
    await following.stop()
  }
}

async function reckon(stage: Stage): Promise<void> {
  process.stdout.write('\nSeats\n')
  const { total, free, held, sold, blocked } = await stage.seats()
  const counts = { total, free, held, sold, blocked }
  const words = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
  stage.say(words.join(', '))
  stage.expect(
    JSON.stringify(counts) === JSON.stringify(SEATS_AT_THE_END),
    `the seats should be ${JSON.stringify(SEATS_AT_THE_END)}`,
  )
  process.stdout.write("\nLedger, by the provider's own record\n")
  await settle(stage)
}

/**
 * The command: answers its exit status. Ctrl-C ends the process with status 1, once the system that
 * the demo has started is down.
 */
export async function runDemo(args: readonly string[], place: SystemPlace): Promise<number> {
  if (args.length > 0) {
    const isHelp = args[0] === '--help' || args[0] === '-h'
    const output = isHelp ? process.stdout : process.stderr
    output.write(isHelp ? HELP : `unknown argument: ${args[0]}\n\n${HELP}`)
    return isHelp ? 0 : 2
  }
  const found = new SystemFinder(place)
  let isInterrupted = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      isInterrupted = true
      void found.leave().finally(() => process.exit(1))
    })
  }
  try {
    const complaints = await play(await found.findOrStart())
    process.stdout.write(
      complaints.length > 0 ? '\nNot everything is right.\n' : '\nAll is well.\n',
    )
    return complaints.length > 0 ? 1 : 0
  } catch (error) {
    // What was being played fails when its system stops; that is no news then.
    if (!isInterrupted) process.stderr.write(`\nThe demo failed: ${(error as Error).message}\n`)
    return 1
  } finally {
    await found.leave()
  }
}
