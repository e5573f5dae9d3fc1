import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import type { Reservation, Session, Show } from '../../contracts/http.ts'
import type { Problem } from '../../contracts/problem.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import {
  call,
  checkOutOf,
  confirm,
  type Edge,
  guest,
  holdOf,
  newKey,
  newShow,
  startEdge,
} from '../testing/edge.ts'
import { type Tap, tap } from '../testing/feedTap.ts'

let edge: Edge
let limited: Edge
beforeAll(async () => {
  edge = await startEdge()
  const { redisUrl, db, issuer } = edge
  limited = await startEdge({ redisUrl, db, issuer, buyerRequestsPerSMax: 1 })
})
afterAll(async () => {
  await limited.stop()
  await edge.stop()
})

type Op = 'hold' | 'release' | 'extend' | 'checkout' | 'find'
/** One command, as both ways in can give it. `key` undefined: none at all. */
interface Command {
  op: Op
  /** The show of a hold, else the reservation. */
  of: string
  key?: string
  body?: Record<string, unknown>
}

/** What came of it: the reservation, or what is wrong. */
type Outcome = { status?: string; reservationId?: string } | { problem: Problem }

const TARGETS: Record<Op, (of: string) => string> = {
  hold: (of) => `POST /v1/shows/${of}/reservations`,
  release: (of) => `DELETE /v1/reservations/${of}`,
  extend: (of) => `POST /v1/reservations/${of}/extend`,
  checkout: (of) => `POST /v1/reservations/${of}/checkout`,
  find: (of) => `GET /v1/reservations/${of}`,
}

async function overHttp(to: Edge, token: string | undefined, command: Command): Promise<Outcome> {
  const { op, of, key, body } = command
  const isRead = op === 'find' || op === 'release'
  const answer = await call<Reservation | Problem>(to, TARGETS[op](of), {
    ...(token !== undefined && { token }),
    ...(key !== undefined && { key }),
    ...(!isRead && { body: body ?? {} }),
  })
  if (answer.status >= 400) return { problem: answer.body as Problem }
  return (answer.body as Reservation | null) ?? {}
}

async function overFeed(one: Tap, command: Command): Promise<Outcome> {
  const { op, of, key, body } = command
  const subject = op === 'hold' ? { showId: of } : { reservationId: of }
  const isAnswer = (frame: Tap['frames'][number]) =>
    (frame.op === 'error' && (frame.id === key || frame.id === undefined)) ||
    (frame.op === 'reservation' && frame.id === key && key !== undefined)
  const from = one.frames.length
  one.send({ op, ...subject, ...body, ...(key !== undefined && { id: key }) })
  const frame = await waitFor('an answer', () => one.frames.slice(from).find(isAnswer))
  if (frame.op === 'error') return { problem: frame.problem as Problem }
  return frame.op === 'reservation' ? frame.reservation : {}
}

/** A world of its own for each way in, so that what the one does is not in the way of the other. */
interface World {
  show: Show
  me: Session
  /** Of the other customer: a hold of A-1-1. */
  theirs: Reservation
  /** A show in which I have all that I may have. */
  narrow: Show
  /** Of mine: a hold for each command, and one that ended in each way. */
  held: Record<Exclude<Op, 'hold'>, Reservation>
  released: Reservation
  expired: Reservation
  paying: Reservation
  confirmed: Reservation
}

async function makeWorld(): Promise<World> {
  const policy = { seatsPerHoldMax: 3, seatsPerBuyerMax: 8 }
  const show = await newShow(edge, { policy })
  const short = await newShow(edge, { policy: { holdTtlMs: 500 } })
  const [me, other] = [await guest(edge), await guest(edge)]
  const hold = (seat: string, of = show) => holdOf(edge, of.showId, me.token, [seat])
  const theirs = await holdOf(edge, show.showId, other.token, ['A-1-1'])
  const narrow = await newShow(edge, { policy: { seatsPerBuyerMax: 1 } })
  await hold('A-1-1', narrow)
  const held = {
    find: await hold('A-2-1'),
    release: await hold('A-2-2'),
    extend: await hold('A-2-3'),
    checkout: await hold('A-2-4'),
  }
  const released = await hold('A-1-3')
  await call(edge, TARGETS.release(released.reservationId), me)
  const paying = await hold('A-1-4')
  await checkOutOf(edge, paying.reservationId, me.token)
  const confirmed = await hold('A-1-5')
  await checkOutOf(edge, confirmed.reservationId, me.token)
  await confirm(edge, confirmed)
  const expired = await hold('A-1-1', short)
  const isOver = async () => {
    const { shard } = (await edgeShow(short.showId)) ?? { shard: 0 }
    const reservationIds = [expired.reservationId]
    const answer = await edge.scripts.expireHolds({ shard, showId: short.showId, reservationIds })
    return answer.type === 'answered' && answer.outcomes[0]?.type !== 'early'
  }
  await waitFor('the short hold to be over', isOver)
  return { show, me, theirs, narrow, held, released, expired, paying, confirmed }
}

const edgeShow = async (showId: string) => {
  const [row] = await edge.db.query<{ shard: number }>(
    'SELECT shard FROM shows WHERE show_id = ?',
    [showId],
  )
  return row
}

const NOBODYS = `r00_${'0'.repeat(26)}`
const PAYMENT = { payment: { token: 'tok_ok' } }

/** What is the same in any world: everything but ids, versions and times. */
function comparable(outcome: Outcome): unknown {
  if (!('problem' in outcome)) return 'done'
  const { errors, ...problem } = outcome.problem
  if (!Array.isArray(errors)) return problem
  // Only the place of the key differs: a header there, a member here.
  const text = JSON.stringify({ ...problem, errors })
  return JSON.parse(text.replaceAll('/headers/idempotency-key', '/id')) as unknown
}

type Case = [name: string, code: string, (world: World) => Command]
const hold = (of: string, seatIds: unknown, key: string | undefined = newKey()): Command => ({
  op: 'hold',
  of,
  ...(key !== undefined && { key }),
  body: { seatIds },
})
const withoutKey = ({ key, ...command }: Command): Command => command

const CASES: Case[] = [
  ['a hold', 'done', ({ show }) => hold(show.showId, ['A-1-10'])],
  ['a hold of no seats', 'bad-request', ({ show }) => hold(show.showId, [])],
  ['a hold of no list', 'bad-request', ({ show }) => hold(show.showId, 'A-1-10')],
  ['a hold of numbers', 'bad-request', ({ show }) => hold(show.showId, [7])],
  [
    'a hold without a key',
    'idempotency-key-missing',
    ({ show }) => withoutKey(hold(show.showId, ['A-1-10'])),
  ],
  ['a hold under a bad key', 'bad-request', ({ show }) => hold(show.showId, ['A-1-10'], 'no key!')],
  ['a hold of no show', 'not-found', () => hold('nowhere', ['A-1-10'])],
  ['a hold of taken seats', 'seats-taken', ({ show }) => hold(show.showId, ['A-1-1', 'A-1-10'])],
  ['a hold of unknown seats', 'unknown-seat', ({ show }) => hold(show.showId, ['A-9-9'])],
  [
    'a hold of a seat twice',
    'duplicate-seats',
    ({ show }) => hold(show.showId, ['A-1-9', 'A-1-9']),
  ],
  [
    'a hold of too many seats',
    'too-many-seats',
    ({ show }) => hold(show.showId, ['A-1-9', 'A-1-10', 'A-1-11', 'A-1-12']),
  ],
  ['a hold beyond a buyer’s limit', 'buyer-limit', ({ narrow }) => hold(narrow.showId, ['A-1-2'])],
  ...(['find', 'release', 'extend', 'checkout'] as const).flatMap((op): Case[] => {
    const body = op === 'checkout' ? { body: PAYMENT } : {}
    const of = (reservation: { reservationId: string }): Command => ({
      ...{ op, of: reservation.reservationId, key: newKey() },
      ...body,
    })
    const isRead = op === 'find'
    return [
      [`${op} of somebody else’s`, 'not-found', ({ theirs }) => of(theirs)],
      [`${op} of nobody’s`, 'not-found', () => of({ reservationId: NOBODYS })],
      [`${op} of what is no id`, 'not-found', () => of({ reservationId: 'no-id' })],
      [`${op} of a hold`, 'done', ({ held }) => of(held[op])],
      [
        `${op} of a released one`,
        isRead || op === 'release' ? 'done' : 'wrong-state',
        ({ released }) => of(released),
      ],
      [`${op} of an expired one`, isRead ? 'done' : 'hold-expired', ({ expired }) => of(expired)],
      [`${op} of a paying one`, isRead ? 'done' : 'wrong-state', ({ paying }) => of(paying)],
      [
        `${op} of a confirmed one`,
        isRead ? 'done' : 'wrong-state',
        ({ confirmed }) => of(confirmed),
      ],
    ]
  }),
  [
    'a checkout without a key',
    'idempotency-key-missing',
    ({ held }) => ({ op: 'checkout', of: held.find.reservationId, body: PAYMENT }),
  ],
  [
    'a checkout without a payment',
    'bad-request',
    ({ held }) => ({ op: 'checkout', of: held.find.reservationId, key: newKey() }),
  ],
  [
    'a checkout with a contact that is none',
    'bad-request',
    ({ held }) => ({
      ...{ op: 'checkout', of: held.find.reservationId, key: newKey() },
      body: { ...PAYMENT, contact: { email: 'nobody' } },
    }),
  ],
]

const SHARDS = [0, 1, 2, 3]

describe('HTTP and the feed', () => {
  let worlds: [World, World]
  beforeAll(async () => {
    worlds = await Promise.all([makeWorld(), makeWorld()])
  })

  test.each(CASES)('answer %s alike: %s', async (_, code, make) => {
    const [http, feed] = worlds
    const one = await tap(edge, feed.me)
    const outcomes = [
      comparable(await overHttp(edge, http.me.token, make(http))),
      comparable(await overFeed(one, make(feed))),
    ]
    await one.close()
    expect(outcomes[1]).toEqual(outcomes[0])
    expect(outcomes[0]).toEqual(code === 'done' ? 'done' : expect.objectContaining({ code }))
  })

  test('answer alike while the state is unknown', async () => {
    const [{ me, show }] = worlds
    const one = await tap(edge, me)
    for (const shard of SHARDS) edge.gate.refuse(shard, 'redis_unavailable')
    const outcomes = [
      await overHttp(edge, me.token, hold(show.showId, ['A-1-15'])),
      await overFeed(one, hold(show.showId, ['A-1-15'])),
    ]
    for (const shard of SHARDS) {
      edge.gate.open(shard, (await edge.scripts.readEpoch({ shard })) as string)
    }
    await one.close()
    expect(outcomes[1]).toEqual(outcomes[0])
    expect(outcomes[0]).toMatchObject({ problem: { code: 'unavailable' } })
  })

  test('answer alike to nobody', async () => {
    const [{ show }] = worlds
    const one = await tap(edge)
    const code = { problem: { code: 'unauthenticated', status: 401 } }
    expect(await overHttp(edge, undefined, hold(show.showId, ['A-1-15']))).toMatchObject(code)
    expect(await overFeed(one, hold(show.showId, ['A-1-15']))).toMatchObject(code)
    await one.close()
  })

  test('share a buyer’s rate', async () => {
    const [{ show }] = worlds
    const code = { problem: { code: 'rate-limited', status: 429 } }
    const [first, second] = [await guest(edge), await guest(edge)]
    const [one, two] = [await tap(limited, first), await tap(limited, second)]
    const read = () => ({ op: 'find', of: NOBODYS, key: newKey() }) as const
    expect(await overFeed(one, read())).toMatchObject({ problem: { code: 'not-found' } })
    expect(await overHttp(limited, first.token, read())).toMatchObject(code)
    expect(await overHttp(limited, second.token, hold(show.showId, []))).toMatchObject({
      problem: { code: 'bad-request' },
    })
    expect(await overFeed(two, read())).toMatchObject(code)
    await Promise.all([one.close(), two.close()])
  })
})

describe('a command that is repeated', () => {
  it('has one effect, over whatever connections, over HTTP, and in another process', async () => {
    const show = await newShow(edge)
    const me = await guest(edge)
    const [one, two, three] = await Promise.all([tap(edge, me), tap(edge, me), tap(limited, me)])
    const command = hold(show.showId, ['A-1-1'])
    const outcomes = await Promise.all([
      overFeed(one, command),
      overFeed(two, command),
      overHttp(edge, me.token, command),
      overFeed(three, command),
    ])
    const first = outcomes[0] as Reservation
    expect(first).toMatchObject({ status: 'held', seatIds: ['A-1-1'] })
    for (const outcome of outcomes) expect(outcome).toEqual(first)
    const { reservationId } = first
    const pay: Command = { op: 'checkout', of: reservationId, key: newKey(), body: PAYMENT }
    const paid = [await overFeed(two, pay), await overHttp(edge, me.token, pay)]
    expect(paid[0]).toMatchObject({ status: 'paying', reservationId })
    expect(paid[1]).toEqual(paid[0])
    // The hold again: it is what it has become.
    expect(await overFeed(one, command)).toEqual(paid[0])
    await Promise.all([one, two, three].map((tap) => tap.close()))
  })

  it('with another body is refused, whoever gave it first', async () => {
    const show = await newShow(edge)
    const me = await guest(edge)
    const one = await tap(edge, me)
    const reused = { problem: { code: 'idempotency-key-reused', status: 422 } }
    const key = newKey()
    await overHttp(edge, me.token, hold(show.showId, ['A-1-1'], key))
    expect(await overFeed(one, hold(show.showId, ['A-1-2'], key))).toMatchObject(reused)
    const other = newKey()
    await overFeed(one, hold(show.showId, ['A-1-3'], other))
    expect(await overHttp(edge, me.token, hold(show.showId, ['A-1-4'], other))).toMatchObject(
      reused,
    )
    await one.close()
  })
})
