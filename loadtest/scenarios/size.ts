/** What a hold, a look at the map and the memory cost, from small shows to large and few to many. */
import { setTimeout as pause } from 'node:timers/promises'
import { createClient, whenReady } from '../../lua/client.ts'
import type { BenchContext, Failure } from '../bench/context.ts'
import type { Seat } from '../light/holds.ts'
import { startHoldArrivals } from '../light/holds.ts'
import { holdFront, openSessions, openShows, timeSnapshots } from '../light/prepare.ts'
import type { Hall } from '../light/seats.ts'
import { numberText } from '../report/format.ts'
import type { Table } from '../report/model.ts'
import { quantileOf, type Summary, summaryOf } from '../statistics/summary.ts'
import { residentBytesOf, startCpuMeter } from '../systems/cpu.ts'
import type { SystemUnderTest } from '../systems/system.ts'
import { onSystem, type ScenarioOutcome } from './outcome.ts'

const SEATS_PER_ROW = 100
const SIZES = [1_000, 10_000, 50_000, 200_000] as const
const COUNTS = [1, 10, 100, 1_000] as const
const SEATS_OF_MANY = 1_000
const PASSES = 3
const SESSIONS = 500
/** A hold lasts longer than the scenario, so that no expiry comes between. */
const POLICY = { holdTtlMs: 3_600_000, seatsPerHoldMax: 1_000 }
/** Low enough for small machines to stay far from their limit. */
const CYCLES_PER_S = 500
const SNAPSHOTS = 1_000
const SETTLING_MS = 1_000
const READY_WITHIN_MS = 5_000
const MIB = 2 ** 20
/** The processes that work on a hold; the others only idle, and would hide its growth. */
const WORKERS: ReadonlySet<string> = new Set(['redis', 'reservation'])

interface Place {
  name: string
  seats: number
  shows: number
  nextSeat: () => Seat
  showId: string
}

interface SizeFigures {
  seats: number
  shows: number
  /** CPU of Redis and the seat service for one hold and its release. */
  cpuMsPerHold: Summary
  holdP99Ms: number
  /** The first look may have to load the map. */
  snapshot: { bytes: number; firstMs: number; p50Ms: number; cpuMs: number }
  redisMib: number
  reservationMib: number
}

export async function runSize(context: BenchContext): Promise<ScenarioOutcome> {
  context.progress.say('size: starting')
  const failures: Failure[] = []
  const bySeats = await onSystem(context, 'holdfast', (system) =>
    measure(context, system, { halls: SIZES.map((seats) => hallOf(seats, 1)), failures }),
  )
  const byShows = await onSystem(context, 'holdfast', (system) =>
    measure(context, system, { halls: COUNTS.map((one) => hallOf(SEATS_OF_MANY, one)), failures }),
  )
  return { chapter: chapterOf(bySeats, byShows), failures }
}

const hallOf = (seats: number, shows: number): Hall => ({
  shows,
  rows: seats / SEATS_PER_ROW,
  seatsPerRow: SEATS_PER_ROW,
})

const seatIdAt = (index: number): string =>
  `A-${Math.floor(index / SEATS_PER_ROW) + 1}-${(index % SEATS_PER_ROW) + 1}`

/** Opens the shows of a hall and holds the front half of each, as in the middle of a sale. */
async function open(
  system: SystemUnderTest,
  tokens: readonly string[],
  hall: Hall,
): Promise<Place> {
  const { showIds } = await openShows(system, hall, POLICY)
  const seats = hall.rows * SEATS_PER_ROW
  const half = seats / 2
  const seatIds = Array.from({ length: half }, (_, at) => seatIdAt(at))
  for (const [at, showId] of showIds.entries()) {
    await holdFront(system.http, { tokens, showId, seatIds, turn: at })
  }
  let turn = 0
  const nextSeat = (): Seat => {
    turn += 1
    const showId = showIds[turn % showIds.length] as string
    // A stride without a common divisor visits the whole back half.
    const index = half + ((Math.floor(turn / showIds.length) * 37) % half)
    return { showId, seatId: seatIdAt(index) }
  }
  const name = `${numberText(seats)} seats × ${numberText(hall.shows)}`
  return { name, seats, shows: hall.shows, nextSeat, showId: showIds[0] as string }
}

async function measure(
  context: BenchContext,
  system: SystemUnderTest,
  { halls, failures }: { halls: readonly Hall[]; failures: Failure[] },
): Promise<SizeFigures[]> {
  const tokens = await openSessions(system.http, SESSIONS)
  const places: Place[] = []
  const memory: Pick<SizeFigures, 'redisMib' | 'reservationMib'>[] = []
  for (const hall of halls) {
    const place = await open(system, tokens, hall)
    places.push(place)
    await holdOften(context, system, { tokens, place, seconds: 2 })
    memory.push(await memoryOf(system))
    context.progress.say(`size: ${place.name} opened`)
  }
  const passes = context.isQuick ? 1 : PASSES
  const rounds: Cycles[][] = places.map(() => [])
  for (let pass = 0; pass < passes; pass += 1) {
    for (const [at, place] of places.entries()) {
      const cycles = await holdOften(context, system, {
        tokens,
        place,
        seconds: context.isQuick ? 3 : 6,
      })
      rounds[at]?.push(cycles)
      if (cycles.failed > 0) {
        const words = `${cycles.failed} holds of ${place.name} failed`
        failures.push({ scenario: 'size', system: 'holdfast', words })
      }
    }
  }
  const figures: SizeFigures[] = []
  for (const [at, { name, seats, shows, showId }] of places.entries()) {
    const own = rounds[at] as Cycles[]
    const cpuMsPerHold = summaryOf(own.map((one) => one.cpuMsPerHold))
    const holdP99Ms = summaryOf(own.map((one) => one.holdP99Ms)).median
    const snapshot = await look(system, showId)
    context.progress.say(`size: ${name}: ${numberText(cpuMsPerHold.median)} ms of CPU per hold`)
    figures.push({
      seats,
      shows,
      cpuMsPerHold,
      holdP99Ms,
      snapshot,
      ...(memory[at] as (typeof memory)[0]),
    })
  }
  return figures
}

interface Cycles {
  cpuMsPerHold: number
  holdP99Ms: number
  failed: number
}

const workersOf = (system: SystemUnderTest) => () =>
  [...Object.values(system.stage.servers), ...Object.values(system.services)].filter(({ name }) =>
    WORKERS.has(name),
  )

async function holdOften(
  { signal }: BenchContext,
  system: SystemUnderTest,
  one: { tokens: readonly string[]; place: Place; seconds: number },
): Promise<Cycles> {
  const { tokens, place, seconds } = one
  const { http } = system
  const options = { http, tokens, nextSeat: place.nextSeat, holdsPerS: CYCLES_PER_S }
  const loop = startHoldArrivals({ ...options, isReleasing: true })
  try {
    await pause(SETTLING_MS, undefined, { signal })
    loop.reset()
    const readCpu = startCpuMeter(workersOf(system))
    await pause(seconds * 1_000, undefined, { signal })
    const cpuMs = [...readCpu().values()].reduce((a, b) => a + b, 0)
    const { accepted, holdMs, failures } = loop.figures
    const failed = [...failures.values()].reduce((a, b) => a + b, 0)
    return { cpuMsPerHold: cpuMs / accepted, holdP99Ms: quantileOf(holdMs, 0.99), failed }
  } finally {
    await loop.stop()
  }
}

async function look(system: SystemUnderTest, showId: string): Promise<SizeFigures['snapshot']> {
  const first = await timeSnapshots(system.http, { showId, count: 1 })
  const readCpu = startCpuMeter(workersOf(system))
  const { bytes, times } = await timeSnapshots(system.http, { showId, count: SNAPSHOTS })
  const cpuMs = [...readCpu().values()].reduce((a, b) => a + b, 0)
  const [firstMs = Number.NaN] = first.times
  return { bytes, firstMs, p50Ms: quantileOf(times, 0.5), cpuMs: cpuMs / SNAPSHOTS }
}

async function memoryOf({ stage, services }: SystemUnderTest) {
  const client = createClient({ url: stage.urlOf('redis'), name: 'bench' })
  try {
    await whenReady(client, READY_WITHIN_MS)
    const used = /used_memory:(\d+)/.exec(String(await client.info('memory')))?.[1]
    const resident = residentBytesOf(services.reservation?.pid ?? 0)
    return { redisMib: Number(used ?? 0) / MIB, reservationMib: resident / MIB }
  } finally {
    client.disconnect()
  }
}

function chapterOf(
  bySeats: readonly SizeFigures[],
  byShows: readonly SizeFigures[],
): ScenarioOutcome['chapter'] {
  return {
    scenario: 'size',
    question: 'Does a hold cost more in a stadium than in a club, or in a city full of shows?',
    method:
      `Open model, ${CYCLES_PER_S} holds a second, each given back at once, in halls whose front ` +
      'half is held; CPU of Redis and the seat service together, medians of alternating passes.',
    tables: [tableOf('One show, by its seats', bySeats), tableOf('Shows of 1,000 seats', byShows)],
    charts: [],
    data: { bySeats, byShows },
    skipped: null,
  }
}

function tableOf(title: string, figures: readonly SizeFigures[]): Table {
  const least = figures[0]?.cpuMsPerHold.median ?? Number.NaN
  return {
    title,
    columns: [
      ...['seats', 'shows', 'CPU ms per hold', 'against the smallest', 'hold p99 ms', 'map bytes'],
      ...['first look ms', 'map p50 ms', 'map CPU ms', 'Redis MiB', 'seat service MiB'],
    ],
    rows: figures.map((one) => [
      ...[numberText(one.seats), one.shows, one.cpuMsPerHold.median],
      `${numberText(one.cpuMsPerHold.median / least)}×`,
      ...[
        one.holdP99Ms,
        one.snapshot.bytes,
        one.snapshot.firstMs,
        one.snapshot.p50Ms,
        one.snapshot.cpuMs,
      ],
      ...[one.redisMib, one.reservationMib],
    ]),
  }
}
