/** What other services would say, for tests: messages about a reservation, on real Kafka. */
import { encodeMessage, type Message } from '../../contracts/message.ts'
import type { CancelReason } from '../../contracts/payloads.ts'
import type { Topic } from '../../contracts/topics.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { KafkaProducer } from '../../platform/kafka/producer.ts'
import { createLog } from '../../platform/log.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { SAGA_TOPICS } from '../saga/handler.ts'
import type { Show } from '../shows/show.ts'
import { ticketsOf } from './engine.ts'

const TIME = '2026-11-21T10:00:00.000Z'
let serial = 0

function snapshotOf(record: ReservationRecord, show: Show) {
  return {
    reservationId: record.reservationId,
    showId: show.showId,
    customerId: record.customerId,
    seatIds: record.seats.map((index) => show.layout.seatIdAt(index)),
    amount: record.amount,
  }
}

const envelope = () => {
  serial += 1
  return { id: `test-${process.pid}-${serial}`, source: '/ticket', time: TIME }
}

export const ticketConfirm = (record: ReservationRecord, show: Show): Message => ({
  ...envelope(),
  topic: 'ticket_confirm',
  payload: { ...snapshotOf(record, show), paymentId: 'pay-1', tickets: ticketsOf(record, show) },
})

export const ticketCancel = (
  record: ReservationRecord,
  show: Show,
  reason: CancelReason,
): Message => ({
  ...envelope(),
  topic: 'ticket_cancel',
  payload: { ...snapshotOf(record, show), reason, paymentId: 'pay-1' },
})

export const paymentRefund = (record: ReservationRecord, show: Show): Message => ({
  ...envelope(),
  topic: 'payment_refund',
  payload: {
    ...snapshotOf(record, show),
    ...{ paymentId: 'pay-1', refundId: 'refund-1', reason: 'seat_conflict' },
  },
})

export interface OtherServices {
  publish(...messages: Message[]): Promise<void>
  /** Messages of the saga's topics that the group has not committed yet. */
  uncommitted(group: string): Promise<number>
  /** Begins a group at the ends of the topics: what other tests said before is not for it. */
  skipToEnd(group: string): Promise<void>
  /** Records of a topic so far. */
  count(topic: Topic | `${Topic}.DLQ`): Promise<number>
  stop(): Promise<void>
}

export async function startOtherServices(brokers: string): Promise<OtherServices> {
  const log = createLog('other-services', 'silent')
  const connection = new KafkaConnection({ brokers, clientId: 'other-services', log })
  const producer = new KafkaProducer({ connection })
  await producer.start()
  const admin = connection.admin()
  await admin.connect()
  // A new broker makes the topic of the offsets with the first question about a group.
  await waitFor(
    'the group coordinator',
    async () => {
      await admin.fetchOffsets({ groupId: 'other-services', topics: [...SAGA_TOPICS] })
      return true
    },
    { timeoutMs: 60_000 },
  )
  const endsOf = async (topic: string) =>
    new Map((await admin.fetchTopicOffsets(topic)).map((one) => [one.partition, Number(one.high)]))
  return {
    publish: (...messages) =>
      producer.send(
        messages.map((message) => ({
          topic: message.topic,
          key: message.payload.reservationId,
          value: encodeMessage(message),
        })),
      ),
    async uncommitted(group) {
      let count = 0
      const committed = await admin.fetchOffsets({ groupId: group, topics: [...SAGA_TOPICS] })
      for (const { topic, partitions } of committed) {
        const ends = await endsOf(topic)
        for (const { partition, offset } of partitions) {
          count += (ends.get(partition) ?? 0) - Math.max(0, Number(offset))
        }
      }
      return count
    },
    async skipToEnd(groupId) {
      // admin.setOffsets would do the same in five seconds per topic.
      const consumer = connection.client().consumer({ groupId, maxWaitTimeInMs: 100 })
      await consumer.connect()
      await consumer.subscribe({ topics: [...SAGA_TOPICS] })
      const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
      await consumer.run({ autoCommit: false, eachMessage: async () => {} })
      await joined
      for (const topic of SAGA_TOPICS) {
        const offsets = [...(await endsOf(topic))].map(([partition, end]) => ({
          ...{ topic, partition, offset: String(end) },
        }))
        await consumer.commitOffsets(offsets)
      }
      await consumer.disconnect()
    },
    async count(topic) {
      return [...(await endsOf(topic)).values()].reduce((sum, end) => sum + end, 0)
    },
    async stop() {
      await admin.disconnect()
      await producer.stop()
    },
  }
}
