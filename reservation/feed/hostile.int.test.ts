/** Whatever is thrown at the feed, who behaves is served as if nothing were. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLOSE_CODES } from '../../contracts/feed.ts'
import type { Session, Show } from '../../contracts/http.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { type Edge, guest, holdOf, newKey, startEdge } from '../testing/edge.ts'
import { mapFrom, rowOf, seatAt, type Tap, tap } from '../testing/feedTap.ts'

const SEATS = 400
/** 1006: cut off, as beyond 64 KiB in one message. */
const CLOSES: readonly number[] = [...Object.values(CLOSE_CODES), 1000, 1006, 1009]

let edge: Edge
let show: Show
let victim: Session
let attacker: Session

beforeAll(async () => {
  edge = await startEdge()
  show = await rowOf(edge, SEATS)
  victim = await guest(edge)
  attacker = await guest(edge)
})
afterAll(() => edge.stop())

const versions = fc.oneof(
  fc.constantFrom('', '0-0', '1-1', '999999999999999-0', '-1--1', '٣-٣', 'NaN', '1e9-1', '0x1-0'),
  fc.string({ maxLength: 80 }),
  fc.tuple(fc.nat(), fc.nat()).map(([ms, turn]) => `${ms}-${turn}`),
)
const anyId = () => fc.oneof(fc.constant(show.showId), fc.string({ maxLength: 40 }))
const commandOps = fc.constantFrom('hold', 'release', 'extend', 'checkout', 'find', 'subscribe')

/** What makes sense in part, what makes none, and what is no text at all. */
const hostile = (stolen: string): fc.Arbitrary<string | Uint8Array<ArrayBuffer>> =>
  fc.oneof(
    fc.record({ op: fc.constant('subscribe'), showId: anyId(), since: versions }).map(textOf),
    fc.record({ op: fc.constant('unsubscribe'), showId: anyId() }).map(textOf),
    fc
      .record({
        op: commandOps,
        id: fc.string({ maxLength: 70 }),
        reservationId: fc.constantFrom(stolen, `${stolen}x`, '', '__proto__'),
        showId: anyId(),
        seatIds: fc.array(fc.string({ maxLength: 12 }), { maxLength: 4 }),
        payment: fc.anything(),
      })
      .map(textOf),
    fc.json(),
    fc.string(),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes)),
  )

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))

const isPong = ({ op }: { op: string }) => op === 'pong'

async function throwAt(frames: readonly (string | Uint8Array<ArrayBuffer>)[]): Promise<Tap> {
  const one = await tap(edge, attacker)
  for (const frame of frames) {
    if (one.closeCode === null) one.socket.send(frame)
  }
  return one
}

describe('a feed that is attacked', () => {
  it('closes with what is documented, tells nothing of others, and serves on', async () => {
    const held = await holdOf(edge, show.showId, victim.token, [seatAt(1)])
    const watcher = await tap(edge)
    await watcher.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
    const attacks = fc.array(hostile(held.reservationId), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(attacks, async (frames) => {
        const one = await throwAt(frames)
        if (one.closeCode === null) one.send({ op: 'ping' })
        await waitFor('an answer, or the end', () => one.closeCode ?? one.frames.some(isPong))
        if (one.closeCode !== null) expect(CLOSES).toContain(one.closeCode)
        expect(textOf(one.frames)).not.toContain(victim.customerId)
        await one.close()
      }),
      { numRuns: 150 },
    )
    const { version } = await holdOf(edge, show.showId, victim.token, [seatAt(2)])
    await waitFor('the change', () => mapFrom(watcher.frames).version === version)
    const own = await tap(edge, victim)
    const found = { op: 'find', id: newKey(), reservationId: held.reservationId }
    expect((await own.ask(found, 'reservation')).reservation.status).toBe('held')
    await Promise.all([own.close(), watcher.close()])
  })

  it('counts who follows right, through storms of subscriptions, and gaps nobody', async () => {
    const { showId } = show
    const followers = async () =>
      /^holdfast_feed_subscriptions (\d+)/m.exec(await edge.metrics.registry.metrics())?.[1]
    await waitFor('nobody to follow', async () => (await followers()) === '0')
    const crowd = await Promise.all(Array.from({ length: 20 }, () => tap(edge)))
    const since = '1-1'
    for (let seat = 10; seat < 40; seat++) {
      for (const [at, one] of crowd.entries()) {
        one.send({ op: 'subscribe', showId, ...((seat + at) % 3 === 0 && { since }) })
        if ((seat + at) % 2 === 0) one.send({ op: 'unsubscribe', showId })
      }
      await holdOf(edge, showId, (await guest(edge)).token, [seatAt(seat)])
    }
    const last = await Promise.all(
      crowd.map((one) => one.ask({ op: 'subscribe', showId }, 'snapshot')),
    )
    expect(await followers()).toBe('20')
    const { version } = await holdOf(edge, showId, victim.token, [seatAt(50)])
    const after = (one: Tap, at: number) => one.frames.slice(one.frames.indexOf(last[at]!))
    await waitFor('the last change, everywhere', () =>
      crowd.every((one, at) => mapFrom(after(one, at)).version === version),
    )
    await Promise.all(crowd.map((one) => one.close()))
    await waitFor('nobody to follow', async () => (await followers()) === '0')
  })
})
