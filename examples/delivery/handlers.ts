/** What this subscriber does with a batch: one shipment for each reservation that was confirmed. */
import type { MessageOf } from '../../contracts/message.ts'
import type { TopicHandlers } from '../../platform/inbox/unitOfWork.ts'
import type { Transaction } from '../../platform/mysql/database.ts'

export const DELIVERY_TOPICS = ['seat_confirm'] as const

export const deliveryHandlers = {
  // The inbox has dropped what was handled before, so every message here is a new one.
  seat_confirm: (messages, unit) => insertShipments(unit.tx, messages),
} satisfies TopicHandlers

async function insertShipments(
  tx: Transaction,
  messages: readonly MessageOf<'seat_confirm'>[],
): Promise<void> {
  await tx.execute(
    'INSERT INTO shipments (reservation_id, show_id, customer_id, tickets) VALUES ?',
    [
      messages.map(({ payload: { reservationId, showId, customerId, tickets } }) => [
        reservationId,
        showId,
        customerId,
        tickets.length,
      ]),
    ],
  )
}
