/**
 * What the notification service does with a batch: it decides which notices are called for, keeps
 * them, and wakes the delivery once they are committed.
 */
import { logIdOfEvent } from '../contracts/ids.ts'
import type { MessageOf } from '../contracts/message.ts'
import type { TopicHandlers, UnitOfWork } from '../platform/inbox/unitOfWork.ts'
import { decideNotice, type NoticeInput, type NoticeKind } from './domain/notices.ts'
import type { NoticeFacts } from './mail/facts.ts'
import {
  type ConversationChange,
  insertNotifications,
  lockConversations,
  type NewNotification,
  notificationKeyOf,
  type StoredConversation,
  writeConversations,
} from './store.ts'

export const NOTICE_TOPICS = [
  'seat_confirm',
  'seat_cancel',
  'seat_expired',
  'payment_refund',
] as const
export type NoticeTopic = (typeof NOTICE_TOPICS)[number]

type NoticeMessage = { [T in NoticeTopic]: MessageOf<T> }[NoticeTopic]

export interface HandlerOptions {
  /** Called after the commit with the keys of new notifications. Must not throw. */
  wake: (keys: readonly string[]) => void
}

export function noticeHandlers(options: HandlerOptions) {
  const notify = (messages: readonly NoticeMessage[], unit: UnitOfWork): Promise<void> =>
    decideBatch(messages, unit, options)
  return {
    seat_confirm: notify,
    seat_cancel: notify,
    seat_expired: notify,
    payment_refund: notify,
  } satisfies TopicHandlers
}

async function decideBatch(
  messages: readonly NoticeMessage[],
  unit: UnitOfWork,
  { wake }: HandlerOptions,
): Promise<void> {
  const { tx } = unit
  const stored = await lockConversations(
    tx,
    messages.map((message) => message.payload.reservationId),
  )
  const known = new Map(stored.map((one) => [one.reservationId, one]))
  const isKnown = new Set(known.keys())
  const changes = new Map<string, ConversationChange>()
  const notifications: NewNotification[] = []
  for (const message of messages) {
    const { reservationId } = message.payload
    const before = known.get(reservationId) ?? null
    const decision = decideNotice(before, inputOf(message))
    if (!decision) continue
    const facts = factsOf(message, decision.say)
    const conversation = continued(before, { reservationId, ...decision })
    known.set(reservationId, conversation)
    changes.set(reservationId, { conversation, facts, isNew: !isKnown.has(reservationId) })
    if (before?.said.includes(decision.say)) continue
    notifications.push({ key: notificationKeyOf(reservationId, decision.say), facts })
  }
  await writeConversations(tx, [...changes.values()])
  await insertNotifications(tx, notifications)
  if (notifications.length > 0) {
    unit.afterCommit(() => wake(notifications.map((notification) => notification.key)))
  }
}

/** The conversation after one more word. */
function continued(
  before: StoredConversation | null,
  next: Pick<StoredConversation, 'reservationId'> & {
    say: NoticeKind
    conversation: { lastLogId: string | null; isRefunded: boolean }
  },
): StoredConversation {
  const said = new Set(before?.said).add(next.say)
  return {
    reservationId: next.reservationId,
    ...next.conversation,
    said: [...said],
    lastKind: next.say,
  }
}

function inputOf(message: NoticeMessage): NoticeInput {
  switch (message.topic) {
    case 'payment_refund':
      return { topic: 'payment_refund' }
    case 'seat_cancel':
      return { topic: 'seat_cancel', logId: logIdOf(message), reason: message.payload.reason }
    case 'seat_confirm':
      return { topic: 'seat_confirm', logId: logIdOf(message) }
    case 'seat_expired':
      return { topic: 'seat_expired', logId: logIdOf(message) }
    default:
      return unreachable(message)
  }
}

/** The seat service's words are ordered by the log that they come from. */
function logIdOf({ id, topic }: NoticeMessage): string {
  const logId = logIdOfEvent(id)
  if (logId === null) throw new TypeError(`a ${topic} is named ${id}, which is no log entry`)
  return logId
}

function factsOf({ payload, topic }: NoticeMessage, kind: NoticeKind): NoticeFacts {
  const { reservationId, showId, customerId, seatIds, amount, contact, show } = payload
  return {
    kind,
    reservationId,
    showId,
    customerId,
    seatIds,
    amount,
    ...(contact && { email: contact.email }),
    ...(contact?.locale && { locale: contact.locale }),
    ...(show && { show: { name: show.name, startsAt: show.startsAt } }),
    ...('tickets' in payload && { tickets: payload.tickets }),
    ...('reason' in payload && { reason: payload.reason }),
    ...(topic === 'seat_expired' && 'phase' in payload && { phase: payload.phase }),
  }
}

function unreachable(message: never): never {
  throw new TypeError(`no notice is made of ${JSON.stringify(message)}`)
}
