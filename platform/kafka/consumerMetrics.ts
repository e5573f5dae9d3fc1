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
  const hops = metrics.histogram(
    'holdfast_saga_hop_seconds',
    'From the change that a message tells of to its effect here',
    { labelNames: ['topic'] },
  )
  metrics.gauge('holdfast_consumer_lag', 'Messages not yet handled, as of the last fetch', {
    labelNames: ['topic'],
    collect: (gauge) => {
      gauge.reset()
      for (const [topic, count] of lag()) gauge.set({ topic }, count)
    },
  })
  return {
    applied(batch, took) {
      const nowMs = Date.now()
      for (const [topic, some] of byTopic(batch)) {
        messages.inc({ topic }, some.length)
        const hop = hops.labels({ topic })
        // Two clocks may differ by a little, and nothing takes less than no time.
        for (const { time } of some) hop.observe(Math.max(0, nowMs - Date.parse(time)) / 1_000)
      }
      batches.observe(batch.length)
      seconds.observe(took)
    },
    buried: (topic) => deadLetters.inc({ topic, group }),
    held: () => retries.inc(),
    waited: () => waits.inc(),
  }
}

function byTopic(batch: readonly Message[]): Map<Topic, Message[]> {
  const groups = new Map<Topic, Message[]>()
  for (const message of batch) {
    const group = groups.get(message.topic)
    if (group) group.push(message)
    else groups.set(message.topic, [message])
  }
  return groups
}
