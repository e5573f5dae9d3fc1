/** The SQL of the notification service. A conversation's row lock guards what is said in it. */
import { type Queryable, SQL_NOW_MS, type Transaction } from '../platform/mysql/database.ts'
import { insertAll } from '../platform/mysql/insertAll.ts'
import { isDuplicateKey } from '../platform/mysql/sqlErrors.ts'
import type { Conversation, NoticeKind } from './domain/notices.ts'
import type { NoticeFacts } from './mail/facts.ts'

/** A conversation as it is stored. */
export interface StoredConversation extends Conversation {
  reservationId: string
  /** Every kind of notice that was said so far. */
  said: readonly NoticeKind[]
  lastKind: NoticeKind
}

/** A notice that was decided: its key is the reservation and its kind. */
export interface NewNotification {
  key: string
  facts: NoticeFacts
}

/** A notification that this process may now try to deliver, and nobody else. */
export interface ClaimedNotification extends NewNotification {
  /** How many attempts there have been, this one included. */
  attempts: number
  /** When the notice was decided, in ms. */
  createdAtMs: number
}

export const notificationKeyOf = (reservationId: string, kind: NoticeKind): string =>
  `${reservationId}.${kind}`

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Locks conversations, in the order of their ids. */
export async function lockConversations(
  tx: Transaction,
  reservationIds: Iterable<string>,
): Promise<StoredConversation[]> {
  const ids = [...new Set(reservationIds)].sort(byText)
  const rows = await tx.query<{
    reservation_id: string
    last_log_id: string | null
    last_kind: NoticeKind
    said: string
    is_refunded: number
  }>(
    `SELECT reservation_id, last_log_id, last_kind, said, is_refunded
     FROM conversations WHERE reservation_id IN (?) ORDER BY reservation_id FOR UPDATE`,
    [ids],
  )
  return rows.map((row) => ({
    reservationId: row.reservation_id,
    lastLogId: row.last_log_id,
    lastKind: row.last_kind,
    said: row.said.split(',') as NoticeKind[],
    isRefunded: row.is_refunded === 1,
  }))
}

/** A conversation to write; the facts of its last word tell show and amount. */
export interface ConversationChange {
  conversation: StoredConversation
  facts: NoticeFacts
  isNew: boolean
}

/**
 * Writes conversations. Known ones are locked. New ones are inserted plainly: when another
 * instance began one meanwhile (partitions were changing hands) the key says so, and ER_CHECKREAD,
 * the server's word for a row that changed since it was read, makes Database.transaction run the
 * whole work again.
 */
export async function writeConversations(
  tx: Transaction,
  changes: readonly ConversationChange[],
): Promise<void> {
  const inOrder = [...changes].sort((a, b) =>
    byText(a.conversation.reservationId, b.conversation.reservationId),
  )
  const nowMs = await tx.nowMs()
  const begun = inOrder.filter((change) => change.isNew)
  try {
    await insertAll(tx, { into: CONVERSATIONS, rows: begun.map((change) => rowOf(change, nowMs)) })
  } catch (cause) {
    if (!isDuplicateKey(cause)) throw cause
    throw Object.assign(new Error('lost a race', { cause }), { code: 'ER_CHECKREAD' })
  }
  const known = inOrder.filter((change) => !change.isNew)
  await insertAll(tx, {
    into: CONVERSATIONS,
    rows: known.map((change) => rowOf(change, nowMs)),
    tail: `ON DUPLICATE KEY UPDATE last_log_id = VALUES(last_log_id),
      last_kind = VALUES(last_kind), said = VALUES(said), is_refunded = VALUES(is_refunded),
      updated_at = VALUES(updated_at)`,
  })
}

const CONVERSATIONS = `conversations (reservation_id, show_id, last_log_id, last_kind, said,
  is_refunded, amount, currency, updated_at)`

const rowOf = ({ conversation, facts }: ConversationChange, nowMs: number) => [
  conversation.reservationId,
  facts.showId,
  conversation.lastLogId,
  conversation.lastKind,
  conversation.said.join(','),
  conversation.isRefunded ? 1 : 0,
  facts.amount.value,
  facts.amount.currency,
  nowMs,
]

/** Adds notifications that are due at once, by the SQL server's clock. */
export async function insertNotifications(
  tx: Transaction,
  notifications: readonly NewNotification[],
): Promise<void> {
  if (notifications.length === 0) return
  const nowMs = await tx.nowMs()
  await insertAll(tx, {
    into: `notifications (notification_key, reservation_id, kind, facts, due_at, created_at,
      updated_at)`,
    rows: notifications.map(({ key, facts }) => [
      key,
      facts.reservationId,
      facts.kind,
      JSON.stringify(facts),
      nowMs,
      nowMs,
      nowMs,
    ]),
  })
}

/**
 * Claims those of `keys` that are due, until `leaseMs` from now. Each claim counts as an attempt,
 * so that one which kills its sender every time comes to an end too.
 * @param claim a token that is used once
 */
export async function claimNotifications(
  db: Queryable,
  { keys, claim, leaseMs }: { keys: readonly string[]; claim: string; leaseMs: number },
): Promise<ClaimedNotification[]> {
  const { affectedRows } = await db.execute(
    `UPDATE notifications SET state = 'sending', claim = ?, attempts = attempts + 1,
       due_at = ${SQL_NOW_MS} + ?, updated_at = ${SQL_NOW_MS}
     WHERE notification_key IN (?) AND state IN ('queued', 'sending') AND due_at <= ${SQL_NOW_MS}`,
    [claim, leaseMs, keys],
  )
  if (affectedRows === 0) return []
  const rows = await db.query<{
    notification_key: string
    attempts: number
    facts: string
    created_at: number
  }>(
    `SELECT notification_key, attempts, facts, created_at FROM notifications
     WHERE notification_key IN (?) AND claim = ? AND state = 'sending'`,
    [keys, claim],
  )
  return rows.map((row) => ({
    key: row.notification_key,
    attempts: row.attempts,
    facts: JSON.parse(row.facts) as NoticeFacts,
    createdAtMs: row.created_at,
  }))
}

/** What the holder of a claim may write; each answers how many rows it still held. */
interface Held {
  keys: readonly string[]
  claim: string
}

/** Tells that the sender is alive. */
export async function extendClaim(db: Queryable, held: Held, leaseMs: number): Promise<number> {
  return settle(db, held, { set: `due_at = ${SQL_NOW_MS} + ?`, values: [leaseMs] })
}

export async function markSent(db: Queryable, held: Held): Promise<number> {
  return settle(db, held, {
    set: "state = 'sent', due_at = NULL, claim = '', last_error = NULL",
    values: [],
  })
}

/** Gives notifications back to the queue, to be attempted again `delayMs` from now. */
export async function markForRetry(
  db: Queryable,
  held: Held,
  { delayMs, error }: { delayMs: number; error: string },
): Promise<number> {
  return settle(db, held, {
    set: `state = 'queued', due_at = ${SQL_NOW_MS} + ?, claim = '', last_error = ?`,
    values: [delayMs, shortened(error)],
  })
}

/** Gives notifications up. */
export async function markFailed(db: Queryable, held: Held, error: string): Promise<number> {
  return settle(db, held, {
    set: "state = 'failed', due_at = NULL, claim = '', last_error = ?",
    values: [shortened(error)],
  })
}

async function settle(
  db: Queryable,
  { keys, claim }: Held,
  change: { set: string; values: readonly unknown[] },
): Promise<number> {
  if (keys.length === 0) return 0
  const { affectedRows } = await db.execute(
    `UPDATE notifications SET ${change.set}, updated_at = ${SQL_NOW_MS}
     WHERE notification_key IN (?) AND claim = ? AND state = 'sending'`,
    [...change.values, keys, claim],
  )
  return affectedRows
}

const ERROR_LENGTH_MAX = 500
const shortened = (error: string): string => error.slice(0, ERROR_LENGTH_MAX)

/**
 * Takes notifications that have been due for `overdueMs` and are still not done, the oldest first,
 * and makes them due as of now, so that the next look leaves them alone for as long again.
 */
export async function takeOverdue(
  db: Queryable,
  { overdueMs, limit }: { overdueMs: number; limit: number },
): Promise<string[]> {
  const rows = await db.query<{ notification_key: string }>(
    `SELECT notification_key FROM notifications WHERE due_at <= ${SQL_NOW_MS} - ?
     ORDER BY due_at LIMIT ?`,
    [overdueMs, limit],
  )
  const keys = rows.map((row) => row.notification_key)
  if (keys.length === 0) return []
  await db.execute(
    `UPDATE notifications SET state = 'queued', due_at = ${SQL_NOW_MS}, claim = ''
     WHERE notification_key IN (?) AND due_at <= ${SQL_NOW_MS} - ?`,
    [keys, overdueMs],
  )
  return keys
}

/** How long the longest overdue notification has been due, in ms; 0 when none is. */
export async function oldestOverdueMs(db: Queryable): Promise<number> {
  const [row] = await db.query<{ age: number | null }>(
    `SELECT ${SQL_NOW_MS} - MIN(due_at) AS age FROM notifications`,
  )
  return Math.max(0, row?.age ?? 0)
}
