/**
 * Whatever the order in which messages come, and however often, a payment ends in one of the
 * legal ways, is captured at most once, refunded at most once, and its ledger adds up.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../contracts/message.ts'
import { SQL_NOW_MS } from '../platform/mysql/database.ts'
import { isFullRun, waitFor } from '../platform/testing/infra.ts'
import { paymentIdOf } from './ids.ts'
import {
  type Bench,
  cancellationFor,
  expiryFor,
  newReservationId,
  openBench,
  PRICE,
  requestFor,
} from './testkit.ts'

const STORIES = 150
const TOKENS = ['tok_ok', 'tok_declined', 'tok_slow_150', 'tok_lost', 'tok_refund_lost'] as const
const KINDS = ['request', 'expiry of a hold', 'expiry', 'cancellation'] as const
type Kind = (typeof KINDS)[number]

/** What happens to one payment: its card, and its messages in the order they come. */
interface Story {
  token: string
  messages: Kind[]
  /** The same message, with the same id, comes once more. */
  isDelivered: 'once' | 'twice'
  /** The tickets are refused after the payment's course: captured money must go back. */
  isCancelledLater: boolean
}

const story: fc.Arbitrary<Story> = fc.record({
  token: fc.constantFrom(...TOKENS),
  messages: fc
    .array(fc.constantFrom(...KINDS), { maxLength: 4 })
    .chain((more) => fc.shuffledSubarray<Kind>(['request', ...more], { minLength: more.length })),
  isDelivered: fc.constantFrom('once' as const, 'twice' as const),
  isCancelledLater: fc.boolean(),
})

function messageOf(kind: Kind, reservationId: string, token: string): Message {
  switch (kind) {
    case 'request':
      return requestFor(reservationId, token, { payInMs: 3_000 })
    case 'expiry of a hold':
      return expiryFor(reservationId, 'held')
    case 'expiry':
      return expiryFor(reservationId, 'paying')
    case 'cancellation':
      return cancellationFor(reservationId)
  }
}

let bench: Bench
let other: Bench
beforeAll(async () => {
  bench = await openBench({ callMsMax: 100 })
  other = await bench.another()
})
afterAll(async () => {
  await other.stop()
  await bench.stop()
})

interface Cast {
  reservationId: string
  story: Story
}

/** Feeds message after message of all scripts side by side, to either of two instances. */
async function play(scripts: readonly Message[][]): Promise<void> {
  for (let turn = 0; scripts.some((script) => turn < script.length); turn += 1) {
    const batch = scripts.flatMap((script) => script.slice(turn, turn + 1))
    const half = Math.floor(batch.length / 2)
    const [first, second] = turn % 2 === 0 ? [bench, other] : [other, bench]
    await Promise.all([first.feed(batch.slice(0, half)), second.feed(batch.slice(half))])
  }
}

function scriptOf({ reservationId, story: { messages, token, isDelivered } }: Cast): Message[] {
  const once = messages.map((kind) => messageOf(kind, reservationId, token))
  return isDelivered === 'twice' ? once.flatMap((message) => [message, message]) : once
}

async function settle(): Promise<void> {
  await waitFor(
    'every payment to be settled',
    async () => {
      // Leases run out at once, so that nothing is waited for but outcomes.
      await bench.db.execute(
        `UPDATE payments SET due_at = ${SQL_NOW_MS} WHERE due_at > ${SQL_NOW_MS} + 2500`,
      )
      const open = await bench.db.query('SELECT 1 FROM payments WHERE due_at IS NOT NULL')
      return open.length === 0
    },
    { timeoutMs: 40_000, everyMs: 100 },
  )
}

const LEGAL = {
  tombstone: { ledger: [], topics: [] },
  failed: { ledger: [], topics: ['payment_fail'] },
  captured: { ledger: ['capture'], topics: ['payment_create'] },
  refunded: { ledger: ['capture', 'refund'], topics: ['payment_create', 'payment_refund'] },
} as const

/** Answers the state the payment ended in; undefined: there never was one. */
async function expectLegal({ reservationId, story }: Cast): Promise<string | undefined> {
  const { messages, isCancelledLater } = story
  const row = await bench.rowOf(reservationId)
  const [charges, refunds, ledger, published] = await Promise.all([
    bench.charges(reservationId),
    bench.refunds(reservationId),
    bench.ledger(reservationId),
    bench.published(reservationId),
  ])
  const captured = charges.filter((charge) => charge.status === 'captured')
  const topics = published.map((message) => message.topic)
  const evidence = JSON.stringify({ reservationId, story, row, captured, topics, ledger })
  if (!row) {
    expect(messages.includes('request') || messages.includes('expiry'), evidence).toBe(false)
    expect(captured, evidence).toEqual([])
    return undefined
  }
  const legal = LEGAL[row.state as keyof typeof LEGAL]
  expect(legal, evidence).toBeDefined()
  expect(topics, evidence).toEqual(legal.topics)
  expect(
    ledger.map((entry) => entry.kind),
    evidence,
  ).toEqual(legal.ledger)
  expect(captured.length, evidence).toBe(legal.ledger.some((kind) => kind === 'capture') ? 1 : 0)
  expect(refunds.length, evidence).toBe(row.state === 'refunded' ? 1 : 0)
  const kept = ledger.reduce((sum, entry) => sum + entry.amount, 0)
  expect(kept, evidence).toBe(row.state === 'captured' ? PRICE.value : 0)
  if (row.state === 'tombstone') expect(messages, evidence).not.toContain('request')
  for (const { idempotencyKey } of captured) expect(idempotencyKey).toBe(paymentIdOf(reservationId))
  if (isCancelledLater) expect(row.state, evidence).not.toBe('captured')
  return row.state
}

describe('messages in any order, once or twice', () => {
  for (const seed of isFullRun() ? [1, 2, 3, 4, 5, 6] : [1]) {
    it(`end in a legal state with a ledger that adds up, seed ${seed}`, async () => {
      const casts = fc
        .sample(story, { numRuns: STORIES, seed })
        .map((one): Cast => ({ reservationId: newReservationId(), story: one }))
      await play(casts.map(scriptOf))
      await settle()
      const cancelled = casts.filter((cast) => cast.story.isCancelledLater)
      await play(
        cancelled.map(({ reservationId }) => [
          cancellationFor(reservationId),
          cancellationFor(reservationId),
        ]),
      )
      await settle()
      const ends = new Set<string | undefined>()
      for (const cast of casts) ends.add(await expectLegal(cast))
      // Stories that never reached one of the ends would prove little.
      expect(ends).toEqual(new Set([undefined, ...Object.keys(LEGAL)]))
    })
  }
})
