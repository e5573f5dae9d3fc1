import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RESUME_CHANGES_MAX } from '../../contracts/feed.ts'
import type { Reservation, Session, Show } from '../../contracts/http.ts'
import { keysOf } from '../../lua/keys.ts'
import { freePort } from '../../platform/infra/ports.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { call, type Edge, guest, holdOf, startEdge } from '../testing/edge.ts'
import {
  FramedMap,
  mapFrom,
  rowOf,
  seatAt,
  type Tap,
  type TapOptions,
  tap,
} from '../testing/feedTap.ts'

let edge: Edge
let buyer: Session
const open: Tap[] = []
const started: Edge[] = []

beforeAll(async () => {
  edge = await startEdge()
  buyer = await guest(edge)
})
afterAll(() => edge.stop())
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
  for (const one of started.splice(0)) await one.stop()
})

async function connect(to: Edge = edge, options: TapOptions = {}): Promise<Tap> {
  const one = await tap(to, options)
  open.push(one)
  return one
}

/** Another process of the same system, which knows of nothing yet. */
async function another(of: Edge = edge, server: { port?: number; isPortShared?: boolean } = {}) {
  const { redisUrl, db, issuer } = of
  const one = await startEdge({ redisUrl, db, issuer, server })
  started.push(one)
  return one
}

const hold = (show: Show, ...seats: number[]) =>
  holdOf(edge, show.showId, buyer.token, seats.map(seatAt))
const release = ({ reservationId }: Reservation) =>
  call(edge, `DELETE /v1/reservations/${reservationId}`, { token: buyer.token })

/** What a rebuild does in the end, here with nothing lost. */
async function beginEpoch(shard: number): Promise<void> {
  const token = 'a-test'
  await edge.scripts.takeLease({ shard, token, ttlMs: 10_000 })
  await edge.scripts.dropEpoch({ shard, token })
  const opened = await edge.scripts.openShard({ shard, token, pastId: '0-0' })
  await edge.scripts.releaseLease({ shard, token })
  if (opened.type !== 'opened') throw new Error(`not opened: ${opened.type}`)
  edge.gate.open(shard, opened.epoch)
}

/** Asks for what was missed; answers the kind of the answer and the map after it. */
async function resume(one: Tap, { showId }: Show, map: FramedMap, until: string) {
  const from = one.frames.length
  one.send({ op: 'subscribe', showId, since: map.version })
  const applied = () => {
    const copy = new FramedMap()
    copy.version = map.version
    copy.states = [...map.states]
    for (const frame of one.frames.slice(from)) copy.apply(frame)
    return copy
  }
  await waitFor('an answer', () => one.frames.length > from && applied().version === until)
  return { kind: one.frames[from]?.op, map: applied(), frames: one.frames.slice(from) }
}

/** The map as a new connection to a server gets it. */
async function mapAt(to: Edge, { showId }: Show): Promise<FramedMap> {
  const one = await connect(to)
  return mapFrom([await one.ask({ op: 'subscribe', showId }, 'snapshot')])
}

describe('a connection that comes back', () => {
  it('with the version that is current is told so, and nothing else', async () => {
    const show = await rowOf(edge, 40)
    const map = await mapAt(edge, show)
    const one = await connect()
    const answer = await resume(one, show, map, map.version)
    expect(answer.frames).toEqual([{ op: 'resumed', showId: show.showId, version: map.version }])
  })

  it('is told what it missed, each seat once, from any version that there was', async () => {
    const show = await rowOf(edge, 40)
    const maps = [await mapAt(edge, show)]
    const passing = await hold(show, 1, 2)
    maps.push(await mapAt(edge, show))
    await release(passing)
    maps.push(await mapAt(edge, show))
    const { version } = await hold(show, 2, 3)
    const truth = await waitFor('the hold', async () => {
      const map = await mapAt(edge, show)
      return map.version === version ? map : null
    })
    const one = await connect()
    for (const map of maps) {
      const answer = await resume(one, show, map, version)
      expect(answer.kind).toBe('resumed')
      expect(answer.map.states).toEqual(truth.states)
    }
  })

  it('goes on where another process left off, by the log', async () => {
    const show = await rowOf(edge, 40)
    const before = await mapAt(edge, show)
    const first = await hold(show, 1)
    const between = await waitFor('the hold', async () => {
      const map = await mapAt(edge, show)
      return map.version === first.version ? map : null
    })
    const last = await hold(show, 5, 6)
    const fresh = await another()
    const one = await connect(fresh)
    for (const map of [before, between]) {
      const answer = await resume(one, show, map, last.version)
      expect(answer.kind).toBe('resumed')
      expect(answer.map.states).toEqual((await mapAt(fresh, show)).states)
    }
  })

  it('gets the whole map when the log no longer tells what it missed', async () => {
    const show = await rowOf(edge, 40)
    const before = await mapAt(edge, show)
    await hold(show, 1)
    const { version } = await hold(show, 2)
    const fresh = await another()
    for (let n = 0; n < 4; n++) await edge.redis.xtrim(keysOf(n).log, 'MAXLEN', 1)
    const answer = await resume(await connect(fresh), show, before, version)
    expect(answer.kind).toBe('snapshot')
  })

  it('gets the whole map when an epoch began in between, unless the process was there', async () => {
    const show = await rowOf(edge, 40)
    const before = await mapAt(edge, show)
    const { reservationId } = await hold(show, 1)
    const shard = Number(reservationId.slice(1, 3))
    await beginEpoch(shard)
    const { version } = await hold(show, 2)
    const answers = [
      await resume(await connect(await another()), show, before, version),
      await resume(await connect(), show, before, version),
    ]
    expect(answers.map(({ kind }) => kind)).toEqual(['snapshot', 'resumed'])
    for (const { map } of answers) expect(map.states.slice(0, 3)).toEqual([1, 1, 0])
  })

  it('gets the whole map when it names a version that never was', async () => {
    const show = await rowOf(edge, 40)
    const { version } = await hold(show, 1)
    const one = await connect()
    for (const since of ['1-1', 'no version at all', '']) {
      const snapshot = await one.ask({ op: 'subscribe', showId: show.showId, since }, 'snapshot')
      expect(snapshot.version).toBe(version)
    }
  })
})

describe('the window of a resumption', () => {
  it('is 2,000 changes, for a process that saw them and for one that reads the log', async () => {
    const show = await rowOf(edge, 4_000)
    const first = await mapAt(edge, show)
    const seats = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n)
    const one = await hold(show, ...seats(1, 1_000))
    const later = await waitFor('the first thousand', async () => {
      const map = await mapAt(edge, show)
      return map.version === one.version ? map : null
    })
    await holdOf(edge, show.showId, (await guest(edge)).token, seats(1_001, 1_000).map(seatAt))
    const { version } = await holdOf(
      edge,
      show.showId,
      (await guest(edge)).token,
      seats(2_001, 1_000).map(seatAt),
    )
    const fresh = await another()
    for (const process of [edge, fresh]) {
      const tap = await connect(process)
      expect((await resume(tap, show, later, version)).kind).toBe('resumed')
      expect((await resume(tap, show, first, version)).kind).toBe('snapshot')
    }
    expect(RESUME_CHANGES_MAX).toBe(2_000)
  })
})

describe('several processes', () => {
  it('share a port, and a client may go from one to the other with what it has', async () => {
    const server = { port: await freePort(), isPortShared: true }
    const shared = await startEdge({ server })
    started.push(shared)
    const second = await another(shared, server)
    const show = await rowOf(shared, 200)
    const { token } = await guest(shared)
    const connections = async (of: Edge) =>
      Number(/^holdfast_feed_connections (\d+)/m.exec(await of.metrics.registry.metrics())?.[1])
    const taps: Tap[] = []
    await waitFor('both processes to have connections', async () => {
      const one = await connect(shared)
      await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
      taps.push(one)
      return (await connections(shared)) > 1 && (await connections(second)) > 1
    })
    let version = ''
    for (let n = 0; n < 40; n++) {
      const at = n % 2 === 0 ? shared.booking : second.booking
      const command = { showId: show.showId, key: `k-${n}`, seatIds: [seatAt(n + 1)] }
      const outcome = await at.hold({ customerId: `c-${n}`, ...command })
      if (outcome.type === 'done') version = outcome.value.version
      // In the middle of it, somebody leaves and comes back, who knows where.
      const moving = taps[n % taps.length] as Tap
      if (n % 3 !== 0) continue
      const map = mapFrom(moving.frames)
      await moving.close()
      const again = await connect(shared, { token })
      again.frames.push(...moving.frames)
      taps[n % taps.length] = again
      again.send({ op: 'subscribe', showId: show.showId, since: map.version })
    }
    for (const one of taps) {
      await waitFor('the last hold', () => mapFrom(one.frames).version === version)
      expect(mapFrom(one.frames).states).toEqual(mapFrom(taps[0]?.frames ?? []).states)
    }
    expect(mapFrom(taps[0]?.frames ?? []).states.filter((state) => state === 1)).toHaveLength(40)
  })

  it('wait for each other: who is behind answers when it has caught up', async () => {
    const show = await rowOf(edge, 40)
    const slow = await another()
    await mapAt(slow, show)
    for (const client of slow.tail.clients) client.disconnect()
    const { version } = await hold(show, 7)
    const map = await waitFor('the hold', async () => {
      const found = await mapAt(edge, show)
      return found.version === version ? found : null
    })
    const one = await connect(slow)
    one.send({ op: 'subscribe', showId: show.showId, since: version })
    one.send({ op: 'ping' })
    await one.next('pong')
    expect(one.frames.map(({ op }) => op)).toEqual(['pong'])
    for (const client of slow.tail.clients) await client.connect()
    expect(await one.next('resumed')).toMatchObject({ version: map.version })
  })

  it('do not wait for ever: who stays behind answers with the map that it has', async () => {
    const show = await rowOf(edge, 40)
    const slow = await another()
    const before = await mapAt(slow, show)
    for (const client of slow.tail.clients) client.disconnect()
    const { version } = await hold(show, 7)
    const one = await connect(slow)
    one.send({ op: 'subscribe', showId: show.showId, since: version })
    expect(await one.next('snapshot')).toMatchObject({ version: before.version })
  })
})

describe('a server that was stopped and started', () => {
  it('says goodbye with 1001, and resumes its clients', async () => {
    const first = await startEdge({ redisUrl: edge.redisUrl, db: edge.db, issuer: edge.issuer })
    const show = await rowOf(edge, 40)
    const one = await tap(first)
    await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
    await hold(show, 1)
    await one.next('delta')
    const map = mapFrom(one.frames)
    await first.stop()
    expect(await one.closed()).toBe(1001)
    const { version } = await hold(show, 2)
    const second = await another(edge, { port: first.server.port })
    const again = await connect(second)
    const answer = await resume(again, show, map, version)
    expect(answer.kind).toBe('resumed')
    expect(answer.map.states.slice(0, 3)).toEqual([1, 1, 0])
  })
})
