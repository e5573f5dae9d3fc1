/**
 * Counts and durations of requests by route and status. Prometheus's own histogram hashes its
 * labels for every observation; this one adds to arrays that were found once.
 */
import type { Metric } from 'prom-client'
import type { Metrics } from '../../platform/metrics.ts'

export const BUCKETS_S = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30]

interface Series {
  readonly counts: Uint32Array
  sumS: number
  total: number
}

interface Sample {
  metricName: string
  labels: Record<string, string | number>
  value: number
}

export class RequestMetrics {
  readonly name = 'holdfast_http_request_seconds'
  readonly help = 'Time from the end of the request head to the answer, by route and status'
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  /** By status within each route; status 0 is a client that went away. */
  readonly #series = new Map<string, Map<number, Series>>()

  constructor(metrics: Metrics) {
    if (metrics.registry.getSingleMetric(this.name)) {
      throw new TypeError('one server per registry')
    }
    // The registry asks a metric for no more than its name and what get() answers.
    metrics.registry.registerMetric(this as unknown as Metric)
  }

  observe(route: string, status: number, durationMs: number): void {
    const series = this.#seriesOf(route, status)
    const durationS = durationMs / 1000
    let bucket = 0
    while (bucket < BUCKETS_S.length && durationS > (BUCKETS_S[bucket] as number)) bucket++
    series.counts[bucket] = (series.counts[bucket] as number) + 1
    series.sumS += durationS
    series.total += 1
  }

  /** The registry's reader calls this. Buckets are cumulative, as Prometheus wants them. */
  get() {
    const values: Sample[] = []
    for (const [route, byStatus] of this.#series) {
      for (const [status, series] of byStatus) this.#addSamples(values, { route, status }, series)
    }
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values }
  }

  reset(): void {
    this.#series.clear()
  }

  #seriesOf(route: string, status: number): Series {
    let byStatus = this.#series.get(route)
    if (!byStatus) {
      byStatus = new Map()
      this.#series.set(route, byStatus)
    }
    let series = byStatus.get(status)
    if (!series) {
      series = { counts: new Uint32Array(BUCKETS_S.length + 1), sumS: 0, total: 0 }
      byStatus.set(status, series)
    }
    return series
  }

  #addSamples(values: Sample[], of: { route: string; status: number }, series: Series): void {
    let cumulative = 0
    for (const [at, count] of series.counts.entries()) {
      cumulative += count
      const labels = { le: BUCKETS_S[at] ?? '+Inf', ...of }
      values.push({ metricName: `${this.name}_bucket`, labels, value: cumulative })
    }
    values.push({ metricName: `${this.name}_sum`, labels: of, value: series.sumS })
    values.push({ metricName: `${this.name}_count`, labels: of, value: series.total })
  }
}
