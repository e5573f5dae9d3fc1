/** People who look at the map of one show, by the SDK, some of them badly connected. */
import { randomInt } from 'node:crypto'
import { type Connection, connect } from '../../client/holdfast.ts'
import type { SeatMap } from '../../client/seatMap.ts'
import type { Watch } from '../../client/watch.ts'
import { LightSocket } from './lightSocket.ts'

const HELD = 1

export interface Onlooker {
  readonly connection: Connection
  readonly watch: Watch
  /** Cuts the line without a word. */
  cut(): void
  /** Stops reading what comes, until `wake`. */
  sleep(): void
  wake(): void
}

export function lookOn(http: string, showId: string): Onlooker {
  let line: LightSocket | null = null
  class Line extends LightSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols)
      line = this
    }
  }
  const connection = connect({ url: http, WebSocket: Line, retryMsMax: 1_000 })
  return {
    connection,
    watch: connection.watch(showId),
    cut: () => line?.close(),
    sleep: () => line?.pause(),
    wake: () => line?.resume(),
  }
}

const COMING_AT_ONCE = 50

/** So many people, once each of them sees the map. */
export async function gather(http: string, showId: string, count: number): Promise<Onlooker[]> {
  const crowd: Onlooker[] = []
  while (crowd.length < count) {
    const arriving = Array.from({ length: Math.min(COMING_AT_ONCE, count - crowd.length) }, () =>
      lookOn(http, showId),
    )
    await Promise.all(arriving.map(seesTheMap))
    crowd.push(...arriving)
  }
  return crowd
}

const seesTheMap = ({ watch }: Onlooker) =>
  new Promise<void>((resolve) => watch.on('state', (state) => state === 'live' && resolve()))

/** When somebody read of the first hold of each seat, in milliseconds since the epoch. */
export function readingsOf({ watch }: Onlooker): ReadonlyMap<number, number> {
  const readings = new Map<number, number>()
  watch.on('change', ({ kind, changes }) => {
    if (kind !== 'delta') return
    const nowMs = Date.now()
    for (const { index, to } of changes) {
      if (to === HELD && !readings.has(index)) readings.set(index, nowMs)
    }
  })
  return readings
}

export const packedOf = (map: SeatMap): string => Buffer.from(map.bytes).toString('base64')

/** Any of them. */
export const anyOf = <T>(all: readonly T[]): T => all[randomInt(all.length)] as T

/** The value below which `share` of the values are. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
