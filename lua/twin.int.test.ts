import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isFullRun } from '../platform/testing/infra.ts'
import { openTestShard, type TestShard } from './testing/shard.ts'
import { stories, tell } from './testing/stories.ts'
import { Twins } from './testing/twins.ts'

describe('the Lua scripts and their pure twin', () => {
  let redis: TestShard
  beforeAll(async () => {
    redis = await openTestShard()
  })
  afterAll(() => redis.close())

  it('come to the same outcomes, seats, counts, deadlines and log, whatever is done', async () => {
    const seen = new Map<string, number>()
    const isSame = fc.asyncProperty(stories, async (story) => {
      const twins = await Twins.begin(redis, seen)
      await tell(twins, story)
    })
    await fc.assert(isSame, { numRuns: isFullRun() ? 2_000 : 120 })
    // Stories that never get anywhere would prove nothing.
    expect(OUTCOMES.filter((outcome) => !seen.has(outcome))).toEqual([])
  }, 300_000)
})

/** Outcomes that the stories must have come to; all but those that a short run may well miss. */
const OUTCOMES = [
  ...['held', 'exists', 'reused', 'taken', 'overdue', 'buyer_limit'].map((o) => `holdSeats ${o}`),
  ...['released', 'overdue', 'not_found'].map((o) => `releaseSeats ${o}`),
  ...['extended', 'not_found'].map((o) => `extendHold ${o}`),
  ...['paying', 'exists', 'reused', 'overdue', 'not_found'].map((o) => `startAll ${o}`),
  ...['confirmed', 'same'].map((o) => `confirmSeats ${o}`),
  ...['confirmed', 'same'].map((o) => `confirmAll ${o}`),
  ...['cancelled', 'refunding', 'same'].map((o) => `cancelSeats ${o}`),
  ...['refunded', 'same'].map((o) => `settleRefund ${o}`),
  ...['expired', 'early', 'same', 'missing'].map((o) => `expireHolds ${o}`),
  ...['restored', 'kept', 'refused'].map((o) => `restore ${o}`),
]
