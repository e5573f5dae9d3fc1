/**
 * What buyers see of the feed through the SDK that browsers have: k6 runs it, in a hall in which
 * everybody watches and everybody presses.
 */
import type { BenchContext, Failure } from '../bench/context.ts'
import type { FeedPlan, FeedSummary } from '../k6/plan.ts'
import { startK6 } from '../k6/run.ts'
import { openShows } from '../light/prepare.ts'
import { numberText } from '../report/format.ts'
import type { Table } from '../report/model.ts'
import type { SystemUnderTest } from '../systems/system.ts'

const WATCHERS = 50
const SEATS_PER_ROW = 20
/** Time enough for everybody to be there. */
const WARM_UP_S = 4
const SECONDS = 15
const SECONDS_QUICK = 6

export interface FanoutSdk extends FeedSummary {
  watchers: number
  /** That one watcher is told of. */
  changesPerS: number
}

/** The tokens are as many as there are watchers, or more. */
export async function measureSdk(
  context: BenchContext,
  { system, tokens }: { system: SystemUnderTest; tokens: readonly string[] },
): Promise<{ found: FanoutSdk; failures: Failure[] }> {
  const { environment, signal, isQuick } = context
  const hall = { shows: 1, rows: WATCHERS, seatsPerRow: SEATS_PER_ROW }
  const { showIds } = await openShows(system, hall)
  const seconds = isQuick ? SECONDS_QUICK : SECONDS
  const plan: Omit<FeedPlan, 'summaryFile'> = {
    ...{ http: system.http, tokens, showId: showIds[0] as string, seatsPerRow: SEATS_PER_ROW },
    ...{ watchers: WATCHERS, warmUpS: WARM_UP_S, seconds },
  }
  const k6 = await context.k6()
  const { dir } = system.stage
  const run = startK6({ k6, script: 'feed.ts', plan, dir, environment, signal })
  await run.window
  const summary = (await run.summary) as FeedSummary
  const changesPerS = summary.changes / WATCHERS / seconds
  const found = { ...summary, watchers: WATCHERS, changesPerS }
  context.progress.say(`fanout: ${tell(found)}`)
  return { found, failures: faultsOf(found) }
}

function faultsOf({ watchers, gaps, lost, failed, missing, same }: FanoutSdk): Failure[] {
  if (gaps + lost + failed + missing === 0 && same === watchers) return []
  const words =
    `of ${watchers} watchers with the SDK ${watchers - same} ended with another map than the ` +
    `server’s; ${gaps} gaps, ${lost} connections lost, ${failed} commands failed, ${missing} changes missing`
  return [{ scenario: 'fanout', system: 'holdfast', words }]
}

const tell = ({ watchers, changesPerS, commandMs, seenMs, gaps }: FanoutSdk): string =>
  `${watchers} watchers with the SDK in k6, ${numberText(changesPerS)} changes/s each: ` +
  `${numberText(commandMs?.p50 ?? Number.NaN)} / ${numberText(commandMs?.p99 ?? Number.NaN)} ms a command, ` +
  `${numberText(seenMs?.p50 ?? Number.NaN)} / ${numberText(seenMs?.p99 ?? Number.NaN)} ms until it is on ` +
  `the map (p50 / p99), ${gaps} gaps`

export const sdkTable = (found: FanoutSdk): Table => ({
  title: 'Through the SDK, in k6: everybody watches, holds and gives back over one connection',
  columns: [
    ...['watchers', 'changes/s, each', 'command p50 ms', 'p99 ms', 'on the map p50 ms', 'p99 ms'],
    ...['gaps', 'lost', 'commands failed', 'missing', 'maps as the server’s'],
  ],
  rows: [
    [
      ...[found.watchers, found.changesPerS, found.commandMs?.p50 ?? null],
      ...[found.commandMs?.p99 ?? null, found.seenMs?.p50 ?? null, found.seenMs?.p99 ?? null],
      ...[found.gaps, found.lost, found.failed, found.missing, found.same],
    ],
  ],
})
