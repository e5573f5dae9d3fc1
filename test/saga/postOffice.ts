/**
 * The worst Kafka allowed: every message is delivered to every group that listens, and delivered
 * twice, in any order, in batches of any size. It stands in for the broker because no real one can
 * be made to reorder at will; the rest of the saga is real.
 */
import { TOPIC_FACTS } from '../../contracts/asyncapi.ts'
import { decodeMessage, type Message } from '../../contracts/message.ts'
import type { MessageFact } from '../../operator/checker/facts.ts'
import { isDependencyDown } from '../../platform/errors.ts'
import type { Apply } from '../../platform/kafka/consumer.ts'
import type { OutgoingRecord, RecordSender } from '../../platform/kafka/producer.ts'

const COPIES = 2
const BATCH_MAX = 12

export type Dice = () => number

/** A small seeded generator (mulberry32), so that a failing order can be named. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export class PostOffice implements RecordSender {
  private readonly dice: Dice
  private readonly bags = new Map<string, Message[]>()
  private readonly seen = new Map<string, MessageFact>()
  delivered = 0

  constructor(dice: Dice) {
    this.dice = dice
  }

  /** What an outbox publishes comes here. */
  async send(records: readonly OutgoingRecord[]): Promise<void> {
    for (const record of records) this.post(record)
  }

  private post({ topic, value }: OutgoingRecord): void {
    const decoded = decodeMessage(topic, value)
    if (!decoded.ok) throw new TypeError(`${topic}: ${decoded.reason}`)
    const { message } = decoded
    const { reservationId } = message.payload
    this.seen.set(message.id, { eventId: message.id, topic, reservationId })
    for (const group of TOPIC_FACTS[message.topic].consumers) {
      const bag = this.bags.get(group) ?? []
      for (let copy = 0; copy < COPIES; copy += 1) bag.push(message)
      this.bags.set(group, bag)
    }
  }

  /** Every message that was ever posted, once. */
  messages(): MessageFact[] {
    return [...this.seen.values()]
  }

  /** Messages that are still to be delivered. */
  get waiting(): number {
    return [...this.bags.values()].reduce((sum, bag) => sum + bag.length, 0)
  }

  /** Hands some messages to one of the groups; a group that cannot act now gets them later. */
  async deliverSome(applies: ReadonlyMap<string, Apply>): Promise<void> {
    const groups = [...this.bags].filter(([, bag]) => bag.length > 0)
    const [group, bag] = groups[Math.floor(this.dice() * groups.length)] ?? []
    if (!group || !bag) return
    const batch = this.draw(bag, 1 + Math.floor(this.dice() * BATCH_MAX))
    try {
      await applies.get(group)!(batch)
      this.delivered += batch.length
    } catch (error) {
      if (!isDependencyDown(error)) throw error
      bag.push(...batch)
    }
  }

  private draw(bag: Message[], count: number): Message[] {
    const batch: Message[] = []
    while (batch.length < count && bag.length > 0) {
      const at = Math.floor(this.dice() * bag.length)
      const last = bag.pop()!
      if (at >= bag.length) batch.push(last)
      else batch.push(bag[at]!)
      if (at < bag.length) bag[at] = last
    }
    return batch
  }
}
