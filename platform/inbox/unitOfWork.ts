/**
 * One transaction around what a batch of messages does: the inbox, which makes a duplicate
 * delivery have one effect, the handlers, and the outbox, in that order.
 */
import type { Message, MessageOf } from '../../contracts/message.ts'
import type { Topic } from '../../contracts/topics.ts'
import { OperationalError } from '../errors.ts'
import type { Apply } from '../kafka/consumer.ts'
import type { Database, Transaction } from '../mysql/database.ts'
import { insertAll } from '../mysql/insertAll.ts'
import { isDuplicateKey } from '../mysql/sqlErrors.ts'
import type { NewMessage, Outbox } from '../outbox/outbox.ts'

/** What a handler works with. The work may run again from the start, in a new transaction. */
export interface UnitOfWork {
  readonly tx: Transaction
  /** Adds a message to the outbox: published if, and right after, the transaction commits. */
  publish(message: NewMessage): void
  /** Runs `action` right after the commit, if it comes: to wake somebody, not to do the work. */
  afterCommit(action: () => void): void
}

export type TopicHandlers = {
  [T in Topic]?: (messages: MessageOf<T>[], unit: UnitOfWork) => Promise<void>
}

/** Two deliveries of one message meet at most this often before the batch is left for later. */
const RACES_MAX = 5

/** One of the ids is in the inbox: it was handled before, or another transaction was first. */
class InboxRace extends Error {}

/**
 * The handler chain of a consumer. Per batch, in one transaction: drops messages that the inbox
 * of `consumer` knows and duplicates inside the batch, writes the rest into the inbox, calls the
 * handler of each topic (topics in order of first appearance) with its messages in their order,
 * and writes what they publish to the outbox. After the commit the outbox rows are handed over
 * and the afterCommit actions run.
 *
 * @throws OperationalError SQL_UNAVAILABLE or SQL_CONFLICT (retriable), or what a handler throws;
 *   nothing has happened then
 */
export function transactional(options: {
  db: Database
  consumer: string
  outbox: Outbox
  handlers: TopicHandlers
}): Apply {
  const { consumer, handlers } = options
  return async (messages) => {
    for (let attempt = 1; attempt <= RACES_MAX; attempt += 1) {
      try {
        await inTransaction(options, async (unit) => {
          const claim = { consumer, messages, isAsking: attempt > 1 }
          const fresh = await claimFresh(unit.tx, claim)
          for (const [topic, batch] of byTopic(fresh)) await handle(handlers, topic, batch, unit)
        })
        return
      } catch (error) {
        if (!(error instanceof InboxRace)) throw error
      }
    }
    const detail = `${RACES_MAX} times another process handled the same messages first`
    throw new OperationalError('SQL_CONFLICT', { retriable: true, detail })
  }
}

/**
 * Runs `work` in one transaction together with the messages it publishes, without an inbox: for
 * sweeps, chargers and projectors, which find their work in tables. See Database.transaction for
 * retries and errors.
 */
export async function inTransaction<T>(
  options: { db: Database; outbox: Outbox },
  work: (unit: UnitOfWork) => Promise<T>,
): Promise<T> {
  const { db, outbox } = options
  const { result, added, actions } = await db.transaction(async (tx) => {
    const messages: NewMessage[] = []
    const actions: (() => void)[] = []
    const result = await work({
      tx,
      publish: (message) => void messages.push(message),
      afterCommit: (action) => void actions.push(action),
    })
    return { result, added: await outbox.add(tx, messages), actions }
  })
  outbox.committed(added)
  for (const action of actions) action()
  return result
}

/**
 * Puts the messages that were not handled yet into the inbox and answers them. Insertion comes
 * before the handlers, so that a concurrent delivery of the same message waits here. Nearly always
 * all are new, so which ones are known is asked only when the insertion has met one.
 */
async function claimFresh(
  tx: Transaction,
  claim: { consumer: string; messages: readonly Message[]; isAsking: boolean },
): Promise<Message[]> {
  const { consumer, messages, isAsking } = claim
  const first = new Map<string, Message>()
  for (const message of messages) if (!first.has(message.id)) first.set(message.id, message)
  if (isAsking && first.size > 0) {
    for (const id of await selectKnown(tx, consumer, [...first.keys()])) first.delete(id)
  }
  if (first.size === 0) return []
  try {
    // In one order everywhere, so that two of these do not deadlock.
    await insertInbox(tx, consumer, [...first.keys()].sort())
  } catch (error) {
    throw isDuplicateKey(error) ? new InboxRace('known by now', { cause: error }) : error
  }
  return [...first.values()]
}

async function selectKnown(
  tx: Transaction,
  consumer: string,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await tx.query<{ event_id: string }>(
    'SELECT event_id FROM inbox WHERE consumer = ? AND event_id IN (?)',
    [consumer, ids],
  )
  return rows.map((row) => row.event_id)
}

async function insertInbox(
  tx: Transaction,
  consumer: string,
  ids: readonly string[],
): Promise<void> {
  const nowMs = await tx.nowMs()
  await insertAll(tx, {
    into: 'inbox (consumer, event_id, received_at)',
    rows: ids.map((id) => [consumer, id, nowMs]),
  })
}

function byTopic(messages: readonly Message[]): Map<Topic, Message[]> {
  const groups = new Map<Topic, Message[]>()
  for (const message of messages) {
    const group = groups.get(message.topic)
    if (group) group.push(message)
    else groups.set(message.topic, [message])
  }
  return groups
}

function handle<T extends Topic>(
  handlers: TopicHandlers,
  topic: T,
  messages: Message[],
  unit: UnitOfWork,
): Promise<void> {
  const handler = handlers[topic]
  // A subscription without a handler is a bug: its messages must not pass as handled.
  if (!handler) throw new TypeError(`no handler for ${topic}`)
  return handler(messages as MessageOf<T>[], unit)
}
