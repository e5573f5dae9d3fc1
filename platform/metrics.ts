/** Numbers for Prometheus. One instance per process; it is served by health.ts. */
import {
  Counter,
  Gauge,
  Histogram,
  type Counter as PromCounter,
  type Gauge as PromGauge,
  type Histogram as PromHistogram,
  Registry,
} from 'prom-client'

/** A figure that takes longer is left as it was: a store that hangs must not hide all the others. */
const COLLECT_MS_MAX = 500

const limit = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, COLLECT_MS_MAX).unref())

export type MetricName = `holdfast_${string}`

/** Latencies of local work: from a tenth of a millisecond to half a minute, in seconds. */
export const SECONDS_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]
/** Sizes of batches. */
export const COUNT_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]

/**
 * A registry with helpers that answer the same metric when asked twice for one name, so that two
 * instances of a class in one process share it. Process figures are computed when they are read:
 * prom-client's default metrics keep an event-loop probe that wakes an idle process.
 */
export class Metrics {
  readonly registry = new Registry()

  constructor() {
    this.gauge('holdfast_process_resident_bytes', 'Resident memory', {
      collect: (gauge) => gauge.set(process.memoryUsage.rss()),
    })
    new Counter({
      name: 'holdfast_process_cpu_seconds_total',
      help: 'CPU time used since the start',
      registers: [this.registry],
      collect() {
        const { user, system } = process.cpuUsage()
        this.reset()
        this.inc((user + system) / 1e6)
      },
    })
    this.gauge('holdfast_process_uptime_seconds', 'Age of the process', {
      collect: (gauge) => gauge.set(process.uptime()),
    })
  }

  /** A number that only grows. */
  counter(name: MetricName, help: string, labelNames: readonly string[] = []): PromCounter<string> {
    const known = this.registry.getSingleMetric(name)
    if (known) return known as PromCounter<string>
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] })
  }

  /** A number that goes up and down. `collect` sets it whenever the metrics are read. */
  gauge(
    name: MetricName,
    help: string,
    options: {
      labelNames?: readonly string[]
      collect?: (gauge: PromGauge<string>) => void | Promise<void>
    } = {},
  ): PromGauge<string> {
    const known = this.registry.getSingleMetric(name)
    if (known) return known as PromGauge<string>
    const { labelNames = [], collect } = options
    return new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      ...(collect && {
        async collect() {
          await Promise.race([collect(this), limit()])
        },
      }),
    })
  }

  /** A distribution; buckets in seconds unless given otherwise. */
  histogram(
    name: MetricName,
    help: string,
    options: { labelNames?: readonly string[]; buckets?: readonly number[] } = {},
  ): PromHistogram<string> {
    const known = this.registry.getSingleMetric(name)
    if (known) return known as PromHistogram<string>
    const { labelNames = [], buckets = SECONDS_BUCKETS } = options
    return new Histogram({
      name,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [this.registry],
    })
  }
}
