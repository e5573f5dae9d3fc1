/** Dead letters as a stream: read once, from oldest to newest in each partition. */
import { deadLetterTopicOf } from '../../contracts/topics.ts'
import type { KafkaConnection } from '../../platform/kafka/connection.ts'
import { type Stretch, scan, wholeTopics } from '../../platform/kafka/scan.ts'
import { UsageError } from '../cli/failure.ts'
import { type Filters, passes } from './filters.ts'
import {
  DEAD_LETTER_TOPICS,
  type Letter,
  letterIdOf,
  letterOf,
  type Place,
  parseLetterId,
} from './letter.ts'

export interface ReadOptions {
  connection: KafkaConnection
  filters: Filters
  /** Told once, before the first letter. */
  onBegin?: (stretches: readonly Stretch[]) => void
  /** Told how many records of a batch did not pass the filters. */
  onPassedOver?: (records: number) => void
  /** Letters that pass the filters. What it resolves false to ends the reading. */
  each: (letters: Letter[]) => Promise<boolean> | boolean
}

class Enough extends Error {}

/** @throws OperationalError KAFKA_UNAVAILABLE, or whatever `each` throws */
export async function readLetters(options: ReadOptions): Promise<void> {
  const { connection, filters, onBegin, onPassedOver, each } = options
  const { topic } = filters
  const topics = topic === undefined ? DEAD_LETTER_TOPICS : [deadLetterTopicOf(topic)]
  try {
    await scan({
      connection,
      async stretches(admin) {
        const stretches = (await wholeTopics(admin, topics)).map((one) => narrowed(one, filters))
        onBegin?.(stretches)
        return stretches
      },
      async each(records) {
        const letters = records.map(letterOf).filter((letter) => passes(letter, filters))
        onPassedOver?.(records.length - letters.length)
        if (letters.length > 0 && !(await each(letters))) throw new Enough()
      },
    })
  } catch (error) {
    if (!(error instanceof Enough)) throw error
  }
}

/** Offsets that the filters leave out need not be fetched. */
function narrowed(stretch: Stretch, { fromOffset, toOffset }: Filters): Stretch {
  const from = BigInt(fromOffset ?? 0)
  const next = from > stretch.next ? from : stretch.next
  const past = toOffset === undefined ? stretch.end : BigInt(toOffset) + 1n
  return { ...stretch, next, end: past < stretch.end ? past : stretch.end }
}

/**
 * The letters with these ids, in no particular order; those that Kafka no longer has are missing.
 *
 * @throws OperationalError KAFKA_UNAVAILABLE
 */
export async function findLetters(
  connection: KafkaConnection,
  ids: readonly string[],
): Promise<Map<string, Letter>> {
  const wanted = new Set(ids)
  const places = ids.map(parseLetterId)
  const found = new Map<string, Letter>()
  await scan({
    connection,
    stretches: async (admin) => {
      const topics = [...new Set(places.map(({ topic }) => deadLetterTopicOf(topic)))]
      return (await wholeTopics(admin, topics)).map((one) => aroundPlaces(one, places))
    },
    each(records) {
      for (const record of records) {
        const letter = letterOf(record)
        if (wanted.has(letter.id)) found.set(letter.id, letter)
      }
    },
  })
  return found
}

/** From the first to the last of the places that lie in the partition. */
function aroundPlaces(stretch: Stretch, places: readonly Place[]): Stretch {
  let first: bigint | null = null
  let last: bigint | null = null
  for (const { topic, partition, offset } of places) {
    if (partition !== stretch.partition || deadLetterTopicOf(topic) !== stretch.topic) continue
    if (first === null || offset < first) first = offset
    if (last === null || offset > last) last = offset
  }
  if (first === null || last === null) return { ...stretch, end: stretch.next }
  const next = first > stretch.next ? first : stretch.next
  const end = last + 1n < stretch.end ? last + 1n : stretch.end
  return { ...stretch, next, end }
}

/** One letter. @throws UsageError when there is none of that id */
export async function findLetter(connection: KafkaConnection, text: string): Promise<Letter> {
  const place = parseLetterId(text)
  const id = letterIdOf(place)
  const letter = (await findLetters(connection, [id])).get(id)
  if (letter) return letter
  throw new UsageError(
    `there is no record ${id}: the broker has none at that place, or keeps it no longer`,
  )
}
