import { describe, expect, test } from 'vitest'
import type { Answered } from './seatVerbs.ts'
import { ShardBatcher } from './shardBatcher.ts'

type Call = [shard: number, items: readonly number[]]

/** A batcher of at most four whose calls are written down and answered as `answer` says. */
function recorded(answer: (items: readonly number[]) => Promise<Answered<number>> = doubled) {
  const calls: Call[] = []
  const batcher = new ShardBatcher<number, number>({
    callMax: 4,
    call: (shard, items) => {
      calls.push([shard, items])
      return answer(items)
    },
  })
  return { batcher, calls }
}

/** Answers each item with its double, so that a mix-up shows. */
const doubled = async (items: readonly number[]): Promise<Answered<number>> => ({
  type: 'answered',
  outcomes: items.map((item) => item * 2),
})

describe('the shard batcher', () => {
  test('sends what arrives in one turn in one call, and gives each its own answer', async () => {
    const { batcher, calls } = recorded()
    const answers = await Promise.all([1, 2, 3].map((n) => batcher.add(7, n)))
    expect(calls).toEqual([[7, [1, 2, 3]]])
    expect(answers).toEqual([2, 4, 6])
  })

  test('keeps shards apart', async () => {
    const { batcher, calls } = recorded()
    await Promise.all([batcher.add(1, 10), batcher.add(2, 20), batcher.add(1, 11)])
    expect(calls).toEqual([
      [1, [10, 11]],
      [2, [20]],
    ])
  })

  test('cuts a crowd into calls that are not too long and leaves nobody behind', async () => {
    const { batcher, calls } = recorded()
    const crowd = Array.from({ length: 10 }, (_, n) => n)
    expect(await Promise.all(crowd.map((n) => batcher.add(0, n)))).toEqual(crowd.map((n) => n * 2))
    expect(calls.map(([, items]) => items.length)).toEqual([4, 4, 2])
  })

  test('does not make a later turn wait for the call of an earlier one', async () => {
    const release: (() => void)[] = []
    const { batcher, calls } = recorded(async (items) => {
      await new Promise<void>((resolve) => release.push(resolve))
      return doubled(items)
    })
    const first = batcher.add(0, 1)
    await new Promise(setImmediate)
    const second = batcher.add(0, 2)
    await new Promise(setImmediate)
    expect(calls).toHaveLength(2)
    for (const resolve of release) resolve()
    expect(await Promise.all([first, second])).toEqual([2, 4])
  })

  test('sends at once what is hurried, and only that, and nothing twice', async () => {
    const { batcher, calls } = recorded()
    const answers = [batcher.add(1, 10), batcher.add(2, 20)]
    batcher.send(2)
    expect(calls).toEqual([[2, [20]]])
    answers.push(batcher.add(2, 21), batcher.add(3, 30))
    batcher.sendAll()
    expect(calls.slice(1)).toEqual([
      [1, [10]],
      [2, [21]],
      [3, [30]],
    ])
    expect(await Promise.all(answers)).toEqual([20, 40, 42, 60])
    await new Promise(setImmediate)
    expect(calls).toHaveLength(4)
  })

  test('tells everyone of a batch when the shard has no epoch, and when the call fails', async () => {
    const absent = recorded(async () => ({ type: 'no_epoch' })).batcher
    const answers = await Promise.all([1, 2].map((n) => absent.add(0, n)))
    expect(answers).toEqual([{ type: 'no_epoch' }, { type: 'no_epoch' }])

    const broken = recorded(() => Promise.reject(new Error('gone'))).batcher
    const failures = await Promise.allSettled([1, 2].map((n) => broken.add(0, n)))
    expect(failures.map((failure) => failure.status)).toEqual(['rejected', 'rejected'])
  })
})
