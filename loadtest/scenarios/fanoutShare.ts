/**
 * How much of what uWebSockets.js can publish is left when Holdfast publishes: the same payloads to
 * as many subscribers, by a bare loop on the same machine in the same run. Both are driven as fast
 * as they go, in turns.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { AudienceAnswer, AudienceOrder } from '../bare/audience.ts'
import type { PublisherAnswer, PublisherOrder } from '../bare/publisher.ts'
import type { BenchContext, Failure } from '../bench/context.ts'
import { ChildProgram } from '../light/childProgram.ts'
import { FeedClient } from '../light/feedClient.ts'
import { startHoldLoop } from '../light/holds.ts'
import { openSessions, openShows } from '../light/prepare.ts'
import { type SeatSupply, singlesOf } from '../light/seats.ts'
import { numberText, percentText } from '../report/format.ts'
import type { Table } from '../report/model.ts'
import { ratioOf, type Summary } from '../statistics/summary.ts'
import type { SystemUnderTest } from '../systems/system.ts'
import { failureOfAudit, onSystem } from './outcome.ts'

const SHARE_MIN = 0.7
const SUBSCRIBERS = 2_000
const HALL = { shows: 1, rows: 1_000, seatsPerRow: 100 }
const SESSIONS = 500
/** Enough that a change is always on its way. */
const BUYERS = 8
/** A delta may follow upon another at once, or the clock would be what is measured. */
const TICK_MS = 1
const ROUNDS = 3
const SECONDS = 5
const SECONDS_QUICK = 3
const WARM_UP_MS = 1_000
const PAYLOADS_MAX = 50_000
/** What was sent last is read by then. */
const SETTLING_MS = 500

type Audience = ChildProgram<AudienceOrder, AudienceAnswer>
type Publisher = ChildProgram<PublisherOrder, PublisherAnswer>

const programOf = (name: string): URL => new URL(`../bare/${name}`, import.meta.url)

interface Reached {
  framesPerS: number
  bytesPerFrame: number
}

export interface FanoutShare {
  subscribers: number
  holdfast: Reached[]
  bare: Reached[]
  /** Connections that ended of themselves. */
  lost: number
  share: Summary
}

/** Measures in rounds, Holdfast first; what it published is what the bare loop publishes then. */
export async function measureShare(
  context: BenchContext,
): Promise<{ found: FanoutShare; failures: Failure[] }> {
  const { environment } = context
  const options = { env: environment }
  const audience: Audience = new ChildProgram(programOf('audience.ts'), options)
  const publisher: Publisher = new ChildProgram(programOf('publisher.ts'), options)
  try {
    const { port } = await publisher.next('listening')
    const work = async (system: SystemUnderTest) => {
      const found = await inRounds(context, { system, audience, publisher, port })
      return { found, audit: await system.audit() }
    }
    const settings = { FEED_TICK_MS: String(TICK_MS) }
    const { found, audit } = await onSystem(context, 'holdfast', work, settings)
    context.progress.say(`fanout: ${tell(found)}`)
    return { found, failures: [...failureOfAudit('fanout', 'holdfast', audit), ...faultsOf(found)] }
  } finally {
    await Promise.all([audience.end(), publisher.end()])
  }
}

interface Parties {
  system: SystemUnderTest
  audience: Audience
  publisher: Publisher
  port: number
}

async function inRounds(context: BenchContext, parties: Parties): Promise<FanoutShare> {
  const { system, audience, port } = parties
  const tokens = await openSessions(system.http, SESSIONS)
  const supply = await openShows(system, HALL)
  const showId = supply.showIds[0] as string
  const gather = (http: string) =>
    audience.ask({ type: 'gather', http, showId, count: SUBSCRIBERS }, 'gathered')
  const holdfast: Reached[] = []
  const bare: Reached[] = []
  const rounds = context.isQuick ? 1 : ROUNDS
  for (let round = 0; round < rounds; round += 1) {
    await gather(system.http)
    const { reached, payloads } = await driveHoldfast(context, { ...parties, tokens, supply })
    holdfast.push(reached)
    await audience.ask({ type: 'leave' }, 'left')
    await gather(`http://127.0.0.1:${port}`)
    bare.push(await driveBare(context, { ...parties, payloads }))
    await audience.ask({ type: 'leave' }, 'left')
  }
  const { lost } = await audience.ask({ type: 'count' }, 'counted')
  const rates = (of: Reached[]) => of.map(({ framesPerS }) => framesPerS)
  const share = ratioOf(rates(holdfast), rates(bare))
  return { subscribers: SUBSCRIBERS, holdfast, bare, lost, share }
}

async function driveHoldfast(
  context: BenchContext,
  { system, audience, tokens, supply }: Parties & { tokens: string[]; supply: SeatSupply },
): Promise<{ reached: Reached; payloads: string[] }> {
  const payloads: string[] = []
  const onText = (text: string) => {
    if (text.startsWith('{"op":"delta"') && payloads.length < PAYLOADS_MAX) payloads.push(text)
  }
  const { http } = system
  const [showId] = supply.showIds as [string]
  const reader = await FeedClient.subscribe(http, showId, { onText, onClose: () => {} })
  const loop = startHoldLoop({ http, tokens, nextSeat: singlesOf(supply), buyers: BUYERS })
  try {
    await pause(WARM_UP_MS, undefined, { signal: context.signal })
    return { reached: await reachedWithin(context, audience), payloads }
  } finally {
    await loop.stop()
    await pause(SETTLING_MS)
    reader.close()
  }
}

async function driveBare(
  context: BenchContext,
  { audience, publisher, payloads }: Parties & { payloads: readonly string[] },
): Promise<Reached> {
  await publisher.ask({ type: 'take', payloads }, 'taken')
  const forMs = 2 * WARM_UP_MS + secondsOf(context) * 1_000
  const publishing = publisher.ask({ type: 'publish', forMs }, 'published')
  await pause(WARM_UP_MS, undefined, { signal: context.signal })
  const reached = await reachedWithin(context, audience)
  await publishing
  await pause(SETTLING_MS)
  return reached
}

const secondsOf = ({ isQuick }: BenchContext): number => (isQuick ? SECONDS_QUICK : SECONDS)

async function reachedWithin(context: BenchContext, audience: Audience): Promise<Reached> {
  const from = await audience.ask({ type: 'count' }, 'counted')
  await pause(secondsOf(context) * 1_000, undefined, { signal: context.signal })
  const until = await audience.ask({ type: 'count' }, 'counted')
  const frames = until.frames - from.frames
  return {
    framesPerS: (frames / (until.atMs - from.atMs)) * 1_000,
    bytesPerFrame: (until.bytes - from.bytes) / frames,
  }
}

function faultsOf({ share, lost }: FanoutShare): Failure[] {
  const fault = (words: string): Failure => ({ scenario: 'fanout', system: 'holdfast', words })
  const isSlow = share.median < SHARE_MIN
  return [
    ...(isSlow ? [fault(`${percentText(share.median)} of a bare loop's frames are reached`)] : []),
    ...(lost > 0 ? [fault(`${lost} connections were closed while frames were counted`)] : []),
  ]
}

const middle = (of: readonly Reached[]): number =>
  of.map(({ framesPerS }) => framesPerS).toSorted((a, b) => a - b)[of.length >> 1] as number

const tell = ({ subscribers, holdfast, bare, share, lost }: FanoutShare): string =>
  `${subscribers} subscribers: ${numberText(middle(holdfast))} frames/s, a bare publish loop ` +
  `${numberText(middle(bare))}: ${percentText(share.median)} (${lost} closed)`

export const shareTable = ({ subscribers, holdfast, bare, share }: FanoutShare): Table => ({
  title: `Against uWebSockets.js alone, ${numberText(subscribers)} subscribers, driven to the limit`,
  columns: ['round', 'Holdfast, frames/s', 'bytes', 'bare, frames/s', 'bytes', 'share'],
  rows: [
    ...holdfast.map((ours, at) => {
      const theirs = bare[at] as Reached
      return [
        ...[at + 1, ours.framesPerS, ours.bytesPerFrame, theirs.framesPerS, theirs.bytesPerFrame],
        percentText(ours.framesPerS / theirs.framesPerS),
      ]
    }),
    ['median', null, null, null, null, percentText(share.median)],
  ],
})
