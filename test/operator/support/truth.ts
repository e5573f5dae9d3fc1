/**
 * What each dead letter would do, by what the checker gathers alone: the record of the provider,
 * the inboxes, the owners of the seats. Knows nothing of the labels' own reasoning, and only the
 * kinds of messages that the disaster leaves behind.
 */
import type { Facts } from '../../../operator/checker/facts.ts'
import type { Label } from '../../../operator/labels/situation.ts'
import type { PlanRecord } from '../../../operator/plan/planFile.ts'

export function truthOf(record: PlanRecord, facts: Facts): Label {
  const { messageId, topic, group, reservationId } = record
  if (messageId === null) return 'invalid'
  if (facts.inbox.some((one) => one.group === group && one.eventId === messageId)) {
    return 'already applied'
  }
  const isCaptured = facts.provider.some((one) => one.reservationId === reservationId)
  if (topic === 'payment_fail') return isCaptured ? 'human' : 'apply'
  if (topic !== 'payment_create') throw new Error(`the disaster leaves no ${topic}`)
  if (!isCaptured) return 'human'
  return isAnyoneElseIn(facts, reservationId ?? '') ? 'superseded' : 'apply'
}

/** Somebody else owns a seat of the reservation. */
function isAnyoneElseIn({ records, seats }: Facts, reservationId: string): boolean {
  const record = records.find((one) => one.reservationId === reservationId)
  return seats.some(
    ({ showId, index, owner }) =>
      showId === record?.showId && record.seats.includes(index) && owner.slice(1) !== reservationId,
  )
}
