/** How many records lie in the dead-letter and parking topics that a service's messages end in. */
import { deadLetterTopicOf, parkingTopicOf, type Topic } from '../../contracts/topics.ts'
import type { Metrics } from '../metrics.ts'
import type { KafkaConnection } from './connection.ts'
import { recordsIn } from './topicSizes.ts'

/** The broker is asked at most this often, however many scrape. */
const CACHE_MS = 10_000

/** Registers the gauges. The broker is asked when the metrics are read, and at no other time. */
export function deadLetterGauges(
  metrics: Metrics,
  options: { connection: KafkaConnection; topics: readonly Topic[] },
): void {
  const { connection, topics } = options
  const names = topics.flatMap((topic) => [deadLetterTopicOf(topic), parkingTopicOf(topic)])
  let asked: { atMs: number; counts: Promise<ReadonlyMap<string, number> | null> } | null = null
  const counted = (): Promise<ReadonlyMap<string, number> | null> => {
    const atMs = performance.now()
    if (!asked || atMs - asked.atMs > CACHE_MS) {
      // The other metrics are wanted most of all while the broker is away.
      asked = { atMs, counts: recordsIn(connection, names).catch(() => null) }
    }
    return asked.counts
  }
  const gauge = (
    name: 'holdfast_dead_letter_records' | 'holdfast_parked_records',
    help: string,
    placeOf: (topic: Topic) => string,
  ) =>
    metrics.gauge(name, help, {
      labelNames: ['topic'],
      async collect(it) {
        const counts = await counted()
        for (const topic of topics) it.set({ topic }, counts?.get(placeOf(topic)) ?? Number.NaN)
      },
    })
  gauge('holdfast_dead_letter_records', 'Records in the dead-letter topic', deadLetterTopicOf)
  gauge('holdfast_parked_records', 'Records that failed too often to be replayed', parkingTopicOf)
}
