import { describe, expect, it } from 'vitest'
import { Metrics } from './metrics.ts'

describe('metrics', () => {
  it('are served without the figure of a store that hangs', async () => {
    const metrics = new Metrics()
    metrics.gauge('holdfast_test_hanging', 'never collected', {
      collect: () => new Promise(() => {}),
    })
    metrics.gauge('holdfast_test_quick', 'collected', { collect: (gauge) => gauge.set(7) })
    expect(await metrics.registry.metrics()).toContain('holdfast_test_quick 7')
  })
})
