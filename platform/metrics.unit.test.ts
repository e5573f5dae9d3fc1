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

  it('are called total where they only grow, and only there', async () => {
    const known = await new Metrics().registry.getMetricsAsJSON()
    expect(known.length).toBeGreaterThan(2)
    for (const { name, type } of known) {
      expect({ name, isTotal: name.endsWith('_total') }).toEqual({
        name,
        isTotal: String(type) === 'counter',
      })
    }
    const cpu = known.find(({ name }) => name === 'holdfast_process_cpu_seconds_total')
    expect(cpu?.values[0]?.value).toBeGreaterThan(0)
  })
})
