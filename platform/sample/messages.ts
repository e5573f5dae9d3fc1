/** Messages for tests of this folder: each with a reservation of its own. */
import { randomBytes, randomUUID } from 'node:crypto'
import { reservationIdOf } from '../../contracts/ids.ts'
import { encodeMessage, type Message, type MessageOf } from '../../contracts/message.ts'
import type { OutgoingRecord } from '../kafka/producer.ts'

const BASE = {
  showId: 'sample',
  customerId: 'customer',
  seatIds: ['A-1-1'],
  amount: { currency: 'KRW', value: 1_000 },
}

/** A ticket_cancel for a new reservation, or for the given one. */
export function cancelMessage(
  reservationId = reservationIdOf(0, randomBytes(16)),
): MessageOf<'ticket_cancel'> {
  return {
    id: randomUUID(),
    topic: 'ticket_cancel',
    source: '/ticket',
    time: new Date().toISOString(),
    payload: { ...BASE, reservationId, reason: 'seat_conflict' },
  }
}

/** The record of a message. */
export function recordOf(
  message: Message,
  headers: Readonly<Record<string, string>> = {},
): OutgoingRecord {
  const { topic, payload } = message
  return { topic, key: payload.reservationId, value: encodeMessage(message), headers }
}
