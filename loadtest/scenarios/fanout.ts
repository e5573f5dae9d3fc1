/**
 * How soon a change of the map reaches those who look at it, by their number and its pace; and how
 * many can be reached, against uWebSockets.js alone.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { BenchContext } from '../bench/context.ts'
import { FeedClient } from '../light/feedClient.ts'
import { type Seat, startHoldArrivals } from '../light/holds.ts'
import { openSessions, openShows } from '../light/prepare.ts'
import { singlesOf } from '../light/seats.ts'
import { numberText } from '../report/format.ts'
import { type Distribution, distributionOf } from '../statistics/summary.ts'
import { startCpuMeter } from '../systems/cpu.ts'
import type { SystemUnderTest } from '../systems/system.ts'
import { type FanoutSdk, measureSdk, sdkTable } from './fanoutSdk.ts'
import { type FanoutShare, measureShare, shareTable } from './fanoutShare.ts'
import { failureOfAudit, onSystem, type ScenarioOutcome } from './outcome.ts'

const LEVELS = [
  { subscribers: 100, changesPerS: 100 },
  { subscribers: 1_000, changesPerS: 100 },
  { subscribers: 1_000, changesPerS: 1_000 },
  { subscribers: 3_000, changesPerS: 300 },
] as const
const HALL = { shows: 1, rows: 1_000, seatsPerRow: 100 }
const SESSIONS = 500
const SECONDS = 8
const WARM_UP_S = 2
const CONNECTING_AT_ONCE = 100
/** So many subscribers read what they are sent; all others count it. */
const READERS_MAX = 50
/** Longer than the slowest frame that is still counted. */
const SETTLING_MS = 1_000
const HELD = 1

interface Level {
  subscribers: number
  changesPerS: number
  /** From the commit in Redis until the frame was read, per change and reader. */
  latencyMs: Distribution | null
  /** Changes that a reader should have been sent and was not. */
  missing: number
  framesPerS: number
  bytesPerChange: number
  reservationCpuShare: number
  /** Connections that the server closed. */
  closed: number
  heldPerS: number
}

export async function runFanout(context: BenchContext): Promise<ScenarioOutcome> {
  context.progress.say('fanout: starting')
  const { found: share, failures } = await measureShare(context)
  const { levels, sdk } = await onSystem(context, 'holdfast', async (system) => {
    const tokens = await openSessions(system.http, SESSIONS)
    const measured: Level[] = []
    for (const level of LEVELS) {
      const found = await measure(context, system, { ...level, tokens })
      measured.push(found)
      context.progress.say(`fanout: ${tell(found)}`)
    }
    const throughSdk = await measureSdk(context, { system, tokens })
    failures.push(...throughSdk.failures)
    failures.push(...failureOfAudit('fanout', 'holdfast', await system.audit()))
    return { levels: measured, sdk: throughSdk.found }
  })
  for (const { subscribers, changesPerS, missing, closed } of levels) {
    if (missing === 0 && closed === 0) continue
    const words = `${subscribers} subscribers at ${changesPerS}/s: ${missing} changes missing, ${closed} connections closed`
    failures.push({ scenario: 'fanout', system: 'holdfast', words })
  }
  return { chapter: chapterOf(levels, share, sdk), failures }
}

interface LevelOptions {
  subscribers: number
  changesPerS: number
  tokens: readonly string[]
}

/** The moment of the commit: a version begins with the milliseconds of Redis's clock. */
const committedAt = (answer: string): number =>
  Number(/"version":"(\d+)-/.exec(answer)?.[1] ?? Number.NaN)

const indexOf = ({ seatId }: Seat): number => {
  const [, row, number] = seatId.split('-').map(Number) as [number, number, number]
  return (row - 1) * HALL.seatsPerRow + number - 1
}

async function measure(
  { signal }: BenchContext,
  system: SystemUnderTest,
  { subscribers, changesPerS, tokens }: LevelOptions,
): Promise<Level> {
  const { http } = system
  const supply = await openShows(system, HALL)
  const committed = new Map<number, number>()
  const watch = new Watch()
  await watch.subscribe(http, { showId: supply.showIds[0] as string, subscribers })
  const loop = startHoldArrivals({
    ...{ http, tokens, nextSeat: singlesOf(supply), holdsPerS: changesPerS },
    onHeld: (seat, answer) => committed.set(indexOf(seat), committedAt(answer)),
  })
  const seconds = SECONDS
  try {
    await pause(WARM_UP_S * 1_000, undefined, { signal })
    loop.reset()
    const readCpu = startCpuMeter(() => Object.values(system.services))
    const from = { ms: Date.now(), ...watch.counts() }
    await pause(seconds * 1_000, undefined, { signal })
    const until = { ms: Date.now(), ...watch.counts() }
    const cpuMs = readCpu().get('reservation') ?? 0
    const held = loop.figures.accepted
    await loop.stop()
    await pause(SETTLING_MS, undefined, { signal })
    const { latencies, missing } = watch.match(committed, { fromMs: from.ms, untilMs: until.ms })
    return {
      ...{ subscribers, changesPerS, missing, closed: watch.closed },
      latencyMs: distributionOf(latencies),
      framesPerS: (until.frames - from.frames) / seconds,
      bytesPerChange: (until.bytes - from.bytes) / subscribers / held,
      reservationCpuShare: cpuMs / (until.ms - from.ms),
      heldPerS: held / seconds,
    }
  } finally {
    await loop.stop()
    watch.close()
  }
}

/** All subscribers of a level. */
class Watch {
  closed = 0
  readonly #clients: FeedClient[] = []
  /** Of each reader: when it read of each seat. */
  readonly #reads: Map<number, number>[] = []
  #isClosing = false

  async subscribe(
    http: string,
    { showId, subscribers }: { showId: string; subscribers: number },
  ): Promise<void> {
    const every = Math.max(1, Math.floor(subscribers / READERS_MAX))
    const onClose = () => {
      if (!this.#isClosing) this.closed += 1
    }
    while (this.#clients.length < subscribers) {
      const first = this.#clients.length
      const count = Math.min(CONNECTING_AT_ONCE, subscribers - first)
      const opened = Array.from({ length: count }, (_, at) => {
        if ((first + at) % every !== 0) return FeedClient.subscribe(http, showId, { onClose })
        const reads = new Map<number, number>()
        this.#reads.push(reads)
        const onText = (text: string, atMs: number) => readInto(reads, text, atMs)
        return FeedClient.subscribe(http, showId, { onText, onClose })
      })
      this.#clients.push(...(await Promise.all(opened)))
    }
  }

  counts(): { frames: number; bytes: number } {
    return {
      frames: this.#clients.reduce((sum, client) => sum + client.frames, 0),
      bytes: this.#clients.reduce((sum, client) => sum + client.bytes, 0),
    }
  }

  /** Latencies of the changes that were committed in the window, for every reader. */
  match(
    committed: ReadonlyMap<number, number>,
    { fromMs, untilMs }: { fromMs: number; untilMs: number },
  ): { latencies: number[]; missing: number } {
    const latencies: number[] = []
    let missing = 0
    for (const [index, committedMs] of committed) {
      if (committedMs < fromMs || committedMs >= untilMs) continue
      for (const reads of this.#reads) {
        const readMs = reads.get(index)
        if (readMs === undefined) missing += 1
        else latencies.push(readMs - committedMs)
      }
    }
    return { latencies, missing }
  }

  close(): void {
    this.#isClosing = true
    for (const client of this.#clients) client.close()
  }
}

function readInto(reads: Map<number, number>, text: string, atMs: number): void {
  const frame = JSON.parse(text) as { op: string; changes?: [number, number][] }
  if (frame.op !== 'delta') return
  for (const [index, state] of frame.changes ?? []) {
    if (state === HELD && !reads.has(index)) reads.set(index, atMs)
  }
}

const tell = ({ subscribers, changesPerS, latencyMs, framesPerS }: Level): string =>
  `${subscribers} subscribers, ${changesPerS} changes/s: ${numberText(latencyMs?.p50 ?? Number.NaN)} / ` +
  `${numberText(latencyMs?.p99 ?? Number.NaN)} ms (p50 / p99), ${Math.round(framesPerS)} frames/s`

function chapterOf(
  levels: Level[],
  share: FanoutShare,
  sdk: FanoutSdk,
): ScenarioOutcome['chapter'] {
  return {
    scenario: 'fanout',
    question:
      'How soon after its commit does a change reach everybody who looks at the map, and how much ' +
      'of a bare publish loop’s speed is left?',
    method:
      'Holds at a constant rate in a hall of 100,000 seats; raw WebSocket subscribers on the same ' +
      `cores, ${READERS_MAX} of which read every frame. Changes of 50 ms travel together. Against the ` +
      'bare loop both publish the same payloads as fast as they go, Holdfast with all that leads up ' +
      'to a delta: the hold over HTTP, the script, the log.',
    tables: [
      {
        title: 'From commit to client',
        columns: [
          ...['subscribers', 'changes/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'frames/s'],
          ...['bytes per change', 'seat service, cores', 'missing', 'closed'],
        ],
        rows: levels.map((level) => [
          ...[numberText(level.subscribers), level.heldPerS, level.latencyMs?.p50 ?? null],
          ...[level.latencyMs?.p99 ?? null, level.latencyMs?.p999 ?? null, level.framesPerS],
          ...[level.bytesPerChange, level.reservationCpuShare, level.missing, level.closed],
        ]),
      },
      sdkTable(sdk),
      shareTable(share),
    ],
    charts: [],
    data: { levels, share, sdk },
    skipped: null,
  }
}
