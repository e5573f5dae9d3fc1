import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SeatMapChange, SeatState } from '../seatmap/types.ts'
import { Ring } from './ring.ts'

const SEATS = 12
const ROOMY = { changesMax: 1_000, versionsMax: 1_000 }

/** One change of the log, as seats and states. */
type Entry = readonly (readonly [seat: number, state: SeatState])[]
const entries = fc.array(
  fc.array(fc.tuple(fc.nat(SEATS - 1), fc.integer({ min: 0, max: 3 }) as fc.Arbitrary<SeatState>), {
    maxLength: 4,
  }),
  { maxLength: 30 },
)

const version = (number: number) => `${number}-0`

/** The map at every version: version 0 is all free. */
function mapsOf(all: readonly Entry[]): number[][] {
  const maps: number[][] = [Array.from({ length: SEATS }, () => 0)]
  for (const entry of all) {
    const map = [...(maps.at(-1) as number[])]
    for (const [seat, state] of entry) map[seat] = state
    maps.push(map)
  }
  return maps
}

/** Entries `from` up to `to` as one link of the chain. */
function linkOf(all: readonly Entry[], from: number, to: number): SeatMapChange {
  const states = new Map<number, SeatState>()
  for (const entry of all.slice(from, to))
    for (const [seat, state] of entry) states.set(seat, state)
  const passed = Array.from({ length: to - from }, (_, n) => version(from + n + 1))
  return { prev: version(from), version: version(to), changes: [...states], passed }
}

/** Cuts the entries into links of these lengths. */
function linksOf(all: readonly Entry[], lengths: readonly number[]): SeatMapChange[] {
  const links: SeatMapChange[] = []
  let at = 0
  for (const length of lengths) {
    if (at === all.length) break
    const to = Math.min(all.length, at + length)
    links.push(linkOf(all, at, to))
    at = to
  }
  if (at < all.length) links.push(linkOf(all, at, all.length))
  return links
}

const seatsOf = (entry: Entry): number => new Set(entry.map(([seat]) => seat)).size

const applied = (map: readonly number[], ring: Ring, from: number): number[] | null => {
  const changes = ring.changesSince(version(from))
  if (!changes) return null
  const copy = [...map]
  for (const [seat, state] of changes) copy[seat] = state
  expect(new Set(changes.map(([seat]) => seat)).size).toBe(changes.length)
  return copy
}

const lengths = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 30 })

describe('the ring', () => {
  it('leads from every version to the newest, also from within a link', () => {
    fc.assert(
      fc.property(entries, lengths, (all, cuts) => {
        const ring = new Ring({ version: version(0), ...ROOMY })
        for (const link of linksOf(all, cuts)) ring.append(link)
        const maps = mapsOf(all)
        for (const [number, map] of maps.entries())
          expect(applied(map, ring, number)).toEqual(maps.at(-1))
      }),
    )
  })

  it('leads from what the log told of earlier, too', () => {
    fc.assert(
      fc.property(entries, lengths, fc.nat(30), (all, cuts, split) => {
        const start = Math.min(split, all.length)
        const ring = new Ring({ version: version(start), ...ROOMY })
        const later = linksOf(all.slice(start), cuts).map((link) => shifted(link, start))
        for (const link of later) ring.append(link)
        const older = Array.from({ length: start }, (_, n) => linkOf(all, n, n + 1))
        ring.prepend(older.reverse())
        const maps = mapsOf(all)
        for (const [number, map] of maps.entries())
          expect(applied(map, ring, number)).toEqual(maps.at(-1))
      }),
    )
  })

  it('leads right from as far back as its limit, and from further back not at all', () => {
    fc.assert(
      fc.property(entries, fc.nat(20), (all, changesMax) => {
        const ring = new Ring({ version: version(0), changesMax, versionsMax: 1_000 })
        for (const number of all.keys()) ring.append(linkOf(all, number, number + 1))
        const maps = mapsOf(all)
        for (const [number, map] of maps.entries()) {
          const missed = all.slice(number).reduce((sum, entry) => sum + seatsOf(entry), 0)
          const isNear = missed <= changesMax
          expect(applied(map, ring, number)).toEqual(isNear ? maps.at(-1) : null)
        }
      }),
    )
  })

  it('keeps the newest when there are too many changes, or too many versions', () => {
    const one = (number: number): SeatMapChange => ({
      prev: version(number - 1),
      version: version(number),
      changes: [[number, 1]],
      passed: [version(number)],
    })
    for (const limits of [
      { changesMax: 3, versionsMax: 1_000 },
      { changesMax: 1_000, versionsMax: 3 },
    ]) {
      const ring = new Ring({ version: version(0), ...limits })
      for (let number = 1; number <= 10; number++) ring.append(one(number))
      expect([ring.start, ring.version, ring.isFull]).toEqual([version(7), version(10), true])
      expect(ring.changesSince(version(7))).toHaveLength(3)
      expect(ring.changesSince(version(6))).toBe(null)
    }
  })

  it('does not know versions that never were', () => {
    const ring = new Ring({ version: version(5), ...ROOMY })
    for (const stranger of [version(4), version(6), '', 'x']) {
      expect(ring.changesSince(stranger)).toBe(null)
    }
  })

  it('takes nothing that does not follow', () => {
    const ring = new Ring({ version: version(5), ...ROOMY })
    const stray = { prev: version(6), version: version(7), changes: [], passed: [version(7)] }
    expect(() => ring.append(stray)).toThrow(TypeError)
    ring.prepend([stray])
    expect([ring.start, ring.version]).toEqual([version(5), version(5)])
  })
})

function shifted(link: SeatMapChange, by: number): SeatMapChange {
  const move = (one: string) => version(Number(one.split('-')[0]) + by)
  return {
    ...link,
    prev: move(link.prev),
    version: move(link.version),
    passed: link.passed.map(move),
  }
}
