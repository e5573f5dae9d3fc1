import { describe, expect, it } from 'vitest'
import { Gate } from './gate.ts'

describe('the gate', () => {
  it('is shut for every shard until somebody knows better', () => {
    const gate = new Gate(2)
    expect([gate.isOpen(0), gate.isOpen(1)]).toEqual([false, false])
    expect(gate.reasonOf(0)).toBe('unverified')
    expect(() => gate.demand(0)).toThrow('STATE_UNKNOWN: s00 is shut: unverified')
  })

  it('opens and shuts each shard for itself, and tells every change once', () => {
    const gate = new Gate(2)
    const heard: string[] = []
    const stop = gate.subscribe({
      opened: (shard, epoch) => heard.push(`${shard} opened ${epoch}`),
      shut: (shard, reason) => heard.push(`${shard} shut ${reason}`),
    })
    gate.open(1, '5-0')
    gate.open(1, '5-0')
    gate.refuse(1, 'no_epoch')
    gate.refuse(1, 'no_epoch')
    gate.open(1, '6-0')
    gate.open(1, '7-0')
    expect(gate.epochOf(1)).toBe('7-0')
    gate.demand(1)
    expect(gate.isOpen(0)).toBe(false)
    stop()
    gate.refuse(1, 'redis_unavailable')
    expect(heard).toEqual(['1 opened 5-0', '1 shut no_epoch', '1 opened 6-0', '1 opened 7-0'])
  })

  it('lets one wait for an opening, for a limited time', async () => {
    const gate = new Gate(1)
    const waiting = gate.whenOpen(0, { timeoutMs: 1_000 })
    gate.open(0, '1-0')
    expect(await waiting).toBe(true)
    expect(await gate.whenOpen(0, { timeoutMs: 0 })).toBe(true)
    gate.refuse(0, 'no_epoch')
    expect(await gate.whenOpen(0, { timeoutMs: 1 })).toBe(false)
  })

  it('knows no other shards', () => {
    expect(() => new Gate(2).isOpen(2)).toThrow(RangeError)
  })
})
