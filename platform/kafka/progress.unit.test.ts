import { describe, expect, it } from 'vitest'
import { Progress, SILENT_MS, STUCK_MS } from './progress.ts'

const part = { topic: 'seat_confirm', partition: 1 } as const

function joined() {
  const clock = { now: 0 }
  const progress = new Progress(() => clock.now)
  progress.assigned({ seat_confirm: [0, 1] })
  return { clock, progress }
}

describe('Progress', () => {
  it('commits one more than the last settled offset, once', () => {
    const { progress } = joined()
    progress.settled({ ...part, offset: '9' })
    progress.settled({ ...part, offset: '10' })
    const taken = progress.takeUncommitted()
    expect(taken.offsets).toEqual([{ ...part, offset: '11' }])
    expect(progress.takeUncommitted().offsets).toEqual([])
  })

  it('commits again what failed, unless something newer was settled', () => {
    const { progress } = joined()
    progress.settled({ ...part, offset: '9' })
    progress.settled({ ...part, partition: 0, offset: '3' })
    const taken = progress.takeUncommitted()
    progress.settled({ ...part, offset: '12' })
    progress.putBack(taken)
    expect(progress.takeUncommitted().offsets).toEqual([
      { ...part, offset: '13' },
      { ...part, partition: 0, offset: '4' },
    ])
  })

  it('never commits for an earlier membership', () => {
    const { progress } = joined()
    progress.settled({ ...part, offset: '9' })
    const taken = progress.takeUncommitted()
    progress.settled({ ...part, offset: '10' })
    progress.assigned({ seat_confirm: [1] })
    progress.putBack(taken)
    expect(progress.takeUncommitted().offsets).toEqual([])
  })

  it('tells the lag per topic and forgets partitions that are gone', () => {
    const { progress } = joined()
    progress.handed({ ...part, highWatermark: '100' })
    progress.settled({ ...part, offset: '89' })
    progress.handed({ ...part, partition: 0, highWatermark: '50' })
    progress.settled({ ...part, partition: 0, offset: '49' })
    expect(progress.lagByTopic()).toEqual(new Map([['seat_confirm', 10]]))
    progress.assigned({ seat_confirm: [0] })
    expect(progress.lagByTopic()).toEqual(new Map([['seat_confirm', 0]]))
  })

  it('is not ready before the group is joined and after a crash', () => {
    const fresh = new Progress(() => 0)
    expect(fresh.check().ok).toBe(false)
    const { progress } = joined()
    expect(progress.check().ok).toBe(true)
    progress.left()
    expect(progress.check().ok).toBe(false)
  })

  it('is not ready while fetched messages are not being settled', () => {
    const { clock, progress } = joined()
    progress.handed({ ...part, highWatermark: '10' })
    clock.now += STUCK_MS + 1
    expect(progress.check()).toMatchObject({ ok: false })
    progress.settled({ ...part, offset: '5' })
    expect(progress.check()).toMatchObject({ ok: true })
    progress.released(part)
    expect(progress.check()).toMatchObject({ ok: true })
  })

  it('is not ready when nothing is fetched any more', () => {
    const { clock, progress } = joined()
    clock.now += SILENT_MS + 1
    expect(progress.check()).toMatchObject({ ok: false })
    progress.fetched()
    expect(progress.check()).toMatchObject({ ok: true })
  })
})
