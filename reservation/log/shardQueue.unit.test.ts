import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogEntry } from '../../lua/logEntry.ts'
import { QUEUED_ENTRIES_MAX, ShardQueue } from './shardQueue.ts'

const entry = (n: number): LogEntry => ({
  id: `${n}-0`,
  type: 'opened',
  epoch: `${n}-0`,
  atMs: n,
})
const range = (from: number, to: number): LogEntry[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => entry(from + at))
const idsOf = (entries: readonly LogEntry[]): number[] => entries.map(({ atMs }) => atMs)

describe('the queue of a shard', () => {
  it('has every entry after the position once and in order, however pages and tail interleave', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 5 }) }),
        fc.record({ do: fc.constant('tail' as const), count: fc.integer({ min: 1, max: 5 }) }),
        fc.record({ do: fc.constant('page' as const), count: fc.integer({ min: 1, max: 5 }) }),
        fc.record({ do: fc.constant('restart' as const), count: fc.constant(0) }),
      ),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(steps, fc.nat(5), (all, position) => {
        const queue = new ShardQueue(0)
        queue.begin({ shard: 0, logId: `${position}-0`, fence: 1 })
        let tip = 5
        let tailAt = 5
        const page = (count: number) => {
          const last = Number(queue.last.split('-')[0])
          const entries = range(last + 1, Math.min(tip, last + count))
          queue.addPage(entries, entries.length < count)
        }
        for (const step of all) {
          if (step.do === 'append') tip += step.count
          if (step.do === 'tail') {
            const to = Math.min(tip, tailAt + step.count)
            queue.hear(range(tailAt + 1, to))
            tailAt = to
          }
          if (step.do === 'page' && queue.stage === 'behind') page(step.count)
          if (step.do === 'restart') {
            queue.restart()
            queue.begin({ shard: 0, logId: `${position}-0`, fence: 2 })
          }
        }
        queue.hear(range(tailAt + 1, tip))
        while (queue.stage === 'behind') page(7)
        expect(idsOf(queue.peek(1_000))).toEqual(idsOf(range(position + 1, tip)))
      }),
    )
  })

  it('falls behind instead of growing without a limit, and misses nothing', () => {
    const queue = new ShardQueue(0)
    queue.begin({ shard: 0, logId: '0-0', fence: 1 })
    queue.addPage([], true)
    expect(queue.stage).toBe('live')
    const tip = QUEUED_ENTRIES_MAX + 50
    queue.hear(range(1, QUEUED_ENTRIES_MAX))
    queue.hear(range(QUEUED_ENTRIES_MAX + 1, tip))
    expect(queue.stage).toBe('behind')
    expect(queue.length).toBe(QUEUED_ENTRIES_MAX)
    queue.drop(QUEUED_ENTRIES_MAX)
    queue.addPage(range(QUEUED_ENTRIES_MAX + 1, tip), true)
    expect(queue.stage).toBe('live')
    expect(idsOf(queue.peek(1_000))).toEqual(idsOf(range(QUEUED_ENTRIES_MAX + 1, tip)))
  })

  it('reads on when more came by while it was behind than it could put aside', () => {
    const queue = new ShardQueue(0)
    queue.begin({ shard: 0, logId: '0-0', fence: 1 })
    const tip = QUEUED_ENTRIES_MAX + 1
    queue.hear(range(1, tip))
    queue.addPage([], true)
    expect(queue.stage).toBe('behind')
    queue.addPage(range(1, tip), true)
    expect(queue.stage).toBe('live')
    expect(queue.length).toBe(tip)
  })

  it('takes nothing that came before SQL was asked', () => {
    const queue = new ShardQueue(0)
    queue.hear(range(1, 3))
    queue.begin({ shard: 0, logId: '0-0', fence: 1 })
    queue.addPage([], true)
    expect(queue.length).toBe(0)
  })
})
