/** The figures of one consumer. */
import type { Message } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import { COUNT_BUCKETS, type Metrics } from '../metrics.ts'

export interface ConsumerMetrics {
  applied(messages: readonly Message[], seconds: number): void
  buried(topic: Topic): void
  held(): void
  waited(): void
}

/** Registers the metrics of a consumer; `lag` answers the messages behind, per topic. */
export function consumerMetrics(
  metrics: Metrics,
  options: { group: string; lag: () => ReadonlyMap<Topic, number> },
): ConsumerMetrics {
  const { group, lag } = options
  const messages = metrics.counter('holdfast_consumer_messages_total', 'Messages handled', [
    'topic',
  ])
  const deadLetters = metrics.counter('holdfast_dead_letters_total', 'Messages given up', [
    'topic',
    'group',
  ])
  const retries = metrics.counter(
    'holdfast_consumer_retries_total',
    'Times a message failed alone and was left for later',
  )
  const waits = metrics.counter(
    'holdfast_consumer_waits_total',
    'Times a batch waited for a dependency that was down',
  )
  const batches = metrics.histogram('holdfast_consumer_batch_messages', 'Messages per batch', {
    buckets: COUNT_BUCKETS,
  })
  const seconds = metrics.histogram('holdfast_consumer_batch_seconds', 'Time to handle a batch')
  metrics.gauge('holdfast_consumer_lag', 'Messages not yet handled, as of the last fetch', {
    labelNames: ['topic'],
    collect: (gauge) => {
      gauge.reset()
      for (const [topic, count] of lag()) gauge.set({ topic }, count)
    },
  })
  return {
    applied(batch, took) {
      for (const [topic, count] of countsOf(batch)) messages.inc({ topic }, count)
      batches.observe(batch.length)
      seconds.observe(took)
    },
    buried: (topic) => deadLetters.inc({ topic, group }),
    held: () => retries.inc(),
    waited: () => waits.inc(),
  }
}

function countsOf(batch: readonly Message[]): Map<Topic, number> {
  const counts = new Map<Topic, number>()
  for (const { topic } of batch) counts.set(topic, (counts.get(topic) ?? 0) + 1)
  return counts
}
