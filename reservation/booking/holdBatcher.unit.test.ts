import { describe, expect, test } from 'vitest'
import type { HoldBatch, HoldRequest } from '../../lua/seatVerbs.ts'
import { HoldBatcher } from './holdBatcher.ts'

const requestOf = (n: number): HoldRequest => ({
  reservationId: `r${n}`,
  showId: 'show',
  customerId: 'buyer',
  seats: [n],
  amount: { currency: 'EUR', value: 1 },
  requestHash: 'h',
  ttlMs: 1_000,
  buyerSeatsMax: 8,
})

/** A batcher whose calls are written down and answered as `answer` says. */
function recorded(answer: (batch: HoldBatch) => ReturnType<typeof taken>) {
  const calls: HoldBatch[] = []
  const sizes: number[] = []
  const batcher = new HoldBatcher({
    scripts: {
      holdSeats: async (batch) => {
        calls.push(batch)
        return answer(batch)
      },
    },
    onBatch: (size) => sizes.push(size),
  })
  return { batcher, calls, sizes }
}

/** Answers each request with its own seats, so that a mix-up shows. */
const taken = (batch: HoldBatch) => ({
  type: 'answered' as const,
  outcomes: batch.requests.map(({ seats }) => ({ type: 'taken' as const, seats: [...seats] })),
})

describe('the hold batcher', () => {
  test('sends what arrives in one turn in one call, and gives each its own answer', async () => {
    const { batcher, calls } = recorded(taken)
    const answers = await Promise.all([1, 2, 3].map((n) => batcher.hold(4, requestOf(n))))
    expect(calls.map((call) => [call.shard, call.requests.length])).toEqual([[4, 3]])
    expect(answers).toEqual([1, 2, 3].map((n) => ({ type: 'taken', seats: [n] })))
  })

  test('keeps shards apart', async () => {
    const { batcher, calls } = recorded(taken)
    await Promise.all([batcher.hold(1, requestOf(1)), batcher.hold(2, requestOf(2))])
    expect(calls.map((call) => call.shard)).toEqual([1, 2])
  })

  test('cuts a crowd into calls of 64 and leaves nobody behind', async () => {
    const { batcher, sizes } = recorded(taken)
    const crowd = Array.from({ length: 150 }, (_, n) => batcher.hold(0, requestOf(n)))
    const answers = await Promise.all(crowd)
    expect(sizes).toEqual([64, 64, 22])
    expect(answers.map((answer) => answer.type === 'taken' && answer.seats[0])).toEqual(
      Array.from({ length: 150 }, (_, n) => n),
    )
  })

  test('does not make a later turn wait for the call of an earlier one', async () => {
    const release: (() => void)[] = []
    const calls: number[] = []
    const batcher = new HoldBatcher({
      scripts: {
        holdSeats: async (batch) => {
          calls.push(batch.requests.length)
          await new Promise<void>((resolve) => release.push(resolve))
          return taken(batch)
        },
      },
      onBatch: () => {},
    })
    const first = batcher.hold(0, requestOf(1))
    await new Promise(setImmediate)
    const second = batcher.hold(0, requestOf(2))
    await new Promise(setImmediate)
    expect(calls).toEqual([1, 1])
    for (const resolve of release) resolve()
    await Promise.all([first, second])
  })

  test('tells everyone of a batch when the shard has no epoch, and when the call fails', async () => {
    const absent = new HoldBatcher({
      scripts: { holdSeats: async () => ({ type: 'no_epoch' }) },
      onBatch: () => {},
    })
    const answers = await Promise.all([1, 2].map((n) => absent.hold(0, requestOf(n))))
    expect(answers).toEqual([{ type: 'no_epoch' }, { type: 'no_epoch' }])

    const broken = new HoldBatcher({
      scripts: { holdSeats: () => Promise.reject(new Error('gone')) },
      onBatch: () => {},
    })
    const failures = await Promise.allSettled([1, 2].map((n) => broken.hold(0, requestOf(n))))
    expect(failures.map((failure) => failure.status)).toEqual(['rejected', 'rejected'])
  })
})
