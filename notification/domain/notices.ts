/**
 * What a customer is told about one reservation, and when silence is better: a word that is older
 * than the last one said is dropped, and after "refunded" nothing more is said.
 */
import { compareLogIds } from '../../contracts/ids.ts'
import { type CancelReason, isUnpaid } from '../../contracts/payloads.ts'

export const NOTICE_KINDS = [
  'confirmed',
  'payment_failed',
  'cancelled',
  'expired',
  'refunded',
] as const
export type NoticeKind = (typeof NOTICE_KINDS)[number]

export interface Conversation {
  /** Log id of the seat service's last word that was passed on; null before the first. */
  lastLogId: string | null
  isRefunded: boolean
}

export type NoticeInput =
  | { topic: 'seat_confirm'; logId: string }
  | { topic: 'seat_cancel'; logId: string; reason: CancelReason }
  | { topic: 'seat_expired'; logId: string }
  | { topic: 'payment_refund' }

export interface NoticeDecision {
  say: NoticeKind
  conversation: Conversation
}

/** The notice that `input` calls for, or null when it must stay unsaid. */
export function decideNotice(
  conversation: Conversation | null,
  input: NoticeInput,
): NoticeDecision | null {
  if (conversation?.isRefunded) return null
  if (input.topic === 'payment_refund') {
    const lastLogId = conversation?.lastLogId ?? null
    return { say: 'refunded', conversation: { lastLogId, isRefunded: true } }
  }
  const last = conversation?.lastLogId
  if (last && compareLogIds(input.logId, last) <= 0) return null
  return { say: kindOf(input), conversation: { lastLogId: input.logId, isRefunded: false } }
}

function kindOf(input: Exclude<NoticeInput, { topic: 'payment_refund' }>): NoticeKind {
  switch (input.topic) {
    case 'seat_confirm':
      return 'confirmed'
    case 'seat_expired':
      return 'expired'
    case 'seat_cancel':
      return isUnpaid(input.reason) ? 'payment_failed' : 'cancelled'
    default:
      throw new TypeError(`unknown input ${input satisfies never}`)
  }
}
