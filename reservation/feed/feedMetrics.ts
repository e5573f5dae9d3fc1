/** What the feed tells Prometheus. */
import type { Metrics } from '../../platform/metrics.ts'

export class FeedMetrics {
  readonly #deltas
  readonly #deliveries
  readonly #closes
  readonly #refusals
  readonly #answers
  readonly #commands
  readonly #publishSeconds

  constructor(metrics: Metrics, of: { connections: () => number; subscriptions: () => number }) {
    metrics.gauge('holdfast_feed_connections', 'WebSocket connections', {
      collect: (gauge) => gauge.set(of.connections()),
    })
    metrics.gauge('holdfast_feed_subscriptions', 'Shows followed, over all connections', {
      collect: (gauge) => gauge.set(of.subscriptions()),
    })
    this.#deltas = metrics.counter('holdfast_feed_deltas_total', 'Deltas that were published')
    this.#deliveries = metrics.counter(
      'holdfast_feed_deliveries_total',
      'Deltas times the connections that they were published to',
    )
    this.#closes = metrics.counter('holdfast_feed_closes_total', 'Connections that ended', ['code'])
    this.#refusals = metrics.counter(
      'holdfast_feed_refusals_total',
      'Connections refused before the upgrade, by problem',
      ['code'],
    )
    this.#answers = metrics.counter('holdfast_feed_answers_total', 'Subscriptions, by answer', [
      'kind',
    ])
    this.#commands = metrics.counter('holdfast_feed_commands_total', 'Commands, by outcome', [
      'op',
      'outcome',
    ])
    this.#publishSeconds = metrics.histogram(
      'holdfast_feed_publish_seconds',
      'From a change’s commit in Redis to its publication',
    )
  }

  published(deliveries: number): void {
    this.#deltas.inc()
    this.#deliveries.inc(deliveries)
  }

  /** @param ageMs of a change, when it was published */
  publishedChange(ageMs: number): void {
    this.#publishSeconds.observe(ageMs / 1_000)
  }

  closed(code: number): void {
    this.#closes.inc({ code })
  }

  refused(code: string): void {
    this.#refusals.inc({ code })
  }

  subscribed(kind: 'snapshot' | 'resumed'): void {
    this.#answers.inc({ kind })
  }

  answered(op: string, outcome: string): void {
    this.#commands.inc({ op, outcome })
  }
}
