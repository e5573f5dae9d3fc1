import fc from 'fast-check'
import { WebSocket } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Session, Show } from '../contracts/http.ts'
import { keysOf } from '../lua/keys.ts'
import { waitFor } from '../platform/testing/infra.ts'
import {
  call,
  cancel,
  checkOutOf,
  type Edge,
  guest,
  holdOf,
  newKey,
  newShow,
  startEdge,
} from '../reservation/testing/edge.ts'
import { rowOf, seatAt } from '../reservation/testing/feedTap.ts'
import { type Relay, startRelay } from '../reservation/testing/relay.ts'
import { type Connection, type ConnectOptions, connect, type MapChange } from './holdfast.ts'
import { textOf, truthOf } from './testing/truth.ts'

/** Attempts in quick succession: these tests wait for them. */
const QUICK = { WebSocket, retryMsMax: 40 }

let edge: Edge
let relay: Relay
let buyer: Session
const open: Connection[] = []

beforeAll(async () => {
  edge = await startEdge()
  relay = await startRelay(edge.url)
  buyer = await guest(edge)
})
afterAll(async () => {
  await relay.stop()
  await edge.stop()
})
afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

function opened(options: Partial<ConnectOptions> = {}): Connection {
  const one = connect({ url: relay.url, ...QUICK, ...options })
  open.push(one)
  return one
}

const isOpen = (one: Connection) => waitFor('the connection', () => one.state.type === 'open')
const book = (showId: string, key: string, seats: number[]) =>
  edge.booking.hold({ customerId: buyer.customerId, showId, key, seatIds: seats.map(seatAt) })

type Step = readonly ['hold' | 'release' | 'cut' | 'ask' | 'pause', number]
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(
    fc.constantFrom<Step[0]>('hold', 'hold', 'hold', 'release', 'release', 'cut', 'ask', 'pause'),
    fc.nat(1_000),
  ),
  { minLength: 5, maxLength: 40 },
)

async function walk(show: Show, one: Connection, all: readonly Step[]): Promise<void> {
  const held: string[] = []
  for (const [verb, pick] of all) {
    if (verb === 'hold') {
      const outcome = await book(show.showId, newKey(), [1 + (pick % 30)])
      if (outcome.type === 'done') held.push(outcome.value.reservationId)
    } else if (verb === 'release' && held.length > 0) {
      const [reservationId] = held.splice(pick % held.length, 1) as [string]
      await edge.booking.release({ customerId: buyer.customerId, reservationId })
    } else if (verb === 'cut') relay.cut()
    else if (verb === 'ask') one.watch(show.showId).ask()
    // A moment in which ticks may pass; what comes of it is right in any case.
    else await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a watched map', () => {
  it('is the server’s at every version, over whatever happens, and in the end', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const show = await rowOf(edge, 30)
        const truth = await truthOf(edge, show)
        const one = opened()
        const watch = one.watch(show.showId)
        const seen: [version: string, states: string][] = []
        watch.on('change', ({ version }) => seen.push([version, textOf(watch.map.bytes)]))
        await walk(show, one, all)
        const { body } = await call<{ version: string; states: string }>(
          edge,
          `GET /v1/shows/${show.showId}/seats`,
        )
        await waitFor('the last change', () => watch.map.version === body.version)
        await waitFor('the truth', () => truth.at.has(body.version))
        expect(Buffer.from(watch.map.bytes).toString('base64')).toBe(body.states)
        for (const [version, states] of seen) expect(states).toBe(truth.at.get(version))
        one.close()
        await truth.stop()
      }),
      { numRuns: 25 },
    )
  })

  it('tells what changes, and that it is live', async () => {
    const show = await rowOf(edge, 30)
    await book(show.showId, newKey(), [3])
    const one = opened()
    const watch = one.watch(show.showId)
    expect(one.watch(show.showId)).toBe(watch)
    const changes: MapChange[] = []
    const states: string[] = []
    watch.on('change', (change) => changes.push(change))
    watch.on('state', (state) => states.push(state))
    await waitFor('the map', () => watch.state === 'live')
    const { version } = await holdOf(edge, show.showId, buyer.token, [seatAt(1)])
    await waitFor('the delta', () => watch.map.version === version)
    expect(changes).toEqual([
      { kind: 'snapshot', version: expect.any(String), changes: [{ index: 2, from: 0, to: 1 }] },
      { kind: 'delta', version, changes: [{ index: 0, from: 0, to: 1 }] },
    ])
    expect(states).toEqual(['live'])
    expect(watch.map.count(1)).toBe(2)
  })

  it('asks from where it stands when a delta is missing, and takes none that does not follow', async () => {
    const show = await rowOf(edge, 30)
    let dropped = 0
    class Lossy extends WebSocket {
      override addEventListener(...[type, listener]: Parameters<WebSocket['addEventListener']>) {
        super.addEventListener(type, (event: Event) => {
          const isDelta = String((event as MessageEvent).data).includes('"op":"delta"')
          if (isDelta && dropped === 0) dropped += 1
          else (listener as (event: Event) => void)(event)
        })
      }
    }
    const one = opened({ WebSocket: Lossy })
    const watch = one.watch(show.showId)
    const states: string[] = []
    await waitFor('the map', () => watch.state === 'live')
    watch.on('state', (state) => states.push(state))
    const kinds: string[] = []
    watch.on('change', ({ kind }) => kinds.push(kind))
    await book(show.showId, newKey(), [1])
    await waitFor('the delta to be lost', () => dropped === 1)
    const { version } = await holdOf(edge, show.showId, buyer.token, [seatAt(2)])
    await waitFor('the map to be right again', () => watch.map.version === version)
    expect(textOf(watch.map.bytes).slice(0, 3)).toBe('110')
    expect(states).toEqual(['stale', 'live'])
    // Resumed, not begun anew.
    expect(kinds).toEqual(['delta'])
  })

  it('of a show that is not there is refused, and says why', async () => {
    const watch = opened().watch('nowhere')
    await waitFor('the refusal', () => watch.state === 'refused')
    expect(watch.problem?.code).toBe('not-found')
  })

  it('is asked for again while the server does not know', async () => {
    const show = await rowOf(edge, 30)
    const shards = [0, 1, 2, 3]
    const one = opened()
    await isOpen(one)
    for (const shard of shards) edge.gate.refuse(shard, 'redis_unavailable')
    const watch = one.watch(show.showId)
    await waitFor('the problem', () => watch.problem?.code === 'unavailable')
    expect(watch.state).toBe('loading')
    for (const shard of shards) {
      edge.gate.open(shard, (await edge.scripts.readEpoch({ shard })) as string)
    }
    await waitFor('the map', () => watch.state === 'live')
  })

  it('is told no more after its stop, and begins anew when it is watched again', async () => {
    const show = await rowOf(edge, 30)
    const one = opened()
    const watch = one.watch(show.showId)
    await waitFor('the map', () => watch.state === 'live')
    watch.stop()
    const { version } = await holdOf(edge, show.showId, buyer.token, [seatAt(1)])
    const again = one.watch(show.showId)
    await waitFor('the new map', () => again.map.version === version)
    expect(watch.map.version).not.toBe(version)
  })
})

describe('commands', () => {
  it('hold, extend, release, pay and find, and follow what becomes of it', async () => {
    const show = await rowOf(edge, 30)
    const one = opened(buyer)
    const heard: string[] = []
    one.on('reservation', ({ status }) => heard.push(status))
    const held = await one.hold(show.showId, [seatAt(1), seatAt(2)])
    if (held.type !== 'done') throw new Error(`no hold: ${JSON.stringify(held)}`)
    const { reservationId, expiresAt = '' } = held.reservation
    expect(held.reservation).toMatchObject({ status: 'held', amount: { value: 200 } })
    const extended = await one.extend(reservationId)
    expect(extended.type === 'done' && (extended.reservation.expiresAt ?? '') >= expiresAt).toBe(
      true,
    )
    const paying = await one.checkout(
      reservationId,
      { token: 'tok_ok' },
      { contact: { email: 'buyer@example.com', locale: 'ko' } },
    )
    expect(paying).toMatchObject({ type: 'done', reservation: { status: 'paying' } })
    await cancel(edge, held.reservation, { reason: 'payment_declined' })
    await waitFor('the decline', () => one.reservations.get(reservationId)?.status === 'cancelled')
    expect(await one.find(reservationId)).toEqual({
      type: 'done',
      reservation: one.reservations.get(reservationId),
    })
    const second = await one.hold(show.showId, [seatAt(3)])
    if (second.type !== 'done') throw new Error('no second hold')
    expect(await one.release(second.reservation.reservationId)).toMatchObject({
      type: 'done',
      reservation: { status: 'released' },
    })
    expect(heard).toEqual(['held', 'held', 'paying', 'cancelled', 'held', 'released'])
  })

  it('are refused with the problem and its members', async () => {
    const show = await rowOf(edge, 30)
    await book(show.showId, newKey(), [1])
    const outcome = await opened(await guest(edge)).hold(show.showId, [seatAt(1), seatAt(2)])
    expect(outcome).toMatchObject({
      type: 'refused',
      problem: { code: 'seats-taken', seatIds: [seatAt(1)] },
    })
  })

  it('are repeated over a new connection when the line is cut, and have one effect', async () => {
    const show = await rowOf(edge, 30)
    const one = opened(buyer)
    await isOpen(one)
    for (let number = 1; number <= 5; number++) {
      const answering = one.hold(show.showId, [seatAt(number)])
      relay.cut()
      const outcome = await answering
      expect(outcome).toMatchObject({ type: 'done', reservation: { seatIds: [seatAt(number)] } })
    }
    const { body } = await call<{ held: number }>(edge, `GET /v1/shows/${show.showId}/seats`)
    expect(body.held).toBe(5)
  })

  it('given while there is no connection are given when there is one', async () => {
    const show = await rowOf(edge, 30)
    const own = await startRelay(edge.url)
    const one = opened({ ...buyer, url: own.url })
    await own.stop()
    await waitFor('the connection to be lost', () => one.state.type === 'waiting')
    const answering = one.hold(show.showId, [seatAt(1)], { id: 'given-offline' })
    expect(one.hold(show.showId, [seatAt(1)], { id: 'given-offline' })).toBe(answering)
    const late = opened(buyer)
    const outcome = await late.hold(show.showId, [seatAt(1)], { id: 'given-offline' })
    expect(outcome).toMatchObject({ type: 'done' })
    one.close()
    expect(await answering).toEqual({ type: 'unanswered', id: 'given-offline' })
  })

  it('are repeated while the server is unavailable, and end with that when it stays so', async () => {
    const show = await rowOf(edge, 30)
    const shards = [0, 1, 2, 3]
    for (const shard of shards) edge.gate.refuse(shard, 'redis_unavailable')
    const patient = opened(buyer).hold(show.showId, [seatAt(1)])
    const impatient = opened({ ...buyer, answerMsMax: 300 }).hold(show.showId, [seatAt(2)])
    expect(await impatient).toMatchObject({ type: 'refused', problem: { code: 'unavailable' } })
    for (const shard of shards) {
      edge.gate.open(shard, (await edge.scripts.readEpoch({ shard })) as string)
    }
    expect(await patient).toMatchObject({ type: 'done' })
  })

  it('of one id that differ are a mistake of the program', async () => {
    const one = opened({ url: 'http://127.0.0.1:1' })
    void one.release('r', { id: 'same' })
    expect(() => one.extend('r', { id: 'same' })).toThrow(TypeError)
  })
})

describe('a connection', () => {
  it('tells how it is, and heals', async () => {
    const show = await rowOf(edge, 30)
    const one = opened(buyer)
    const states: string[] = []
    one.on('state', ({ type }) => states.push(type))
    const watch = one.watch(show.showId)
    await waitFor('the map', () => watch.state === 'live')
    const watched: string[] = []
    watch.on('state', (state) => watched.push(state))
    relay.cut()
    await waitFor('the loss', () => watched.includes('stale'))
    await waitFor('the map again', () => watch.state === 'live')
    expect(states).toEqual(['open', 'waiting', 'connecting', 'open'])
    one.close()
    expect(one.state).toEqual({ type: 'closed', reason: 'by-request' })
  })

  it('hears afterwards what became of its reservations while it was away', async () => {
    const show = await rowOf(edge, 30)
    const own = await startRelay(edge.url)
    const one = opened({ ...buyer, url: own.url, retryMsMax: 300 })
    const held = await one.hold(show.showId, [seatAt(1)])
    if (held.type !== 'done') throw new Error('no hold')
    own.cut()
    await waitFor('the loss', () => one.state.type === 'waiting')
    await checkOutOf(edge, held.reservation.reservationId, buyer.token)
    await waitFor(
      'the news',
      () => one.reservations.get(held.reservation.reservationId)?.status === 'paying',
    )
    await own.stop()
  })

  it('tells when the server has forgotten a reservation, as after a lost store', async () => {
    const show = await rowOf(edge, 30)
    const own = await startRelay(edge.url)
    const one = opened({ ...buyer, url: own.url })
    const held = await one.hold(show.showId, [seatAt(1)])
    if (held.type !== 'done') throw new Error('no hold')
    const { reservationId } = held.reservation
    const forgotten: string[] = []
    one.on('forgotten', (reservation) => forgotten.push(reservation.reservationId))
    const shard = Number(reservationId.slice(1, 3))
    await edge.redis.del(keysOf(shard).reservation(reservationId))
    own.cut()
    await waitFor('the bad news', () => forgotten.length > 0)
    expect(forgotten).toEqual([reservationId])
    expect(one.reservations.has(reservationId)).toBe(false)
    await own.stop()
  })

  it('asks for another token when one is refused, and gives up when that is no better', async () => {
    const asked: string[] = []
    const tokens = ['bad', buyer.token]
    const one = opened({
      token: () => {
        asked.push('again')
        return tokens.shift() ?? 'bad'
      },
    })
    const show = await rowOf(edge, 30)
    expect(await one.hold(show.showId, [seatAt(1)])).toMatchObject({ type: 'done' })
    expect(asked).toHaveLength(2)
    const hopeless = opened({ token: async () => 'bad' })
    const stubborn = opened({ token: 'bad' })
    for (const other of [hopeless, stubborn]) {
      await waitFor('the end', () => other.state.type === 'closed')
      expect(other.state).toEqual({ type: 'closed', reason: 'unauthenticated' })
    }
  })

  it('tries again when nobody can make a token', async () => {
    let calls = 0
    const one = opened({
      token: async () => {
        calls += 1
        if (calls < 3) throw new Error('no session to be had')
        return buyer.token
      },
    })
    await isOpen(one)
    expect(calls).toBe(3)
  })

  it('that cannot be had waits longer each time, and no longer when it is told', async () => {
    const one = connect({ url: 'http://127.0.0.1:1', WebSocket, retryMsMax: 60_000 })
    open.push(one)
    let attempt = 0
    one.on('state', (state) => {
      if (state.type !== 'waiting') return
      attempt = state.attempt
      expect(state.retryInMs).toBeLessThanOrEqual(500 * 2 ** (state.attempt - 1))
    })
    while (attempt < 8) {
      await waitFor('the wait', () => one.state.type === 'waiting')
      one.retryNow()
    }
  })

  it('counts down by the server’s clock', async () => {
    const show = await newShow(edge, { policy: { holdTtlMs: 90_000 } })
    const one = opened(buyer)
    const held = await one.hold(show.showId, ['A-1-1'])
    if (held.type !== 'done') throw new Error('no hold')
    const left: number[] = []
    const stop = one.countdown(held.reservation.expiresAt ?? '', (ms) => left.push(ms))
    stop()
    expect(left[0]).toBeGreaterThan(85_000)
    expect(left[0]).toBeLessThanOrEqual(90_000)
  })

  it('needs a WebSocket, and an address', () => {
    expect(() => connect({ url: 'nowhere', WebSocket })).toThrow(TypeError)
    if ('WebSocket' in globalThis) return
    expect(() => connect({ url: edge.url })).toThrow(/hand one in/)
  })
})
